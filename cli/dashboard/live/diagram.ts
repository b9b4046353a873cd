import { diagramOf } from "../../../review/report/diagram.ts";
import { placed } from "../../../review/report/placed.ts";
import type { StateResource } from "../../engines.ts";
import type { Layout } from "../page/model.ts";

/** The diagram of a stack from its state, from left to right and from top to bottom. */
export function layoutsOf(resources: StateResource[]): { wide: Layout; narrow: Layout } {
  const diagram = diagramOf({ impacts: [], resources });
  const layout = (direction: "LR" | "TB"): Layout => {
    const { width, height, boxes, arrows } = placed(diagram, direction);
    return { width, height, arrows, boxes: boxes.map(({ part: { id, kind, name }, x, y }) => ({ id, kind, name, x, y })) };
  };
  return { wide: layout("LR"), narrow: layout("TB") };
}

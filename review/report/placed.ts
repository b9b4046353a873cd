import dagre from "@dagrejs/dagre";
import type { Diagram, Part } from "./diagram.ts";

/** Size of a box in pixels. */
export const boxSize = { width: 188, height: 64 };

/** A diagram with its places in pixels. */
export interface PlacedDiagram {
  width: number;
  height: number;
  /** With their centres. */
  boxes: { part: Part; x: number; y: number }[];
  /** The points of each arrow, as SVG takes them. */
  arrows: string[];
}

/** Places a diagram from left to right (LR) or from top to bottom (TB). */
export function placed({ parts, arrows }: Diagram, rankdir: "LR" | "TB"): PlacedDiagram {
  const graph = new dagre.graphlib.Graph();
  graph.setGraph({ rankdir, nodesep: 16, ranksep: 36, marginx: 8, marginy: 8 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const { id } of parts) graph.setNode(id, { ...boxSize });
  for (const [from, to] of arrows) graph.setEdge(from, to);
  dagre.layout(graph);
  const { width = 0, height = 0 } = graph.graph();
  const pointsOf = (edge: { v: string; w: string }) =>
    (graph.edge(edge).points as { x: number; y: number }[]).map(({ x, y }) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" ");
  return {
    width: Math.ceil(width),
    height: Math.ceil(height),
    boxes: parts.map((part) => ({ part, ...(({ x, y }) => ({ x, y }))(graph.node(part.id) as { x: number; y: number }) })),
    arrows: graph.edges().map(pointsOf),
  };
}

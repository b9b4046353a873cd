import { isMap, isScalar, isSeq, LineCounter, parseDocument, type Node } from "yaml";
import type { Path } from "./property-path.ts";

/** Finds the line of YAML text that has the key or item at a path; undefined if there is none. */
export function lineFinder(text: string): (path: Path) => number | undefined {
  const lineCounter = new LineCounter();
  const { contents } = parseDocument(text, { lineCounter });
  return (path) => {
    let node: unknown = contents;
    let start: number | undefined;
    for (const part of path) {
      if (isMap(node)) {
        const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(part));
        start = (pair?.key as Node | undefined)?.range?.[0];
        node = pair?.value;
      } else if (isSeq(node) && typeof part === "number") {
        node = node.items[part];
        start = (node as Node | undefined)?.range?.[0];
      } else return undefined;
    }
    return start === undefined ? undefined : lineCounter.linePos(start).line;
  };
}

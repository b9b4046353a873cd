import dagre from "@dagrejs/dagre";
import { html as markup } from "htm/preact";
import type { Diagram, Part } from "./diagram.ts";
import { classOf } from "./summary.ts";

// Size of a box in pixels, and the characters that fit into a line of it.
const height = 64;
const width = 188;
const maxCharacters = 25;

/** The diagram as SVG, from left to right (LR) or from top to bottom (TB). */
export function svgOf({ parts, arrows }: Diagram, rankdir: "LR" | "TB") {
  const graph = new dagre.graphlib.Graph();
  graph.setGraph({ rankdir, nodesep: 16, ranksep: 36, marginx: 8, marginy: 8 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const { id } of parts) graph.setNode(id, { width, height });
  for (const [from, to] of arrows) graph.setEdge(from, to);
  dagre.layout(graph);
  const size = graph.graph();
  const changed = parts.filter(({ impact }) => impact !== undefined);
  const changes = changed.map(({ kind, name, impact }) => `${kind} ${name}, ${impact}`).join("; ");
  const title = `${parts.length === 1 ? "1 part" : `${parts.length} parts`}, ${changed.length === 0 ? "none changed" : `${changed.length} changed: ${changes}`}`;
  const arrow = `arrow-${rankdir}`;
  return markup`<svg viewBox=${`0 0 ${Math.ceil(size.width ?? 0)} ${Math.ceil(size.height ?? 0)}`} width=${Math.ceil(size.width ?? 0)} height=${Math.ceil(size.height ?? 0)} role="img" aria-label=${title}>
    <defs><marker id=${arrow} viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z" /></marker></defs>
    ${graph.edges().map(
      (edge: { v: string; w: string }) =>
        markup`<polyline class="arrow" points=${graph
          .edge(edge)
          .points.map(({ x, y }: { x: number; y: number }) => `${x.toFixed(1)},${y.toFixed(1)}`)
          .join(" ")} marker-end=${`url(#${arrow})`} />`,
    )}
    ${parts.map((part) => box(part, graph.node(part.id) as { x: number; y: number }))}
  </svg>`;
}

function box({ kind, name, impact }: Part, { x, y }: { x: number; y: number }) {
  const [left, top] = [x - width / 2, y - height / 2];
  // Two lines without an impact, three with one, centred in the box.
  const first = y + (impact ? -13 : -5);
  return markup`<g class=${`part ${impact ? classOf(impact) : "same"}`}>
    <rect x=${left} y=${top} width=${width} height=${height} rx="8" />
    <text x=${x} y=${first} class="kind">${kind}</text>
    <text x=${x} y=${first + 17}>${name.length > maxCharacters ? `${name.slice(0, maxCharacters - 1)}…` : name}</text>
    ${impact && markup`<text x=${x} y=${first + 34} class="impact">${impact.replace("cluster or network ", "")}</text>`}
  </g>`;
}

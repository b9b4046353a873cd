import { html as markup } from "htm/preact";
import type { Diagram, Part } from "./diagram.ts";
import { boxSize, placed } from "./placed.ts";
import { classOf } from "./summary.ts";

// The characters that fit into a line of a box.
const maxCharacters = 25;

/** The diagram as SVG, from left to right (LR) or from top to bottom (TB). */
export function svgOf(diagram: Diagram, rankdir: "LR" | "TB") {
  const { width, height, boxes, arrows } = placed(diagram, rankdir);
  const { parts } = diagram;
  const changed = parts.filter(({ impact }) => impact !== undefined);
  const changes = changed.map(({ kind, name, impact }) => `${kind} ${name}, ${impact}`).join("; ");
  const title = `${parts.length === 1 ? "1 part" : `${parts.length} parts`}, ${changed.length === 0 ? "none changed" : `${changed.length} changed: ${changes}`}`;
  const arrow = `arrow-${rankdir}`;
  return markup`<svg viewBox=${`0 0 ${width} ${height}`} width=${width} height=${height} role="img" aria-label=${title}>
    <defs><marker id=${arrow} viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z" /></marker></defs>
    ${arrows.map((points) => markup`<polyline class="arrow" points=${points} marker-end=${`url(#${arrow})`} />`)}
    ${boxes.map(({ part, x, y }) => box(part, { x, y }))}
  </svg>`;
}

function box({ kind, name, impact }: Part, { x, y }: { x: number; y: number }) {
  const { width, height } = boxSize;
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

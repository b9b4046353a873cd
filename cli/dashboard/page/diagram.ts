import { html } from "htm/preact";
import type { Box, Layout, State } from "./model.ts";
import { healthClass } from "./overview.ts";

// Size of a box in pixels, as the server has placed them, and the characters that fit into a line of it.
const width = 188;
const height = 64;
const maxCharacters = 25;

/** The stack with the health of each part. */
export function Diagram({ layout, state, name }: { layout: Layout; state: State; name: string }) {
  const marker = `arrow-${name}`;
  const boxes = layout.boxes.map((box) => ({ box, ...healthOf(box, state) }));
  const title = boxes.map(({ box, text }) => `${box.kind} ${box.name}${text === "" ? "" : `: ${text}`}`).join("; ");
  return html`<svg
    viewBox=${`0 0 ${layout.width} ${layout.height}`}
    width=${layout.width}
    height=${layout.height}
    role="img"
    aria-label=${title}
    class=${layout.width < 480 && "fits"}
  >
    <defs>
      <marker id=${marker} viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto">
        <path d="M0 0L8 4L0 8z" />
      </marker>
    </defs>
    ${layout.arrows.map((points) => html`<polyline class="arrow" points=${points} marker-end=${`url(#${marker})`} />`)}
    ${boxes.map(
      ({ box, text, colour }) =>
        html`<g class=${`part ${colour}`} data-part=${`${box.kind} ${box.name}`}>
          <rect x=${box.x - width / 2} y=${box.y - height / 2} width=${width} height=${height} rx="8" />
          <text x=${box.x} y=${box.y + (text === "" ? -5 : -13)} class="kind">${box.kind}</text>
          <text x=${box.x} y=${box.y + (text === "" ? 12 : 4)}
            >${box.name.length > maxCharacters ? `${box.name.slice(0, maxCharacters - 1)}…` : box.name}</text
          >
          ${text !== "" && html`<text x=${box.x} y=${box.y + 21} class="health">${text}</text>`}
        </g>`,
    )}
  </svg>`;
}

/** What a part does now, and its colour. Images and registries have no health of their own. */
function healthOf({ kind, name }: Box, { services, problem }: State): { text: string; colour: string } {
  if (kind === "cluster" || kind === "Docker host")
    return problem === undefined ? { text: "reachable", colour: "good" } : { text: "unreachable", colour: "bad" };
  if (kind === "service") {
    const service = services.find((one) => one.name === name);
    if (service === undefined) return { text: "not running", colour: "" };
    const { health, ready, replicas } = service;
    return { text: replicas === undefined ? health : `${health} ${ready}/${replicas}`, colour: healthClass[health] ?? "" };
  }
  if (kind === "URL") {
    const service = services.find(({ url }) => url !== undefined && name.split(", ").includes(new URL(url).hostname));
    const answer = service?.answer;
    if (answer === undefined) return { text: "", colour: "" };
    return typeof answer === "number"
      ? { text: `HTTP ${answer}`, colour: answer < 500 ? "good" : "bad" }
      : { text: "no answer", colour: "bad" };
  }
  return { text: "", colour: "" };
}

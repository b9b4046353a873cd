import { render } from "preact-render-to-string";
import { Impact } from "../../../lib/impact.ts";
import type { Diagram, Part } from "../../../review/report/diagram.ts";
import { svgOf } from "../../../review/report/svg.ts";

const svg = (diagram: Diagram, direction: "LR" | "TB" = "LR") =>
  render(svgOf(diagram, direction) as never)
    .replaceAll(/(?=<(g|rect|text|polyline|defs|\/svg)\b)/g, "\n")
    .split("\n");

const service: Part = { id: "a", kind: "service", name: "web" };
const url: Part = { id: "b", kind: "URL", name: "web.example.org", impact: Impact.Replacement };
const both: Diagram = { parts: [service, url], arrows: [["a", "b"]] };

const marker = (id: string) =>
  `<defs><marker id="${id}" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z"></path></marker></defs>`;

test("parts are boxes with an arrow from left to right, and their texts are centred", () => {
  expect(svg(both)).toEqual([
    `<svg viewBox="0 0 428 80" width="428" height="80" role="img" aria-label="2 parts, 1 changed: URL web.example.org, cluster or network replacement">`,
    marker("arrow-LR"),
    `<polyline class="arrow" points="196.0,40.0 214.0,40.0 232.0,40.0" marker-end="url(#arrow-LR)"></polyline>`,
    `<g class="part same">`,
    `<rect x="8" y="8" width="188" height="64" rx="8"></rect>`,
    `<text x="102" y="35" class="kind">service</text>`,
    `<text x="102" y="52">web</text></g>`,
    `<g class="part bad">`,
    `<rect x="232" y="8" width="188" height="64" rx="8"></rect>`,
    `<text x="326" y="27" class="kind">URL</text>`,
    `<text x="326" y="44">web.example.org</text>`,
    `<text x="326" y="61" class="impact">replacement</text></g>`,
    `</svg>`,
  ]);
});

test("the same from top to bottom", () => {
  expect(svg(both, "TB").filter((line) => /^<(svg|defs|polyline|rect)/.test(line))).toEqual([
    `<svg viewBox="0 0 204 180" width="204" height="180" role="img" aria-label="2 parts, 1 changed: URL web.example.org, cluster or network replacement">`,
    marker("arrow-TB"),
    `<polyline class="arrow" points="102.0,72.0 102.0,90.0 102.0,108.0" marker-end="url(#arrow-TB)"></polyline>`,
    `<rect x="8" y="8" width="188" height="64" rx="8"></rect>`,
    `<rect x="8" y="108" width="188" height="64" rx="8"></rect>`,
  ]);
});

test("boxes beside each other have a gap, and arrows between them bend", () => {
  const parts = [service, url, { ...service, id: "c", name: "api" }];
  const arrows: Diagram["arrows"] = [
    ["a", "b"],
    ["c", "b"],
  ];
  const lines = svg({ parts, arrows });
  expect(lines.filter((line) => /^<(svg|polyline|rect)/.test(line))).toEqual([
    `<svg viewBox="0 0 428 160" width="428" height="160" role="img" aria-label="3 parts, 1 changed: URL web.example.org, cluster or network replacement">`,
    `<polyline class="arrow" points="196.0,120.0 214.0,120.0 236.4,112.0" marker-end="url(#arrow-LR)"></polyline>`,
    `<polyline class="arrow" points="196.0,40.0 214.0,40.0 236.4,48.0" marker-end="url(#arrow-LR)"></polyline>`,
    `<rect x="8" y="88" width="188" height="64" rx="8"></rect>`,
    `<rect x="232" y="48" width="188" height="64" rx="8"></rect>`,
    `<rect x="8" y="8" width="188" height="64" rx="8"></rect>`,
  ]);
});

test("the title names the changed parts, or says that nothing changed", () => {
  const titleOf = (...parts: Part[]) => / aria-label="([^"]*)"/.exec(svg({ parts, arrows: [] })[0]!)![1];
  expect(titleOf(service, { ...service, id: "b" })).toBe("2 parts, none changed");
  expect(titleOf(service)).toBe("1 part, none changed");
  expect(titleOf(url, { ...service, impact: Impact.Rolling })).toBe(
    "2 parts, 2 changed: URL web.example.org, cluster or network replacement; service web, rolling update",
  );
});

test("a long name is shortened to fit into its box", () => {
  const shown = (name: string) => svg({ parts: [{ ...service, name }], arrows: [] })[5];
  expect(shown("x".repeat(25))).toBe(`<text x="102" y="52">${"x".repeat(25)}</text></g>`);
  expect(shown("x".repeat(26))).toBe(`<text x="102" y="52">${"x".repeat(24)}…</text></g>`);
});

test("names are escaped, in the box and in the title", () => {
  const text = svg({ parts: [{ ...url, name: `"><a>&` }], arrows: [] }).join("");
  expect(text).toContain(`, 1 changed: URL &quot;>&lt;a>&amp;, cluster`);
  expect(text).toContain(`>&quot;>&lt;a>&amp;</text>`);
});

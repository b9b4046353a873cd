import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { missingFile } from "../../../cli/workloads/missing-file.ts";
import { withAssets } from "../../../cli/workloads/suggested-assets.ts";

test.each([
  ["panic: open ./products.json: no such file or directory", "./products.json"],
  ["panic: html/template: pattern matches no files: `templates/*.html`", "templates/*.html"],
  ["2026/11/27 failed to parse: stat ui/index.html: no such file or directory", "ui/index.html"],
  ["cat: /srv/data.csv: No such file or directory", "/srv/data.csv"],
])("a log with %s names the file %s", (line, path) => {
  expect(missingFile(["starting", line])).toBe(
    `The file ${path} is not in the container. Add it to build.assets if it is in the source, or to files; with builder: dockerfile, copy it in the Dockerfile.`,
  );
});

test.each([
  "panic: REGION must be set",
  "dial unix /run/docker.sock: connect: no such file or directory",
  "open /proc/1/x: no such file or directory",
])("a log with %s names none", (line) => {
  expect(missingFile([line])).toBeUndefined();
});

describe("the remedy", () => {
  let source: string;
  beforeEach(() => {
    source = mkdtempSync(join(tmpdir(), "slipway-"));
    mkdirSync(join(source, "ui"));
    writeFileSync(join(source, "products.json"), "[]");
    writeFileSync(
      join(source, "Dockerfile"),
      "FROM golang AS build\nCOPY . .\nFROM alpine\nCOPY --from=build /app /app\nCOPY ./ui ./ui/\nCOPY products.json gone.json *.txt /\n",
    );
  });
  afterEach(() => rmSync(source, { recursive: true }));
  const likely = missingFile(["open ./products.json: no such file or directory"])!;
  const remedyFor = (service: object, text = likely) =>
    withAssets(text, "web", { config: { "slipway:services": JSON.stringify({ web: service }) } });

  test("names what the source's own Dockerfile copies", () => {
    expect(remedyFor({ source })).toBe(
      "The file ./products.json is not in the container. Its Dockerfile copies ui and products.json: set build.assets to [ui, products.json].",
    );
  });

  test("is the usual one for an image, a Dockerfile that is built, another service, and another cause", () => {
    expect(remedyFor({ image: "a" })).toBe(likely);
    expect(remedyFor({ source, builder: "dockerfile" })).toBe(likely);
    expect(withAssets(likely, "other", { config: {} })).toBe(likely);
    expect(remedyFor({ source }, "The probe fails.")).toBe("The probe fails.");
  });
});

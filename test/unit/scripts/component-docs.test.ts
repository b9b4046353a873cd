import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { componentDocs, componentDocsFolder } from "../../../scripts/component-docs.ts";

const pages = await componentDocs();

test("there is a page for each component, and no other", () => {
  expect(readdirSync(componentDocsFolder).sort()).toEqual([...pages.keys()].sort());
});

test.each([...pages.keys()])("docs/components/%s is generated from the schema of the plugin (npm run fix updates it)", (file) => {
  expect(readFileSync(join(componentDocsFolder, file), "utf8")).toBe(pages.get(file));
});

test("docs/COMPONENTS.md links each page", () => {
  const links = readFileSync("docs/COMPONENTS.md", "utf8").matchAll(/\]\(components\/(\w+\.md)\)/g);
  expect([...new Set([...links].map(([, file]) => file))].sort()).toEqual([...pages.keys()].sort());
});

/** The cells of the row that begins with a name. */
const row = (file: string, name: string) => {
  const line = pages
    .get(file)!
    .split("\n")
    .find((one) => one.startsWith(`| \`${name}\``))!;
  return line
    .split("|")
    .slice(1, -1)
    .map((text) => text.trim());
};

test("a row has type, meaning, default, and whether an output may be passed", () => {
  expect(row("WebService.md", "image")).toEqual(["`image`", "string", "Image by digest: `repository@sha256:…`.", "required", "yes"]);
  expect(row("WebService.md", "replicas").slice(3)).toEqual(["2", "yes"]);
  expect(row("WebService.md", "env").slice(3)).toEqual(["none", "values"]);
  expect(row("WebService.md", "kind").slice(1, 2)).toEqual(["[WorkloadKind](#workloadkind)"]);
  expect(row("WebService.md", "kind").at(-1)).toBe("no");
  expect(row("WebService.md", "network")[2]).toBe("Network access to and from the pods: blocked unless declared.");
  expect(row("LocalCluster.md", "registryContainer")[1]).toBe("`docker:index/container:Container`");
});

import { resolve } from "node:path";
import { reportIn } from "../../../../lib/vulnerabilities/govulncheck.ts";

/** As govulncheck prints messages: each over several lines, one after the other. */
const printed = (...messages: object[]) => messages.map((message) => `${JSON.stringify(message, null, 2)}\n`).join("");

const osv = (id: string, more: object = {}) => ({ osv: { id, aliases: [`CVE-${id}`], summary: `summary of ${id}`, ...more } });
const text = { module: "golang.org/x/text", version: "v0.3.5" };
const parse = { ...text, package: "golang.org/x/text/language", function: "Parse" };
const call = (name: string, line: number, receiver?: string) => ({
  module: "example.org/shop",
  package: "example.org/shop/cmd/web",
  function: name,
  receiver,
  position: { filename: "cmd/web/main.go", line },
});
const finding = (id: string, trace: object[]) => ({ finding: { osv: id, fixed_version: "v0.3.7", trace } });
const sbom = {
  SBOM: { modules: [{ path: "example.org/shop" }, { path: text.module, version: text.version }], roots: ["example.org/shop/cmd/web"] },
};

test("a vulnerability has the worst level of its findings, and the shortest way to it", () => {
  const { findings, modules } = reportIn(
    printed(
      { config: { protocol_version: "v1.0.0" } },
      sbom,
      osv("GO-1"),
      osv("GO-2", { summary: undefined, details: "First line.\nSecond line.", database_specific: { url: "https://pkg.go.dev/vuln/GO-2" } }),
      osv("GO-3"),
      osv("GO-9"),
      finding("GO-1", [text]),
      finding("GO-1", [{ ...text, package: "golang.org/x/text/language" }]),
      finding("GO-1", [
        parse,
        { ...text, package: "golang.org/x/text/language", function: "Make" },
        call("serve", 42, "*server"),
        call("main", 7),
      ]),
      finding("GO-1", [parse, call("main", 9)]),
      finding("GO-2", [{ ...text, package: "golang.org/x/text/language" }]),
      finding("GO-3", [text]),
    ),
    new Map([["example.org/shop", resolve("shop")]]),
  );
  expect(modules).toEqual(["example.org/shop", "golang.org/x/text@v0.3.5"]);
  expect(findings).toEqual([
    {
      id: "GO-1",
      aliases: ["CVE-GO-1"],
      summary: "summary of GO-1",
      url: "https://pkg.go.dev/vuln/GO-1",
      ...text,
      fixed: "v0.3.7",
      level: "reachable",
      calls: [{ function: "main.main", position: "shop/cmd/web/main.go:9" }, { function: "language.Parse" }],
    },
    expect.objectContaining({ id: "GO-2", level: "imported", summary: "First line." }),
    expect.objectContaining({ id: "GO-3", level: "required" }),
  ]);
});

test("a method has its type, and files of other modules are not named", () => {
  const { findings } = reportIn(
    printed(
      sbom,
      osv("GO-1"),
      finding("GO-1", [{ ...parse, position: { filename: "language/parse.go", line: 1 } }, call("serve", 42, "*server")]),
    ),
    new Map([["example.org/shop", resolve(".")]]),
  );
  expect(findings[0]!.calls).toEqual([{ function: "main.server.serve", position: "cmd/web/main.go:42" }, { function: "language.Parse" }]);
});

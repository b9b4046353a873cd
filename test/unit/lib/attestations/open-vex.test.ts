import { openVex } from "../../../../lib/attestations/open-vex.ts";
import type { Finding } from "../../../../lib/vulnerabilities/finding.ts";

const finding = (id: string, more: Partial<Finding> = {}): Finding => ({
  id,
  aliases: [`CVE-${id}`],
  summary: "a summary",
  url: `https://pkg.go.dev/vuln/${id}`,
  module: "stdlib",
  version: "v1.26.8",
  fixed: "v1.26.9",
  level: "reachable",
  ...more,
});
const facts = {
  products: ["pkg:oci/web@sha256%3A1"],
  exceptions: [],
  author: "https://github.com/acme/shop",
  timestamp: new Date("2026-11-28T10:00:00Z"),
  tooling: "slipway 1",
};
type Statement = Record<string, unknown>;
const statementsOf = (findings: Finding[], exceptions: Parameters<typeof openVex>[1]["exceptions"] = []) =>
  openVex(findings, { ...facts, exceptions })["statements"] as Statement[];
const statusesOf = (...args: Parameters<typeof statementsOf>) =>
  statementsOf(...args).map(({ vulnerability: _vulnerability, products: _products, ...status }) => status);

test("a document names author, tool, image and module", () => {
  const document = openVex([finding("GO-1")], facts);
  expect(document).toEqual({
    "@context": "https://openvex.dev/ns/v0.2.0",
    "@id": expect.stringMatching(/^https:\/\/openvex\.dev\/docs\/public\/vex-[0-9a-f]{64}$/),
    author: "https://github.com/acme/shop",
    timestamp: "2026-11-28T10:00:00.000Z",
    version: 1,
    tooling: "slipway 1",
    statements: [
      {
        vulnerability: { "@id": "https://pkg.go.dev/vuln/GO-1", name: "GO-1", description: "a summary", aliases: ["CVE-GO-1"] },
        products: [{ "@id": "pkg:oci/web@sha256%3A1", subcomponents: [{ "@id": "pkg:golang/std@1.26.8" }] }],
        status: "affected",
        action_statement: "Upgrade stdlib to 1.26.9.",
      },
    ],
  });
});

test("what is not in the program does not affect it, and each statement has what OpenVEX demands", () => {
  const notFixed = finding("GO-2", { fixed: undefined });
  expect(statusesOf([notFixed, finding("GO-3", { level: "imported" })])).toEqual([
    { status: "affected", action_statement: "There is no version without it yet." },
    {
      status: "not_affected",
      justification: "vulnerable_code_not_present",
      impact_statement: "The vulnerable function is not in the program.",
    },
  ]);
});

test("an exception says why the program is not affected, or what is done about it", () => {
  const until = "2026-12-31";
  const exceptions = [
    {
      id: "CVE-GO-1",
      reason: "only HTTP/1",
      until,
      status: "not_affected" as const,
      justification: "inline_mitigations_already_exist" as const,
    },
    { id: "GO-2", reason: "no input from outside", until, status: "not_affected" as const },
    { id: "GO-3", reason: "the release of next week has it", until },
  ];
  expect(statusesOf([finding("GO-1"), finding("GO-2"), finding("GO-3")], exceptions)).toEqual([
    { status: "not_affected", justification: "inline_mitigations_already_exist", impact_statement: "only HTTP/1" },
    { status: "not_affected", impact_statement: "no input from outside" },
    { status: "affected", action_statement: "Accepted until 2026-12-31: the release of next week has it" },
  ]);
});

test("a vulnerability of several platforms has one statement: the worst", () => {
  expect(statusesOf([finding("GO-1", { level: "imported" }), finding("GO-1")])).toEqual([expect.objectContaining({ status: "affected" })]);
});

import type { Configuration } from "../../../../config/settings.ts";
import { recordOf } from "../../../../lib/vulnerabilities/record.ts";
import { formatCalls, formatVulnerabilities } from "../../../../review/vulnerabilities/format.ts";
import { judgeVulnerabilities } from "../../../../review/vulnerabilities/judge.ts";
import type { ServiceFinding, ServiceScan } from "../../../../review/vulnerabilities/scan-stack.ts";

const finding = (id: string, more: Partial<ServiceFinding> = {}): ServiceFinding => ({
  id,
  aliases: ["CVE-2021-38561"],
  summary: "Out-of-bounds read",
  url: "",
  module: "golang.org/x/text",
  version: "v0.3.5",
  fixed: "v0.3.7",
  level: "reachable",
  calls: [{ function: "main.main", position: "app/main.go:42" }, { function: "language.Parse" }],
  upgrade: "go -C app get golang.org/x/text@v0.3.7 && go -C app mod tidy",
  ...more,
});
const existing = finding("GO-1");
const introduced = finding("GO-2");
const image = finding("CVE-9", {
  level: "present",
  severity: "high",
  module: "libc6",
  version: "1",
  fixed: undefined,
  upgrade: undefined,
  calls: undefined,
});
const web = (...findings: ServiceFinding[]): ServiceScan => ({
  service: "web",
  of: "app",
  isBuiltByGo: true,
  scanner: "govulncheck",
  findings,
});
const db = (more: Partial<ServiceScan> = {}): ServiceScan => ({
  service: "db",
  of: "db@sha256:1",
  isBuiltByGo: false,
  findings: [],
  ...more,
});
const record = recordOf({ findings: [existing, { ...introduced, level: "imported" }], modules: ["golang.org/x/text@v0.3.5"] }, "v1");
const last = { records: { web: record }, images: { web: "web@sha256:1" } };
const judge = (services: ServiceScan[], supplyChain: Partial<Configuration["supplyChain"]> = {}, deployed = last) =>
  judgeVulnerabilities({ database: undefined, services, warnings: [] }, { supplyChain }, deployed);

test("what a change makes reachable closes the gate, and what was there before does not", () => {
  expect(judge([web(existing)]).problems).toEqual([]);
  expect(judge([web(existing, introduced)]).problems).toEqual([
    "web: this change makes GO-2 (CVE-2021-38561) reachable: Out-of-bounds read. main.main (app/main.go:42) → language.Parse. golang.org/x/text v0.3.5, fixed in v0.3.7. Upgrade: go -C app get golang.org/x/text@v0.3.7 && go -C app mod tidy.",
  ]);
});

test("neither what the program does not call closes it, nor what an exception accepts", () => {
  const exception = { id: "GO-2", reason: "the text is a constant", until: "2026-12-31" };
  const { problems, reachable } = judge([web({ ...introduced, exception }, finding("GO-3", { level: "required" }))]);
  expect([problems, reachable.map(({ cause }) => cause)]).toEqual([[], ["introduced"]]);
});

test("with maxSeverity, what was there before closes it too: a reachable one of unknown severity, and a worse one of an image", () => {
  const problemsWith = (maxSeverity: "low" | "high" | "critical") =>
    judge([web(existing), db({ scanner: "grype", findings: [image] })], { maxSeverity }).problems;
  const ofWeb = (max: string) => expect.stringContaining(`web: above maxSeverity ${max}: GO-1 (CVE-2021-38561) reachable: `);
  expect(problemsWith("critical")).toEqual([ofWeb("critical")]);
  expect(problemsWith("high")).toEqual([ofWeb("high")]);
  expect(problemsWith("low")).toEqual([
    ofWeb("low"),
    "db: above maxSeverity low: CVE-9 (CVE-2021-38561) high: Out-of-bounds read. libc6 1, no version without it.",
  ]);
});

test("what was not scanned closes it if the stack can rely on a scan, or has a maximum", () => {
  const notScanned = "neither grype nor trivy is on the PATH";
  const services = [web(), db({ notScanned })];
  expect(judge(services).problems).toEqual([]);
  expect(judge(services, { maxSeverity: "high" }).problems).toEqual([
    `db: was not scanned for vulnerabilities, which the stack requires (slipway:supplyChain): ${notScanned}.`,
  ]);
  expect(judge([{ ...web(), scanner: undefined, notScanned: "there is no vulnerability database" }]).problems).toEqual([
    "web: was not scanned for vulnerabilities, which the stack requires (slipway:supplyChain): there is no vulnerability database.",
  ]);
});

test("a preview names what is introduced with the way to it, and counts the rest", () => {
  const published = finding("GO-4");
  expect(formatVulnerabilities(judge([web(existing, introduced, published), db({ notScanned: "no scanner" })]))).toBe(
    [
      "reachable vulnerabilities: 1 introduced, 1 published since the last deployment, 1 existing",
      "  ✗ web: GO-2 (CVE-2021-38561)  Out-of-bounds read",
      "      this change makes it reachable: main.main (app/main.go:42) → language.Parse",
      "      golang.org/x/text v0.3.5, fixed in v0.3.7: go -C app get golang.org/x/text@v0.3.7 && go -C app mod tidy",
      "  ! web: GO-4 (CVE-2021-38561)  Out-of-bounds read",
      "      published since the last deployment: main.main (app/main.go:42) → language.Parse",
      "      golang.org/x/text v0.3.5, fixed in v0.3.7: go -C app get golang.org/x/text@v0.3.7 && go -C app mod tidy",
      "  db: not scanned: no scanner",
    ].join("\n"),
  );
});

test("a long way keeps its order, its beginning, where it leaves the program, and its end", () => {
  const own = (name: string) => ({ function: name, position: `main.go:${name.length}` });
  const other = (name: string) => ({ function: name });
  expect(formatCalls(["a", "b", "c", "d", "e"].map(other))).toBe("a → … → e");
  expect(formatCalls([own("a"), other("b"), other("c"), other("d"), own("e"), other("f"), other("g"), other("h"), other("i")])).toBe(
    "a (main.go:1) → … → e (main.go:1) → f → … → i",
  );
  expect(formatCalls([own("a"), own("b"), own("c"), other("d"), other("e"), other("f")])).toBe(
    "a (main.go:1) → b (main.go:1) → c (main.go:1) → d → e → f",
  );
});

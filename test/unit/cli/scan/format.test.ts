import { formatScan } from "../../../../cli/scan/format.ts";
import type { ServiceFinding } from "../../../../review/vulnerabilities/scan-stack.ts";

const finding = (id: string, more: Partial<ServiceFinding> = {}): ServiceFinding => ({
  id,
  aliases: [],
  summary: `summary of ${id}`,
  url: "",
  module: "stdlib",
  version: "v1.26.8",
  fixed: "v1.26.9",
  level: "reachable",
  calls: [{ function: "main.main", position: "app/main.go:42" }, { function: "http.Server.Serve" }],
  upgrade: "go -C app get go@1.26.9",
  ...more,
});
const exception = { id: "GO-3", reason: "a proxy is in front", until: "2026-12-31" };

test("each service has what it calls, one upgrade for each module, and why it was not scanned", () => {
  const printed = formatScan({
    stack: "dev",
    isVulnerable: true,
    database: { version: "v1", date: "2026-11-05T23:49:57Z" },
    warnings: ["the database is old"],
    services: [
      {
        service: "web",
        of: "app",
        isBuiltByGo: true,
        scanner: "govulncheck",
        findings: [
          finding("GO-1"),
          finding("GO-2", { aliases: ["CVE-2"], fixed: "v1.26.10", upgrade: "go -C app get go@1.26.10" }),
          finding("GO-3", { exception, module: "golang.org/x/text" }),
          finding("GO-4", { level: "imported" }),
        ],
      },
      { service: "db", of: "db@sha256:1", isBuiltByGo: false, findings: [], notScanned: "neither grype nor trivy is on the PATH" },
      { service: "job", of: "job", isBuiltByGo: true, scanner: "govulncheck", findings: [] },
    ],
  });
  expect(printed).toBe(`vulnerabilities in stack "dev", database of 2026-11-05
  warning: the database is old

web (app): 3 reachable, 1 in code that it does not call
  ✗ GO-1  summary of GO-1
      main.main (app/main.go:42) → http.Server.Serve
      stdlib 1.26.8, fixed in 1.26.9
  ✗ GO-2 (CVE-2)  summary of GO-2
      main.main (app/main.go:42) → http.Server.Serve
      stdlib 1.26.8, fixed in 1.26.10
  ✓ GO-3  summary of GO-3
      main.main (app/main.go:42) → http.Server.Serve
      golang.org/x/text v1.26.8, fixed in v1.26.9
      accepted until 2026-12-31: a proxy is in front
  not called: GO-4
  upgrade stdlib 1.26.8 to 1.26.10: go -C app get go@1.26.10

db (db@sha256:1): not scanned: neither grype nor trivy is on the PATH

job (job): no known vulnerabilities
`);
});

test("of an image, only the worst are listed", () => {
  const inImage = (id: string, severity?: "critical" | "low") =>
    finding(id, { level: "present", severity, module: "libc6", calls: undefined, upgrade: undefined });
  const findings = [inImage("CVE-1", "critical"), inImage("CVE-2", "low"), inImage("CVE-3")];
  const services = [{ service: "db", of: "db@sha256:1", isBuiltByGo: false, scanner: "grype" as const, findings }];
  expect(formatScan({ stack: "dev", isVulnerable: false, database: undefined, warnings: [], services }))
    .toBe(`vulnerabilities in stack "dev"

db (db@sha256:1): 1 critical, 1 low, 1 of unknown severity
  ✗ critical  CVE-1  libc6 v1.26.8, fixed in v1.26.9
  2 more with --json
`);
});

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { grypeFindings, imageScanner, trivyFindings } from "../../../../lib/vulnerabilities/image-scanner.ts";

// The documents have the fields that the documentation and the sources of the scanners describe.

test("findings of grype have severity, package, and the version with the fix", () => {
  const match = {
    vulnerability: {
      id: "GHSA-1",
      dataSource: "https://github.com/advisories/GHSA-1",
      severity: "High",
      description: "A first line.\nMore.",
      fix: { versions: ["1.2.4"], state: "fixed" },
    },
    relatedVulnerabilities: [{ id: "CVE-2026-1" }],
    artifact: { name: "libc6", version: "1.2.3", type: "deb" },
  };
  const other = {
    vulnerability: { id: "CVE-2026-2", severity: "Unknown", fix: { versions: [], state: "not-fixed" } },
    artifact: match.artifact,
  };
  expect(grypeFindings(JSON.stringify({ matches: [match, match, other] }))).toEqual([
    { id: "CVE-2026-2", aliases: [], summary: "", url: "", module: "libc6", version: "1.2.3", level: "present" },
    {
      id: "GHSA-1",
      aliases: ["CVE-2026-1"],
      summary: "A first line.",
      url: "https://github.com/advisories/GHSA-1",
      module: "libc6",
      version: "1.2.3",
      fixed: "1.2.4",
      level: "present",
      severity: "high",
    },
  ]);
});

test("findings of trivy have the same", () => {
  const one = {
    VulnerabilityID: "CVE-2026-1",
    VendorIDs: ["DSA-1"],
    PkgName: "libc6",
    InstalledVersion: "1.2.3",
    FixedVersion: "1.2.4",
    Severity: "CRITICAL",
    Title: "A title",
    PrimaryURL: "https://avd.aquasec.com/nvd/cve-2026-1",
  };
  expect(trivyFindings(JSON.stringify({ SchemaVersion: 2, Results: [{ Target: "a" }, { Target: "b", Vulnerabilities: [one] }] }))).toEqual([
    {
      id: "CVE-2026-1",
      aliases: ["DSA-1"],
      summary: "A title",
      url: one.PrimaryURL,
      module: "libc6",
      version: "1.2.3",
      fixed: "1.2.4",
      level: "present",
      severity: "critical",
    },
  ]);
  expect(trivyFindings("{}")).toEqual([]);
});

test("a scanner on the PATH gets the image and may not use the network, and its error is passed on", async () => {
  const before = process.env["PATH"];
  const folder = mkdtempSync(join(tmpdir(), "slipway-scanner-"));
  // What grype 0.121.3 prints without a database.
  const program = `#!/bin/sh
[ "$1" = version ] && exit 0
[ "$*" = "registry:db@sha256:1 --output json --quiet" ] && [ "$GRYPE_DB_AUTO_UPDATE" = false ] || exit 2
printf '[0000] \\033[31mERROR \\033[0mdatabase does not exist\\n' >&2
exit 1
`;
  writeFileSync(join(folder, "grype"), program, { mode: 0o755 });
  process.env["PATH"] = folder;
  try {
    const scanner = await imageScanner();
    expect(scanner?.name).toBe("grype");
    await expect(scanner!.scan("db@sha256:1")).rejects.toThrow("database does not exist");
    rmSync(join(folder, "grype"));
    expect(await imageScanner()).toBeUndefined();
  } finally {
    process.env["PATH"] = before;
    rmSync(folder, { recursive: true });
  }
});

test("another format is an error that names the scanner and the field", () => {
  expect(() => grypeFindings('{"matches":[{}]}')).toThrow(
    "grype: its output is in a form that Slipway does not know (matches.0.vulnerability).",
  );
  expect(() => trivyFindings("no JSON")).toThrow("trivy: its output is in a form that Slipway does not know ().");
});

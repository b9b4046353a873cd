import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkSettings } from "../../../../config/check.ts";
import type { Configuration } from "../../../../config/settings.ts";
import { loadPlatform } from "../../../../platforms/platform.ts";
import { scanStack } from "../../../../review/vulnerabilities/scan-stack.ts";

// test/integration/vulnerabilities.test.ts scans programs.

const image = `registry.example/db@sha256:${"a".repeat(64)}`;
const services = { web: { source: "app" }, db: { image }, built: { source: "built", builder: "dockerfile" } };
const now = new Date("2026-11-28T10:00:00Z");

async function configuration(supplyChain: object = {}): Promise<Configuration> {
  const { value, problems } = await checkSettings({ platform: "docker", services, supplyChain }, loadPlatform);
  expect(problems).toEqual([]);
  return value as Configuration;
}

const before = process.env["PATH"];
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slipway-path-"));
  process.env["PATH"] = folder;
});
afterEach(() => {
  process.env["PATH"] = before;
  rmSync(folder, { recursive: true });
});

const program = (name: string, script: string) => writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });

test("what cannot be scanned says why", async () => {
  const { services: scans, database, warnings } = await scanStack(await configuration(), { database: undefined, now });
  expect(scans.map(({ service, of, notScanned }) => [service, of, notScanned])).toEqual([
    ["web", "app", "there is no vulnerability database"],
    ["db", image, "neither grype nor trivy is on the PATH"],
    ["built", "built", "it is built from a Dockerfile and does not run yet"],
  ]);
  expect([database, warnings]).toEqual([undefined, []]);
});

test("a scanner without a database is a reason too, without its colours", async () => {
  program("grype", `[ "$1" = version ] || { printf '[0000] \\033[31mERROR \\033[0mdatabase does not exist\\n' >&2; exit 1; }`);
  const { services: scans } = await scanStack(await configuration(), { database: undefined, now, names: ["db"] });
  expect(scans).toEqual([
    { service: "db", of: image, isBuiltByGo: false, findings: [], notScanned: "grype failed: database does not exist" },
  ]);
});

test("an image that runs is scanned, and exceptions count for it; one that nothing matches is reported only if all was scanned", async () => {
  const one = { VulnerabilityID: "CVE-2026-1", PkgName: "libc6", InstalledVersion: "1", Severity: "HIGH" };
  program("trivy", `[ "$1" = --version ] || echo '${JSON.stringify({ Results: [{ Vulnerabilities: [one] }] })}'`);
  const exception = { id: "CVE-2026-1", services: ["built"], reason: "not called", until: "2026-12-31" };
  const settings = await configuration({ vulnerabilities: { exceptions: [exception, { ...exception, id: "CVE-2" }] } });
  const deployed = { built: "127.0.0.1:1/built@sha256:1" };
  const { services: scans, warnings } = await scanStack(settings, { database: undefined, now, deployed });
  expect(scans.map(({ of, scanner, findings }) => [of, scanner, findings.map(({ exception: accepted }) => accepted)])).toEqual([
    ["app", undefined, []],
    [image, "trivy", [undefined]],
    ["127.0.0.1:1/built@sha256:1", "trivy", [expect.objectContaining(exception)]],
  ]);
  expect(warnings).toEqual([]);
});

test("a service that the stack does not have is an error", async () => {
  await expect(scanStack(await configuration(), { database: undefined, now, names: ["shop"] })).rejects.toThrow(
    "service: the stack has no shop. It has web, db, built.",
  );
});

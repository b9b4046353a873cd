import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { test } from "node:test";

const image = `registry.example/web@sha256:${"0".repeat(64)}`;

test("a stack that extends the library gets its defaults", () => {
  const { out } = slipway({ web: { image } }, "config", "explain", "services.web", "--json");
  const { settings } = JSON.parse(out) as { settings: { path: string; value: unknown }[] };
  const valueOf = (path: string) => settings.find((setting) => setting.path === `services.web.${path}`)?.value;
  assert.equal(valueOf("replicas"), 3);
  assert.equal(valueOf("security.level"), "restricted");
});

test("a stack cannot loosen a lock", () => {
  const { code, out } = slipway({ web: { image, network: { isolated: false } } }, "check");
  assert.equal(code, 1);
  assert.match(
    out,
    /services\.web\.network\.isolated: must be true \(got false\)\. .* locks it: "Traffic that is not declared is blocked\./,
  );
});

/** Runs a command in a project whose only stack extends this library. */
function slipway(services: object, ...args: string[]): { code: number | null; out: string } {
  const project = mkdtempSync(join(tmpdir(), "library-"));
  try {
    mkdirSync(join(project, "stacks"));
    writeFileSync(join(project, "Pulumi.yaml"), "name: test\nruntime: nodejs\nstackConfigDir: stacks\n");
    const config = { "slipway:extends": resolve("."), "slipway:services": services };
    writeFileSync(join(project, "stacks/Pulumi.test.yaml"), JSON.stringify({ config })); // JSON is YAML
    const { status, stdout, stderr } = spawnSync(resolve("node_modules/.bin/slipway"), [...args, "--stack", "test"], {
      cwd: project,
      encoding: "utf8",
    });
    return { code: status, out: stdout + stderr };
  } finally {
    rmSync(project, { recursive: true });
  }
}

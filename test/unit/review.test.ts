import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

let folder: string;
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), "slipway-review-"))));
afterAll(() => rmSync(folder, { recursive: true }));

const env = { ...process.env, NO_COLOR: "1", NODE_OPTIONS: "", SLIPWAY_ENGINE: "embedded" };
const review = (...args: string[]) => {
  const { status, stdout, stderr } = spawnSync("tools/slipway", ["review", ...args], { encoding: "utf8", env });
  return { status, stdout, stderr };
};
const fixture = (file: string) => resolve("test/fixtures/previews", file);

test("a change that is let through ends with 0, and the report is written", () => {
  const report = join(folder, "report.md");
  const { status, stdout } = review("--preview", fixture("image.json"), "--report", report);
  expect([status, stdout.split("\n")]).toEqual([
    0,
    [
      "local: 1 × rolling update, 11 unchanged",
      "",
      "rolling update  update Deployment web",
      "                  another image, sha256:77ac433c5a5d → sha256:ea8cafb0460d: pods are replaced one after the other",
      "",
      "The gate is open.",
      "",
    ],
  ]);
  expect(readFileSync(report, "utf8").split("\n")[0]).toBe("### local: 1 × rolling update, 11 unchanged");
});

test("a change that is not let through ends with 1, and it is said who opens the gate, and how", () => {
  const { status, stdout } = review("--preview", fixture("drop-volume.json"));
  expect([status, stdout.split("\n").at(-2)]).toEqual([
    1,
    expect.stringMatching(
      /^The gate is closed: data loss is not allowed in local\. Whoever answers for it adds to slipway:gate\.approvals of stacks\/Pulumi\.local\.yaml: \{ change: [0-9a-f]{12}, by: …, reason: …, until: … \}$/,
    ),
  ]);
});

test("what cannot be told ends with 2: a preview that is not there, or of another stack", () => {
  const missing = review("--preview", join(folder, "nothing.json"));
  expect([missing.status, missing.stderr]).toEqual([
    2,
    expect.stringMatching(/^error: .*nothing\.json is not there\. Make it: pulumi preview --json >/),
  ]);
  const other = review("--stack", "dev", "--preview", fixture("image.json"));
  expect([other.status, other.stderr]).toEqual([
    2,
    expect.stringMatching(/^error: The preview is of slipway\/local, and not of slipway\/dev\./),
  ]);
});

test("a preview comes by standard input, too", () => {
  const out = execFileSync("tools/slipway", ["review", "--preview", "-"], {
    input: readFileSync(fixture("scale.json")),
    encoding: "utf8",
    env,
  });
  expect(out).toContain("cost change  update Deployment web\n               2 → 4 pods\n");
});

test("without one it is made: of a stack on AWS that is yet to come, in which every resource is known", () => {
  const { status, stdout } = review("--stack", "prod");
  expect([status, stdout.split("\n")[0]]).toEqual([
    0,
    "prod: 60 × access change, 1 × rolling update, 19 × cost change, 5 × metadata, 1 without an effect",
  ]);
});

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Plan } from "../../../../cli/upgrade/protocol.ts";
import { upgradeProject, type Upgrade } from "../../../../cli/upgrade/upgrade.ts";
import { formatResult, formatUpgrade } from "../../../../cli/upgrade/format.ts";
import { NpmRegistry } from "../../../npm-registry.ts";

// What the installed version does with the plan of a new one. The new versions here are packages that only have a plan;
// test/integration/package.test.ts upgrades to a real one.

const checkout = process.cwd();
const stackText = "config:\n  slipway:services:\n    web: { image: web, prot: 80 } # here\n";
const packageText = '{\n  "dependencies": { "slipway": "file:old.tgz" }\n}\n';

/** A project with version 0.1.0, and a tarball of another version. */
class Project implements Disposable {
  readonly path = realpathSync(mkdtempSync(join(tmpdir(), "slipway-upgrade-")));

  constructor(version = "0.2.0", plan: Partial<Plan> | null = {}, files: Record<string, string> = {}) {
    const project = { "Pulumi.yaml": "name: shop\nruntime: nodejs\n", "package.json": packageText, "Pulumi.dev.yaml": stackText };
    for (const [file, text] of Object.entries({ ...project, ...files })) this.write(file, text);
    this.pack("old.tgz", "0.1.0");
    this.pack("new.tgz", version, plan && { protocol: 1, version, changelog: "", files: [], stacks: [], ...plan });
    // As npm would write it, which would take half of the time of the tests.
    const integrity = `sha512-${createHash("sha512")
      .update(readFileSync(join(this.path, "old.tgz")))
      .digest("base64")}`;
    const packages = {
      "": { dependencies: { slipway: "file:old.tgz" } },
      "node_modules/slipway": { version: "0.1.0", resolved: "file:old.tgz", integrity },
    };
    this.write("package-lock.json", JSON.stringify({ lockfileVersion: 3, requires: true, packages }, null, 2));
    mkdirSync(join(this.path, "node_modules/slipway"), { recursive: true });
    execFileSync("tar", ["-xzf", "old.tgz", "-C", "node_modules/slipway", "--strip-components=1"], { cwd: this.path });
    process.chdir(this.path);
  }

  write(file: string, text: string): void {
    mkdirSync(dirname(join(this.path, file)), { recursive: true });
    writeFileSync(join(this.path, file), text);
  }

  read(file: string): string {
    return readFileSync(join(this.path, file), "utf8");
  }

  /** Everything that may not change before the user has confirmed it. */
  get state(): unknown {
    const files = ["package.json", "package-lock.json", "Pulumi.dev.yaml", "node_modules/slipway/package.json"];
    return { files: files.map((file) => this.read(file)), names: readdirSync(this.path) };
  }

  git(...args: string[]): void {
    const who = { GIT_AUTHOR_NAME: "a", GIT_AUTHOR_EMAIL: "a@example.org", GIT_COMMITTER_NAME: "a", GIT_COMMITTER_EMAIL: "a@example.org" };
    execFileSync("git", args, { cwd: this.path, env: { ...process.env, ...who }, stdio: "ignore" });
  }

  private pack(tarball: string, version: string, plan: Plan | null = null): void {
    const files = { "package.json": JSON.stringify({ name: "slipway", version, bin: {} }), "README.md": version };
    for (const [file, text] of Object.entries(files)) this.write(`package/${file}`, text);
    if (plan) this.write("package/cli/upgrade/plan.js", `console.log(${JSON.stringify(JSON.stringify(plan))})`);
    execFileSync("tar", ["-czf", tarball, "package"], { cwd: this.path });
    rmSync(join(this.path, "package"), { recursive: true });
  }

  [Symbol.dispose](): void {
    process.chdir(checkout);
    rmSync(this.path, { recursive: true });
  }
}

const after = stackText.replace("prot", "port");
const changedFile = { path: "Pulumi.dev.yaml", before: stackText, after, codemods: [{ id: "port", description: "renames prot to port" }] };

// Progress.
beforeEach(() => void vi.spyOn(process.stderr, "write").mockReturnValue(true));
afterEach(() => void vi.restoreAllMocks());

/** Upgrades, and returns what was shown. */
async function upgrade(options: { to?: string; dryRun?: boolean; mayMix?: boolean; answer?: boolean } = {}) {
  let shown: Upgrade | undefined;
  const { to = "new.tgz", dryRun = false, mayMix = false, answer = true } = options;
  const confirm = (planned: Upgrade) => Promise.resolve(((shown = planned), answer));
  const { result } = await upgradeProject({ to, dryRun, mayMix, confirm });
  return { result, shown: shown && formatUpgrade(shown) };
}

test("an upgrade shows all changes, and writes them when they are confirmed", async () => {
  const todo = 'slipway:services.web.env.API: names the service "api".';
  const stacks = [
    {
      stack: "dev",
      file: "Pulumi.dev.yaml",
      problems: [],
      todo: [todo],
      impact: { impact: "nothing", resources: [], text: 'impact on stack "dev": nothing' },
    },
    { stack: "prod", file: "Pulumi.prod.yaml", problems: [], todo: [], withoutImpact: "it was not deployed from this folder" },
  ];
  using project = new Project("0.2.0", { changelog: "## [0.2.0]\n\n- More", files: [changedFile], stacks });
  const { result, shown } = await upgrade();
  expect(shown).toBe(`Slipway 0.1.0 → 0.2.0

  ## [0.2.0]

  - More

~ package.json
    -   "dependencies": { "slipway": "file:old.tgz" }
    +   "dependencies": { "slipway": "file:new.tgz" }
~ Pulumi.dev.yaml
    -     web: { image: web, prot: 80 } # here
    +     web: { image: web, port: 80 } # here
~ package-lock.json  written by the package manager

Codemods:
  Pulumi.dev.yaml: renames prot to port

To do by hand:
  Pulumi.dev.yaml: ${todo}

impact on stack "dev": nothing

impact on stack "prod": not known, because it was not deployed from this folder
`);
  expect(result).toBe("upgraded");
  expect(project.read("package.json")).toBe(packageText.replace("old", "new"));
  expect(project.read("package-lock.json")).toContain('"resolved": "file:new.tgz"');
  expect(project.read("Pulumi.dev.yaml")).toBe(after);
  expect(project.read("node_modules/slipway/README.md")).toBe("0.2.0");
  expect(existsSync(join(project.path, ".slipway"))).toBe(false);
});

test("a dry run, and an upgrade that is not confirmed, change nothing", async () => {
  using project = new Project("0.2.0", { files: [changedFile] });
  const { state } = project;
  expect((await upgrade({ dryRun: true })).result).toBe("planned");
  expect(project.state).toEqual(state);
  expect((await upgrade({ answer: false })).result).toBe("declined");
  expect(project.state).toEqual(state);
});

test("a stack file that is invalid in the new version stops the upgrade, and one that was invalid before does not", async () => {
  const problem = 'slipway:services.web.prot: is unknown. Did you mean "port"?';
  const stack = { stack: "dev", file: "Pulumi.dev.yaml", todo: ["slipway:services.web.x: was removed. Do it."] };
  using project = new Project("0.2.0", { stacks: [{ ...stack, problems: [problem] }] });
  const { state } = project;
  expect((await upgrade({ dryRun: true })).shown).toContain(
    "warning: Pulumi.dev.yaml: is invalid, as before the upgrade. slipway check --stack dev lists its problems.",
  );
  project.write("Pulumi.dev.yaml", stackText.replace("prot: 80", "port: 8080"));
  await expect(upgrade()).rejects.toThrow(
    [
      "Stack files are invalid in Slipway 0.2.0, so nothing was changed. Correct them first.",
      "In Pulumi.dev.yaml:",
      "  - slipway:services.web.x: was removed. Do it.",
      `  - ${problem}`,
    ].join("\n"),
  );
  project.write("Pulumi.dev.yaml", stackText);
  expect(project.state).toEqual(state);
});

test("files with uncommitted changes are only changed with --yes", async () => {
  using project = new Project("0.2.0", { files: [changedFile] }, { ".gitignore": "node_modules/\n.slipway/\n" });
  project.git("init", "--quiet");
  project.git("add", ".");
  project.git("commit", "--quiet", "--message", "Start");
  project.write("Pulumi.yaml", "name: shop\nruntime: nodejs\ndescription: not a part of the upgrade\n");
  expect((await upgrade({ answer: false })).result).toBe("declined");
  project.write("package.json", packageText.replace("{\n", '{\n  "private": true,\n'));
  await expect(upgrade()).rejects.toThrow(
    "package.json: has uncommitted changes, and the upgrade would mix with them. Commit or stash them, or add --yes.",
  );
  expect((await upgrade({ dryRun: true })).shown).toContain("warning: package.json: has uncommitted changes, which the upgrade adds to.");
  expect((await upgrade({ mayMix: true })).result).toBe("upgraded");
  expect(project.read("package.json")).toContain('"private": true');
});

test("an older version needs to be named, and has a warning", async () => {
  using project = new Project("0.0.9", null);
  const { result, shown } = await upgrade();
  expect(shown).toContain(
    [
      "warning: Slipway 0.0.9 is older than 0.1.0: stack files are not changed back, and the state may be too new for it.",
      "warning: Slipway 0.0.9 has no slipway upgrade: stack files were not checked, and the impact is unknown.",
    ].join("\n"),
  );
  expect(result).toBe("upgraded");
  expect(project.read("node_modules/slipway/README.md")).toBe("0.0.9");
});

test("the latest version is not installed again, nor over a newer one", async () => {
  const latest = async (version: string) => {
    using project = new Project();
    await using registry = await NpmRegistry.start([{ description: { name: "slipway", version } }]);
    project.write(".npmrc", `registry=${registry.url}\n`);
    const upgraded = await upgradeProject({
      to: undefined,
      dryRun: false,
      mayMix: true,
      confirm: () => Promise.reject(new Error("asked")),
    });
    return [upgraded.result, formatResult(upgraded)];
  };
  expect(await latest("0.1.0")).toEqual(["up to date", "Slipway 0.1.0 is installed. There is nothing to upgrade.\n"]);
  expect(await latest("0.0.9")).toEqual([
    "up to date",
    "Slipway 0.1.0 is installed, and 0.0.9 is the latest version in the registry. To downgrade: npx slipway upgrade --to 0.0.9\n",
  ]);
});

test("a tarball with the same name and other contents is installed", async () => {
  using project = new Project("0.2.0");
  rmSync("old.tgz");
  writeFileSync("old.tgz", readFileSync("new.tgz"));
  expect((await upgrade({ to: "old.tgz" })).result).toBe("upgraded");
  expect(project.read("node_modules/slipway/README.md")).toBe("0.2.0");
});

test("a new version that cannot be installed changes nothing", async () => {
  using project = new Project("0.2.0");
  project.write("package.json", packageText.replace('"file:old.tgz"', '"file:old.tgz", "missing": "file:missing.tgz"'));
  const { state } = project;
  await expect(upgrade()).rejects.toThrow(
    /^Slipway 0\.2\.0 cannot be installed\. Nothing was changed\.\nnpm install .*\n {2}exit code 254\n {2}\| npm error code ENOENT/,
  );
  expect(project.state).toEqual(state);
});

test("what an upgrade left that was killed is undone first", async () => {
  using project = new Project("0.2.0");
  const { state } = project;
  const [work, lock] = [join(project.path, ".slipway/upgrade"), project.read("package-lock.json")];
  mkdirSync(work, { recursive: true });
  const files = [
    { path: join(project.path, "package.json"), content: Buffer.from(packageText).toString("base64") },
    { path: join(project.path, "package-lock.json"), content: Buffer.from(lock).toString("base64") },
  ];
  project.write(".slipway/upgrade/before.json", JSON.stringify({ files, folders: [] }));
  project.write("package.json", packageText.replace("old", "half"));
  project.write("package-lock.json", "half");
  await expect(upgrade()).rejects.toThrow(
    "The last upgrade was killed. It has been undone: all files and node_modules are as before. Run slipway upgrade again.",
  );
  expect((await upgrade({ dryRun: true })).result).toBe("planned");
  rmSync(join(project.path, ".slipway"), { recursive: true });
  expect(project.state).toEqual(state);
});

describe("an upgrade is rejected", () => {
  const inFolder = async (files: Record<string, string>, message: string) => {
    const folder = realpathSync(mkdtempSync(join(tmpdir(), "slipway-upgrade-")));
    for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), text);
    process.chdir(folder);
    try {
      await expect(upgrade()).rejects.toThrow(message);
      expect(readdirSync(folder)).toEqual(Object.keys(files));
    } finally {
      process.chdir(checkout);
      rmSync(folder, { recursive: true });
    }
  };

  test.each([
    [{}, "Pulumi.yaml: does not exist here or above. Run slipway upgrade in a project, or create one: slipway init"],
    [
      { "Pulumi.yaml": "" },
      "package.json: does not exist, so there is nothing to upgrade. Make Slipway a dependency of the project: slipway init",
    ],
    [{ "Pulumi.yaml": "", "package.json": "{}" }, "package.json: slipway is not a dependency. Add it: slipway init"],
    [
      { "Pulumi.yaml": "", "package.json": '{ "name": "slipway" }' },
      "This is a clone of Slipway, not a project that depends on it. Upgrade it with git: git pull",
    ],
  ])("in a folder with %j", async (files, message) => {
    await inFolder(files, message);
  });

  test("in a project without installed packages", async () => {
    const folder = realpathSync(mkdtempSync(join(tmpdir(), "slipway-upgrade-")));
    process.chdir(folder);
    writeFileSync("Pulumi.yaml", "");
    writeFileSync("package.json", packageText);
    await expect(upgrade()).rejects.toThrow("node_modules: Slipway is not installed. Run npm install, then slipway upgrade again.");
    process.chdir(checkout);
    rmSync(folder, { recursive: true });
  });
});

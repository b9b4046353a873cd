import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { packageManagerOf } from "../../../../cli/upgrade/package-manager.ts";

/** A repository with the given files. */
class Repository implements Disposable {
  readonly path = realpathSync(mkdtempSync(join(tmpdir(), "slipway-manager-")));

  constructor(files: Record<string, string>) {
    for (const [path, text] of Object.entries({ ".git/HEAD": "", ...files })) {
      mkdirSync(dirname(join(this.path, path)), { recursive: true });
      writeFileSync(join(this.path, path), text);
    }
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true });
  }
}

/** The package manager of a project in a folder of a repository, its folder in the repository, and its commands. */
function managerOf(files: Record<string, string>, folder = ".") {
  using repository = new Repository(files);
  const { manager, root } = packageManagerOf(join(repository.path, folder));
  const { name, view, install, inStage, lock } = manager;
  const run = (args: string[] | undefined) => args && [name, ...args].join(" ");
  return {
    root: root.slice(repository.path.length + 1),
    view: run(view("slipway@1.2.3")),
    stage: run([...install, ...inStage]),
    install: run(install),
    lock: run(lock),
  };
}

const npm = {
  root: "",
  view: "npm view slipway@1.2.3 version engines --json",
  stage: "npm install --no-audit --no-fund --loglevel=error",
  install: "npm install --no-audit --no-fund --loglevel=error",
  lock: "npm install --package-lock-only --ignore-scripts --no-audit --no-fund --loglevel=error",
};
const pnpm = {
  root: "",
  view: "pnpm view slipway@1.2.3 version engines --json",
  stage: "pnpm install --no-frozen-lockfile --reporter=append-only --ignore-workspace",
  install: "pnpm install --no-frozen-lockfile --reporter=append-only",
  lock: "pnpm install --lockfile-only --ignore-scripts",
};
const classicYarn = {
  root: "",
  view: "yarn info slipway@1.2.3 --json",
  stage: "yarn install --non-interactive",
  install: "yarn install --non-interactive",
  lock: undefined,
};
const yarn = {
  root: "",
  view: "yarn npm info slipway@1.2.3 --fields version,engines --json",
  stage: "yarn install --no-immutable",
  install: "yarn install --no-immutable",
  lock: "yarn install --no-immutable --mode=update-lockfile",
};

test.each([
  [{}, npm],
  [{ "package-lock.json": "{}" }, npm],
  [{ "package.json": '{ "packageManager": "npm@11.0.0" }' }, npm],
  [{ "pnpm-lock.yaml": "" }, pnpm],
  [{ "package.json": '{ "packageManager": "pnpm@10.1.0+sha512.abc" }' }, pnpm],
  [{ "yarn.lock": "" }, classicYarn],
  [{ "package.json": '{ "packageManager": "yarn@1.22.22" }' }, classicYarn],
  [{ "yarn.lock": "", ".yarnrc.yml": "" }, yarn],
  [{ "package.json": '{ "packageManager": "yarn@4.6.0" }' }, yarn],
  [{ "package.json": "{" }, npm],
])("the commands of a project with %j are those of its package manager", (files, expected) => {
  expect(managerOf(files)).toEqual(expected);
});

test("a project in a workspace installs in the folder of the workspace", () => {
  const workspace = { "package.json": '{ "workspaces": ["deploy"] }', "package-lock.json": "{}" };
  expect(managerOf(workspace, "deploy")).toEqual(npm);
  expect(managerOf({ "pnpm-workspace.yaml": "", "pnpm-lock.yaml": "" }, "deploy")).toEqual(pnpm);
});

test("a project in a repository with other packages installs in its own folder", () => {
  expect(managerOf({ "package.json": "{}", "yarn.lock": "" }, "deploy")).toEqual({ ...npm, root: "deploy" });
});

test.each([
  [{ "bun.lock": "" }, /: is installed with bun, which slipway upgrade cannot use\. Run: bun update slipway, then slipway check$/],
  [
    { "yarn.lock": "", ".pnp.cjs": "" },
    /: is installed with Yarn Plug'n'Play, and Slipway needs node_modules\. Set nodeLinker: node-modules in \.yarnrc\.yml\.$/,
  ],
])("a project with %j is rejected", (files, message) => {
  expect(() => managerOf(files)).toThrow(message);
});

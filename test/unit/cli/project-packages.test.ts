import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { runInProject } from "../../../cli/project-packages.ts";

const checkout = process.cwd();

/** A folder with the given files. */
class Folder implements Disposable {
  readonly path = realpathSync(mkdtempSync(join(tmpdir(), "slipway-packages-")));

  constructor(files: Record<string, string>) {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(this.path, path)), { recursive: true });
      writeFileSync(join(this.path, path), text);
    }
    process.chdir(this.path);
  }

  [Symbol.dispose](): void {
    process.chdir(checkout);
    rmSync(this.path, { recursive: true });
  }
}

const project = { "Pulumi.yaml": "", "package.json": '{ "dependencies": { "slipway": "file:./other" } }' };
/** Another copy of the package, which says what it was called with. */
const copy = (folder: string) => ({
  [`${folder}/package.json`]: '{ "name": "slipway", "version": "9.9.9" }',
  [`${folder}/cli/start.cjs`]: 'require("fs").writeFileSync("called.txt", process.argv.slice(2).join(" ")); process.exit(3);',
});

describe("a command in a project", () => {
  test("is run by the copy of Slipway that the project has, with the same arguments and exit code", async () => {
    using folder = new Folder({ ...project, ...copy("node_modules/slipway") });
    expect(await runInProject(["up", "--stack", "prod"])).toBe(3);
    expect(existsSync(join(folder.path, "called.txt"))).toBe(true);
  });

  test("is run by the copy of the workspace above the project", async () => {
    const files = Object.entries(project).map(([file, text]) => [`deploy/${file}`, text]);
    using folder = new Folder({ ...Object.fromEntries(files), ...copy("node_modules/slipway") });
    process.chdir("deploy");
    expect(await runInProject(["up"])).toBe(3);
    expect(existsSync(join(folder.path, "deploy/called.txt"))).toBe(true);
  });

  test("installs the project's packages if they are missing", async () => {
    using folder = new Folder({ ...project, ...copy("other") });
    expect(await runInProject(["check"])).toBe(3);
    expect(existsSync(join(folder.path, "node_modules/slipway"))).toBe(true);
  });

  test("is run here if the project has this copy", async () => {
    using folder = new Folder({ ...project, "node_modules/x": "" });
    symlinkSync(checkout, join(folder.path, "node_modules/slipway"));
    expect(await runInProject(["up"])).toBeUndefined();
  });

  test.each([
    [["init"], project],
    [["--help"], project],
    [["completion", "bash"], project],
    [[], project],
    [["up"], { "Pulumi.yaml": "" }],
    [["up"], { "package.json": project["package.json"] }],
    [["up"], { "Pulumi.yaml": "", "package.json": "{}" }],
    [["up"], { "Pulumi.yaml": "", "package.json": "{" }],
  ])("%j is run here in a folder with %j", async (args, files) => {
    using _folder = new Folder(files);
    expect(await runInProject(args)).toBeUndefined();
  });
});

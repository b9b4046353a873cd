import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UserError } from "../../../lib/user-error.ts";
import { header, writeFolder } from "../../../review/render/folder.ts";

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "slipway-folder-"))));
afterEach(() => rmSync(folder, { recursive: true }));

const files = (...paths: string[]) => new Map(paths.map((path) => [path, `${header}${path}\n`]));
const found = () =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => path.includes("."))
    .sort();

test("files of a service that is gone are removed with their folder, and a file of somebody else keeps its folder", () => {
  writeFolder(files("services/a/x.yaml", "services/b/x.yaml", "services/b/y.yaml"), folder);
  writeFileSync(join(folder, "services/b/mine.yaml"), "mine\n");
  expect(writeFolder(files("services/c/x.yaml"), folder)).toEqual({
    removed: ["services/a/x.yaml", "services/b/x.yaml", "services/b/y.yaml"],
  });
  expect(found()).toEqual(["services/b/mine.yaml", "services/c/x.yaml"]);
  expect(existsSync(join(folder, "services/a"))).toBe(false);
});

test("a rendering without a controller removes what one for a controller has left, and the reverse", () => {
  writeFolder(files("kustomization.yaml", "flux/web.yaml", "services/web/deployment.yaml"), folder);
  writeFolder(files("deployment.yaml"), folder);
  expect(readdirSync(folder)).toEqual(["deployment.yaml"]);
  writeFolder(files("services/web/deployment.yaml"), folder);
  expect(found()).toEqual(["services/web/deployment.yaml"]);
});

test("the rendering of another stack in a folder below stays", () => {
  writeFolder(files("staging/deployment.yaml"), folder);
  expect(writeFolder(files("deployment.yaml"), folder)).toEqual({ removed: [] });
  expect(found()).toEqual(["deployment.yaml", "staging/deployment.yaml"]);
});

test("what is in the way is reported, all at once, and then nothing is changed", () => {
  writeFolder(files("services/old/x.yaml"), folder);
  writeFileSync(join(folder, "jobs"), "mine\n");
  mkdirSync(join(folder, "kustomization.yaml"));
  const reason = "exists, and slipway render did not write it. Remove it, or choose another folder.";
  expect(() => writeFolder(files("jobs/a/x.yaml", "jobs/a/y.yaml", "kustomization.yaml"), folder)).toThrow(
    new UserError(
      `The manifests cannot be written:\n  - ${join(folder, "jobs")}: ${reason}\n  - ${join(folder, "kustomization.yaml")}: ${reason}`,
    ),
  );
  expect(readFileSync(join(folder, "jobs"), "utf8")).toBe("mine\n");
  expect(existsSync(join(folder, "services/old/x.yaml"))).toBe(true);
});

test("a file instead of the folder is reported", () => {
  const file = join(folder, "out");
  writeFileSync(file, "mine\n");
  expect(() => writeFolder(files("a.yaml"), file)).toThrow(`${file}: exists, and slipway render did not write it.`);
});

import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { packageManagerOf } from "../../../../cli/upgrade/package-manager.ts";
import { findTarget } from "../../../../cli/upgrade/target.ts";
import { NpmRegistry } from "../../../npm-registry.ts";

let project: string;

beforeEach(() => {
  project = realpathSync(mkdtempSync(join(tmpdir(), "slipway-target-")));
  write("package.json", "{}");
  mkdirSync(join(project, "work"));
});
afterEach(() => rmSync(project, { recursive: true }));

function write(file: string, text: string): void {
  mkdirSync(dirname(join(project, file)), { recursive: true });
  writeFileSync(join(project, file), text);
}

function find(to?: string) {
  const { manager } = packageManagerOf(project);
  return findTarget({ to, folder: project, project, manager, work: join(project, "work") });
}

const slipway = (version: string, more = {}) => ({ name: "slipway", version, bin: { slipway: "cli/start.cjs" }, ...more });

describe("in the registry of the project", () => {
  const versions = [slipway("0.1.0"), slipway("0.3.0", { engines: { node: ">=99" } }), slipway("0.2.0")].map((description) => ({
    description,
  }));

  async function using(to?: string, options = {}) {
    await using registry = await NpmRegistry.start(versions, options);
    write(".npmrc", `registry=${registry.url}\nfetch-retries=0\n`);
    return await find(to);
  }

  test("the target is by default the latest version, otherwise that of the option", async () => {
    expect(await using()).toEqual({ version: "0.2.0" });
    expect(await using("0.1.0")).toEqual({ version: "0.1.0" });
    expect(await using("^0.1.0")).toEqual({ version: "0.1.0" });
  });

  test("a version that does not exist is rejected", async () => {
    const message = (to: string) => `--to: Slipway has no version ${to} in the registry. List its versions with: npm view slipway versions`;
    await expect(using("0.9.9")).rejects.toThrow(message("0.9.9"));
    await expect(using("nightly")).rejects.toThrow(message("nightly"));
  });

  test("a version that needs a newer Node.js is rejected before it is downloaded", async () => {
    await expect(using("0.3.0")).rejects.toThrow(
      `Slipway 0.3.0 needs Node.js >=99, and this is ${process.version}. Install it (https://nodejs.org/en/download), then run slipway upgrade again.`,
    );
  });

  test("a registry that denies access is reported as such", async () => {
    const denied =
      "The registry that the project uses denies access to the package slipway. Log in to it (npm login), or correct the token in .npmrc.";
    await expect(using(undefined, { status: 401 })).rejects.toThrow(denied);
    await expect(using(undefined, { status: 403 })).rejects.toThrow(denied);
  });

  test("a registry without Slipway, and one that cannot be reached, are reported as such", async () => {
    await expect(using(undefined, { status: 404 })).rejects.toThrow(
      "The package slipway is not in the registry that the project uses. Set its registry in .npmrc, or pass a tarball: slipway upgrade --to <file>",
    );
    write(".npmrc", "registry=http://127.0.0.1:1/\nfetch-retries=0\n");
    await expect(find()).rejects.toThrow(
      "The registry cannot be reached (ECONNREFUSED). Check the network, and the proxy and registry in .npmrc, or pass a tarball: slipway upgrade --to <file>",
    );
  });
});

describe("a folder or tarball", () => {
  /** Packs package.json as npm does. */
  function packed(description: object, folder = "package"): string {
    write(`${folder}/package.json`, JSON.stringify(description));
    spawnSync("tar", ["-czf", "given.tgz", folder], { cwd: project });
    return "given.tgz";
  }

  test("has the version of its package.json", async () => {
    const tarball = join(project, "given.tgz");
    expect(await find(packed(slipway("0.2.0")))).toEqual({ version: "0.2.0", tarball, isPacked: false });
    expect(await find(packed(slipway("0.2.1"), "slipway-0.2.1"))).toEqual({ version: "0.2.1", tarball, isPacked: false });
  });

  test("as a folder is packed, because npm would only link it", async () => {
    write("dist/package.json", JSON.stringify(slipway("0.2.0")));
    expect(await find("dist")).toEqual({ version: "0.2.0", tarball: join(project, "work/slipway-0.2.0.tgz"), isPacked: true });
  });

  test("that is another package, or the sources, is rejected", async () => {
    await expect(find(packed({ name: "express", version: "5.0.0" }))).rejects.toThrow(
      "--to: given.tgz is the package express 5.0.0, not Slipway.",
    );
    write("clone/package.json", JSON.stringify(slipway("0.2.0", { bin: { slipway: "slipway" } })));
    await expect(find("clone")).rejects.toThrow(
      "--to: clone has the sources of Slipway. Build the package there (node scripts/package.ts), and pass its folder dist.",
    );
  });

  test("that cannot be read is rejected", async () => {
    write("empty/file", "");
    write("broken.tgz", "no gzip");
    await expect(find("empty")).rejects.toThrow("--to: empty has no package.json. Pass the folder of the npm package.");
    await expect(find("broken.tgz")).rejects.toThrow("--to: broken.tgz cannot be read as a tarball (incorrect header check).");
    await expect(find("../no.tgz")).rejects.toThrow(
      "--to: ../no.tgz does not exist. Pass a version, or a tarball or folder with the npm package.",
    );
    spawnSync("tar", ["-czf", "other.tgz", "empty"], { cwd: project });
    await expect(find("other.tgz")).rejects.toThrow(
      "--to: other.tgz has no package.json. Pass a tarball of the npm package, as npm pack writes it.",
    );
  });
});

import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { requireBuildKit } from "../../../components/internal/buildkit.ts";
import { provider } from "../../../components/internal/secret-build.ts";

// The build itself is in test/integration/docker-lock.test.ts.

const inputs = {
  context: "web",
  dockerfile: "Dockerfile",
  args: {},
  platform: "linux/amd64",
  secrets: { token: "one" },
  repository: "registry.example/web",
  tag: "1",
};
const diff = async (changes: object) => {
  const { changes: changed, replaces } = await provider.diff!("", inputs, { ...inputs, ...changes });
  return { changed, replaces };
};

test("a build differs in tag, platform and repository, and not in the values of its secrets or credentials", async () => {
  expect(await diff({ tag: "2" })).toEqual({ changed: true, replaces: [] });
  expect(await diff({ platform: "linux/arm64" })).toEqual({ changed: true, replaces: [] });
  expect(await diff({ repository: "registry.example/other" })).toEqual({ changed: true, replaces: ["repository"] });
  expect(await diff({ secrets: { token: "two" }, username: "robot", password: "x" })).toEqual({ changed: false, replaces: [] });
});

describe("secret mounts need a docker command with BuildKit", () => {
  const { PATH } = process.env;
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "slipway-docker-"));
    process.env["PATH"] = folder;
  });
  afterEach(() => {
    process.env["PATH"] = PATH;
    rmSync(folder, { recursive: true });
  });

  /** A docker command that answers `--version`, and `buildx version` if it has the plugin. */
  function docker(version: string, hasPlugin: boolean): void {
    const script = `#!/bin/sh\nif [ "$1" = --version ]; then echo "Docker version ${version}, build 1"; exit; fi\nexit ${hasPlugin ? 0 : 1}\n`;
    writeFileSync(join(folder, "docker"), script);
    chmodSync(join(folder, "docker"), 0o755);
  }

  test.each([
    ["20.10.24+dfsg1", false],
    ["28.2.2", true],
  ])("such as version %s, with the plugin: %s", async (version, hasPlugin) => {
    docker(version, hasPlugin);
    await expect(requireBuildKit()).resolves.toBeUndefined();
  });

  test("a newer one without the plugin, or none, is an error with the remedy", async () => {
    docker("28.2.2", false);
    const why = 'dockerfile.secrets: are mounted by BuildKit, and the command "docker"';
    await expect(requireBuildKit()).rejects.toThrow(`${why} has no plugin buildx. Install it: https://github.com/docker/buildx#installing`);
    rmSync(join(folder, "docker"));
    await expect(requireBuildKit()).rejects.toThrow(`${why} is not on the PATH. Install it: https://docs.docker.com/engine/install/`);
  });
});

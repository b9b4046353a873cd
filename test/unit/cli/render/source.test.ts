import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gitSource, ociSource, parseReference, provenanceOf, withoutCredentials } from "../../../../cli/render/source.ts";
import { setRegistryAccess } from "../../../../lib/registry-access.ts";

test.each([
  ["oci://ghcr.io/acme/shop-manifests:prod", { repository: "ghcr.io/acme/shop-manifests", tag: "prod" }],
  ["oci://127.0.0.1:5000/a:v1.2_3-x", { repository: "127.0.0.1:5000/a", tag: "v1.2_3-x" }],
  ["oci://[::1]:5000/a:b", { repository: "[::1]:5000/a", tag: "b" }],
  ["ghcr.io/acme/shop:prod", undefined],
  ["oci://ghcr.io/acme/shop", undefined],
  ["oci://ghcr.io:prod", undefined],
  ["oci://ghcr.io/Acme/shop:prod", undefined],
  [`oci://ghcr.io/acme/shop@sha256:${"0".repeat(64)}`, undefined],
])("the reference %s is read", (text, expected) => {
  expect(parseReference(text)).toEqual(expected);
});

test.each([
  ["git@github.com:acme/shop.git", "ssh://git@github.com/acme/shop.git"],
  ["host.example:shop.git", "ssh://host.example/shop.git"],
  ["ssh://git@github.com:22/acme/shop.git", "ssh://git@github.com:22/acme/shop.git"],
  ["https://ci:t0ken@gitlab.com/acme/shop.git", "https://gitlab.com/acme/shop.git"],
  ["https://t0ken@github.com/acme/shop", "https://github.com/acme/shop"],
  ["/srv/shop.git", undefined],
  ["file:///srv/shop.git", undefined],
])("the remote %s is a URL without credentials", (remote, expected) => {
  expect(withoutCredentials(remote)).toBe(expected);
});

test("a registry on this machine, and one that the settings reach without TLS, have none", () => {
  setRegistryAccess("plain.example:5000", { plainHttp: true });
  const hosts = ["127.0.0.1:5000", "localhost", "[::1]:5000", "plain.example:5000", "ghcr.io", "127.example"];
  expect(hosts.map((host) => (ociSource({ repository: `${host}/shop`, tag: "prod" }) as { plainHttp: boolean }).plainHttp)).toEqual([
    true,
    true,
    true,
    true,
    false,
    false,
  ]);
  setRegistryAccess("plain.example:5000", {});
});

describe("in a git repository", () => {
  const before = process.cwd();
  let folder: string;
  const git = (...args: string[]) =>
    execFileSync("git", ["-c", "user.name=Dev", "-c", "user.email=dev@example.org", ...args], { encoding: "utf8" }).trim();

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "slipway-source-"));
    process.chdir(folder);
    git("init", "--quiet", "--initial-branch=trunk");
    git("commit", "--quiet", "--allow-empty", "--message", "Start");
    mkdirSync("shop");
    process.chdir("shop");
  });
  afterEach(() => {
    process.chdir(before);
    rmSync(folder, { recursive: true });
  });

  test("the source is the remote repository, the branch and the path, also of a folder that does not exist yet", async () => {
    git("remote", "add", "origin", "git@example.org:acme/shop.git");
    const url = "ssh://git@example.org/acme/shop.git";
    expect(await gitSource("deploy/prod")).toEqual({ kind: "git", url, branch: "trunk", path: "shop/deploy/prod" });
    expect(await gitSource("..")).toEqual({ kind: "git", url, branch: "trunk", path: "." });
    expect(await gitSource("/somewhere")).toEqual({ kind: "git", url: undefined, branch: "trunk", path: "." });
  });

  test("the revision is that of the commit, unless another file than a rendered one differs", async () => {
    mkdirSync("out");
    writeFileSync("out/a.yaml", "a\n");
    const created = git("log", "-1", "--format=%cI");
    expect(await provenanceOf("out")).toEqual({ revision: `trunk@sha1:${git("rev-parse", "HEAD")}`, created });
    writeFileSync("main.go", "package main\n");
    expect(await provenanceOf("out")).toEqual({});
  });
});

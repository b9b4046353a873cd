import { cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { cacheFolder } from "../lib/cache-folder.ts";
import { command, succeeds } from "../lib/command.ts";
import { image, layer, layoutArchive, type LayerEntry } from "../lib/oci.ts";
import { buildImage, dockerClient } from "../lib/docker-client.ts";
import { UserError } from "../lib/user-error.ts";
import { installPackages, takesPackages } from "./debian-packages.ts";
import { compileGo, fetchModules } from "./go.ts";
import { step } from "../lib/progress.ts";
import { sourceHash } from "../lib/source-hash.ts";

const here = join(import.meta.dirname, "kubernetes-node");

/** The binaries, each with the folder of its Go module and the package in it. */
const binaries = [
  { name: "node", folder: here, package: "./node" },
  { name: "pause", folder: here, package: "./pause" },
  { name: "coredns", folder: here, package: "./coredns" },
  { name: "metrics-server", folder: here, package: "sigs.k8s.io/metrics-server/cmd/metrics-server" },
  { name: "local-path-provisioner", folder: here, package: "github.com/rancher/local-path-provisioner" },
  { name: "traefik", folder: join(here, "traefik"), package: "github.com/traefik/traefik/v3/cmd/traefik" },
];

const debianPackages = [
  "busybox-static",
  "ca-certificates",
  "conntrack",
  "containerd",
  "containernetworking-plugins",
  "iproute2",
  "ipset",
  "iptables",
  "tzdata",
  "mount",
  "runc",
];

const goModule = await readFile(join(here, "go.mod"), "utf8");
const kubernetesVersion = String(/k8s\.io\/kubernetes (v\S+)/.exec(goModule)?.[1]);

/** Set as in upstream's release build, so that `kubectl version` and the Node report the version. */
const [major, minor] = kubernetesVersion.slice(1).split(".");
const linkFlags = ["k8s.io/component-base/version", "k8s.io/client-go/pkg/version"].flatMap((version) => [
  `-X=${version}.gitVersion=${kubernetesVersion}`,
  `-X=${version}.gitMajor=${major}`,
  `-X=${version}.gitMinor=${minor}`,
]);

/** Name of the image. Its tag changes with this file and every file in setup/kubernetes-node. */
export async function nodeImageName(): Promise<string> {
  return `slipway/kubernetes-node:${kubernetesVersion}-${await sourceHash(here, import.meta.filename)}`;
}

/**
 * Builds the node image from Go modules and Debian packages: about 15 minutes on two cores the first time.
 *
 * @throws UserError if mmdebstrap, which creates the root file system, is missing and cannot be installed.
 */
export async function buildNodeImage(name: string): Promise<void> {
  if (!(await succeeds("mmdebstrap", ["--version"]))) {
    if (!takesPackages)
      throw new UserError(`${name} cannot be built: mmdebstrap is missing. On Debian or Ubuntu, run as root: apt-get install mmdebstrap`);
    await installPackages("mmdebstrap");
  }
  const context = cacheFolder("build/kubernetes-node");
  await rm(context, { recursive: true, force: true });
  await mkdir(join(context, "bin"), { recursive: true });
  await mkdir(join(context, "images"));

  const fetched = Promise.all(binaries.map((b) => fetchModules(b.folder, b.package)));
  fetched.catch(() => {}); // the compiler reports modules that could not be downloaded
  const rootfs = step("create the root file system from Debian packages", () => makeRootfs(join(context, "rootfs.tar")), { always: true });
  const compiled = (async () => {
    for (const [i, b] of binaries.entries()) {
      await step(
        `compile ${b.name} (${i + 1} of ${binaries.length})`,
        () => compileGo(b.folder, b.package, join(context, "bin", b.name), linkFlags),
        { always: true },
      );
    }
  })();
  await Promise.all([rootfs, compiled]);

  const binary = (name: string) => readFile(join(context, "bin", name));
  const add = async (name: string, reference: string, entries: LayerEntry[]) => {
    const platform = { os: "linux", architecture: process.arch === "arm64" ? "arm64" : "amd64" };
    const content = image(platform, [await layer(entries, "none")], { Entrypoint: [`/${name}`] });
    await writeFile(join(context, "images", `${name}.tar`), await layoutArchive(content, reference));
  };
  await add("pause", "registry.k8s.io/pause:slipway", [{ path: "pause", mode: 0o755, content: await binary("pause") }]);
  const flatten = ["--wildcards", "--transform=s#.*/##", "*/bin/busybox"];
  await command("tar", ["--extract", "--file", join(context, "rootfs.tar"), "--directory", join(context, "bin"), ...flatten]);
  await add("busybox", "docker.io/kubernetes-node/busybox:packaged", [
    { path: "bin/busybox", mode: 0o755, content: await binary("busybox") },
    ...["sh", "mkdir", "rm"].map((applet) => ({ path: `bin/${applet}`, mode: 0o777, linkTo: "busybox" })),
  ]);
  for (const name of ["pause", "busybox"]) await rm(join(context, "bin", name));
  for (const part of ["Dockerfile", "cni", "manifests"]) await cp(join(here, part), join(context, part), { recursive: true });
  const kinds = join(context, "manifests/kinds");
  const gatewayKinds = join(await moduleFolder("sigs.k8s.io/gateway-api"), "config/crd/standard");
  for (const file of await readdir(gatewayKinds)) await cp(join(gatewayKinds, file), join(kinds, file));
  const traefikKinds = "docs/content/reference/dynamic-configuration/kubernetes-crd-definition-v1.yml";
  await cp(join(await moduleFolder("github.com/traefik/traefik/v3"), traefikKinds), join(kinds, "traefik.yaml"));
  await step("assemble the node image", () => buildImage(dockerClient(), context, { tag: name }), { always: true });
  await rm(context, { recursive: true });
}

/** Folder of a module that Traefik depends on, in Go's module cache. */
async function moduleFolder(module: string): Promise<string> {
  return (await command("go", ["list", "-m", "-f", "{{.Dir}}", module], { cwd: join(here, "traefik") })).trim();
}

/** Creates a root file system of the host's distribution, from the mirrors that the host's apt uses. */
async function makeRootfs(archive: string): Promise<void> {
  const release = await readFile("/etc/os-release", "utf8");
  const codename = /^VERSION_CODENAME=(\S+)/m.exec(release)?.[1];
  await command("mmdebstrap", [
    "--variant=essential",
    `--include=${debianPackages.join(",")}`,
    ...(/^ID=ubuntu/m.test(release) ? ["--components=main,universe"] : []),
    ...["doc", "man", "locale", "info"].map((folder) => `--dpkgopt=path-exclude=/usr/share/${folder}/*`),
    "--quiet",
    String(codename),
    archive,
  ]);
}

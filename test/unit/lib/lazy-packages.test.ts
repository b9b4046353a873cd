import { execFileSync } from "node:child_process";

const program = `
  import Module, { createRequire } from "node:module";
  import "./lib/lazy-packages.ts";
  import * as pulumi from "@pulumi/pulumi";
  import registry from "@sigstore/oci/dist/registry.js";
  import "dockerode";
  const require = createRequire(import.meta.url);
  const isLoaded = (file) => Object.values(require.cache).some((m) => m instanceof Module && m.filename.includes(file));
  const files = ["lib/typescript.js", "/make-fetch-happen/", "/proto-loader/", "/arborist/lib/index.js", "/pulumi/automation/", "/tar-fs/", "/ssh2/"];
  const loaded = () => files.filter(isLoaded).map((file) => file.split("/").filter(Boolean).slice(0, 2).join(" ")).join(", ");
  const number = 7;
  console.log(loaded());
  console.log((await pulumi.runtime.serializeFunction(() => number)).text.includes("number: 7"), loaded());
  const client = new registry.RegistryClient("127.0.0.1:1", "app", { retry: 0 });
  console.log((await client.checkManifest("1").catch((error) => error)).code, loaded());
  console.log(typeof createRequire(require.resolve("dockerode"))("@grpc/proto-loader").loadSync, loaded());
  console.log(typeof createRequire(require.resolve("dockerode"))("tar-fs").pack, loaded());
  console.log(typeof createRequire(require.resolve("docker-modem"))("./ssh")({}).createConnection, loaded());
  console.log((await pulumi.runtime.computeCodePaths({})).size > 100, loaded());
  console.log(typeof pulumi.automation.LocalWorkspace, loaded());
`;

test("packages that are rarely needed are loaded on their first use: to serialise, to call a registry, to build, to use SSH, to automate Pulumi", () => {
  const args = ["--input-type=module", "-e", program];
  const out = execFileSync(process.execPath, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  expect(out.split("\n")).toEqual([
    "",
    "true lib typescript.js",
    "ECONNREFUSED lib typescript.js, make-fetch-happen",
    "function lib typescript.js, make-fetch-happen, proto-loader",
    "function lib typescript.js, make-fetch-happen, proto-loader, tar-fs",
    "function lib typescript.js, make-fetch-happen, proto-loader, tar-fs, ssh2",
    "true lib typescript.js, make-fetch-happen, proto-loader, arborist lib, tar-fs, ssh2",
    "function lib typescript.js, make-fetch-happen, proto-loader, arborist lib, pulumi automation, tar-fs, ssh2",
    "",
  ]);
});

const kubernetes = `
  import { registerHooks } from "node:module";
  import "./lib/lazy-packages.ts";
  let models = 0;
  registerHooks({ load: (url, context, next) => ((models += Number(url.includes("/gen/models/V1"))), next(url, context)) });
  const { KubernetesCluster } = await import("./lib/kubernetes-client.ts");
  console.log(typeof KubernetesCluster, models);
  const { CoreV1Api, KubernetesObjectApi } = await import("@kubernetes/client-node");
  console.log(typeof CoreV1Api, models > 100, KubernetesCluster.prototype instanceof KubernetesObjectApi);
`;

test("Slipway loads the Kubernetes client without its models, and a program loads all of it", () => {
  const out = execFileSync(process.execPath, ["--input-type=module", "-e", kubernetes], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  expect(out).toBe("function 0\nfunction true false\n");
});

import { spawnSync } from "node:child_process";
import { appendFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { glob } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { stringify } from "yaml";
import { stackLabel } from "../../lib/docker-labels.ts";
import { buildPackage, packPackage } from "../../scripts/package.ts";
import { PluginHost } from "../plugin-host.ts";
import { dockerPorts, get, ports } from "./checkout.ts";
import { namesOfObjects, removeObjects } from "./test-objects.ts";

// The package as npm would publish it, in a project of its own with a Go service: on Docker, because that is the fastest platform.

const stack = "integration-package";
const label = `${stackLabel}=greetings/${stack}`;
const port = dockerPorts.http;
let folder: string;
let tarball: string;

beforeAll(async () => {
  await removeObjects(label);
  folder = mkdtempSync(join(tmpdir(), "slipway-package-"));
  await buildPackage();
  tarball = await packPackage(folder);
  write("package.json", JSON.stringify({ private: true, type: "module" }));
  write("go.mod", "module example.org/hello\n\ngo 1.24\n");
  write("main.go", hello);
  write(
    "Pulumi.yaml",
    "name: greetings\nmain: index.ts\nruntime: { name: nodejs, options: { typescript: false } }\nstackConfigDir: stacks\n",
  );
  write("index.ts", program);
  const services = {
    hello: { source: ".", host: "hello.localhost", replicas: 1, probes: { readiness: { path: "/" }, liveness: { path: "/" } } },
  };
  const config = { "slipway:platform": "docker", "slipway:services": services, "slipway:docker": { ports: dockerPorts } };
  write(`stacks/Pulumi.${stack}.yaml`, stringify({ config }));
});
afterAll(async () => {
  slipway("down");
  await removeObjects(label);
  rmSync(folder, { recursive: true });
});

const hello = `package main

import (
	"net/http"
	"os"
)

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("Hello")) })
	if err := http.ListenAndServe(":"+os.Getenv("PORT"), nil); err != nil {
		panic(err)
	}
}
`;

/** With a resource of the user, which needs the same SDK as the package. */
const program = `import * as pulumi from "@pulumi/pulumi";
import slipway from "slipway";

export default async () => {
  const own = new pulumi.ComponentResource("example:index:Own", "own");
  return { ...(await slipway()), own: own.urn };
};
`;

function write(file: string, content: string): void {
  const path = join(folder, file);
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, content);
}

function run(command: string, args: string[], cwd = folder): { code: number | null; out: string } {
  const env = { ...process.env, NO_COLOR: "1", SLIPWAY_ENGINE: "embedded", NODE_OPTIONS: "" };
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, env, encoding: "utf8" });
  return { code: status, out: stderr + stdout };
}

const slipway = (command: string) => run("node_modules/.bin/slipway", [command, "--stack", stack]);

test("the package has at most 3 MB, and npm installs it", () => {
  expect(statSync(tarball).size).toBeLessThan(3_000_000);
  const options = ["--prefer-offline", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  expect(run("npm", ["install", ...options, tarball])).toEqual({
    code: 0,
    out: expect.stringMatching(/^\nadded \d+ packages in .*\n$/) as string,
  });
});

test("a project deploys its service with it, next to a resource of its own", async () => {
  const { code, out } = slipway("up");
  expect(out).toContain("answers HTTP 200");
  expect(code).toBe(0);
  expect(await get("hello.localhost", "/", { port })).toMatchObject({ status: 200, body: "Hello" });
  const outputs = JSON.parse(slipway("outputs").out) as Record<string, unknown>;
  expect(outputs).toMatchObject({
    own: `urn:pulumi:${stack}::greetings::example:index:Own::own`,
    urls: { hello: `http://hello.localhost:${port}/` },
  });
});

test("an unchanged up changes nothing, although the package has its own copy of each provider", () => {
  const { code, out } = slipway("up");
  expect([code, out]).toEqual([0, expect.stringMatching(/\n\d+ unchanged \(/)]);
});

test("programs are checked against the types of the program and of the components", () => {
  const check = [
    'import { WebService } from "slipway/components";',
    'import slipway from "slipway";',
    'new WebService("web", { image: "web@sha256:1", replicas: 2 });',
    'new WebService("web", { image: "web@sha256:1", replicas: "two" });',
    "void slipway;",
  ];
  write("check.ts", `${check.join("\n")}\n`);
  const typeChecker = resolve("node_modules/typescript-native/bin/tsc");
  const { out } = run(process.execPath, [typeChecker, "--noEmit", "--module", "nodenext", "--skipLibCheck", "check.ts"]);
  expect(out.match(/^check.ts.*/gm)).toEqual([
    expect.stringMatching(/^check.ts\(4,48\): error TS2322: Type 'string' is not assignable to type .*number/),
  ]);
});

test("the policy pack and the schema of stack files are in the package", () => {
  const script = `
    const { createRequire } = await import("node:module");
    const require = createRequire(process.cwd() + "/index.ts");
    console.log(Object.keys(require("slipway/schema.json").properties), require("slipway/package.json").version);`;
  expect(run(process.execPath, ["--input-type=module", "--eval", script])).toEqual({ code: 0, out: "[ 'config' ] 0.1.0\n" });
  expect(run(process.execPath, ["--check", "node_modules/slipway/review/policy/index.js"])).toEqual({ code: 0, out: "" });
});

test("the package is a plugin with the components for other languages", async () => {
  await using host = await PluginHost.start(join(folder, "node_modules/slipway/components"), folder);
  expect(await host.schema()).toEqual(JSON.parse(readFileSync("components/plugin/schema.json", "utf8")));
  host.preview = true;
  const { ref } = await host.construct("GoImage", "hello", { source: ".", repository: "registry.example/hello" });
  expect(ref).toMatch(/^registry\.example\/hello@sha256:[0-9a-f]{64}$/);
  expect(host.summary).toEqual(["slipway:index:GoImage hello", "slipway:index:RegistryPush hello"]);
});

test("down deletes everything", async () => {
  expect(slipway("down").code).toBe(0);
  expect(await namesOfObjects(label)).toEqual([]);
});

/** Repositories as others have them, and what the answer of each service is. Only their modules are renamed, and with them the projects and the services in their root. */
const repositories: [
  repository: string,
  platform: "local" | "docker",
  answers: Record<string, [path: string, status: number, body: string]>,
][] = [
  ["literal-port", "local", { "integration-literal-port": ["/", 200, "hello\n"] }],
  ["commands", "docker", { admin: ["/", 404, "404 page not found\n"], api: ["/", 404, "404 page not found\n"] }],
  ["assets", "docker", { "integration-assets": ["/static/style.css", 200, "p {\n  margin: 0;\n}\n"] }],
];

test.each(repositories)("init makes a project of the repository %s, which answers on %s", async (repository, platform, answers) => {
  const project = `integration-${repository}`;
  const home = join(folder, repository);
  cpSync(join("test/fixtures/repositories", repository), home, { recursive: true });
  for await (const file of glob(join(home, "**/{go.mod,*.go}")))
    writeFileSync(file, readFileSync(file, "utf8").replaceAll(/example\.org\/(hello|shop|notes)/g, `example.org/${project}`));
  // Installed once, as npm would do it for a workspace.
  symlinkSync(join(folder, "node_modules"), join(home, "node_modules"));
  const own = `${stackLabel}=${project}/local`;
  await removeObjects(own);
  const slipway = (...args: string[]) => run(process.execPath, [resolve(folder, "node_modules/slipway/cli/start.cjs"), ...args], home);
  try {
    expect(slipway("init", "--yes", "--platform", platform)).toMatchObject({
      code: 0,
      out: expect.stringContaining("Next: npx slipway up"),
    });
    // The default ports may be in use on a developer's machine.
    const used = platform === "local" ? ports : dockerPorts;
    appendFileSync(join(home, "stacks/Pulumi.local.yaml"), `  slipway:${platform}: { ports: ${JSON.stringify(used)} }\n`);
    const { code, out } = slipway("up");
    expect([code, out]).toEqual([0, expect.stringContaining("up finished after")]);
    for (const [service, [path, status, body]] of Object.entries(answers))
      expect(await get(`${service}.localhost`, path, { port: used.http })).toMatchObject({ status, body });
  } finally {
    slipway("down");
    const left = await namesOfObjects(own);
    await removeObjects(own);
    expect(left).toEqual([]);
  }
});

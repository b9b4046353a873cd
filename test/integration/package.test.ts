import { spawn, spawnSync } from "node:child_process";
import {
  appendFileSync,
  cpSync,
  existsSync,
  globSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { text as textOf } from "node:stream/consumers";
import { stringify } from "yaml";
import { stackLabel } from "../../lib/docker-labels.ts";
import { locked } from "../../lib/file-lock.ts";
import { buildPackage, packageFolder, packPackage } from "../../scripts/package.ts";
import { NpmRegistry } from "../npm-registry.ts";
import { PluginHost } from "../plugin-host.ts";
import { docker, dockerPorts, eventually, get, otherPort, ports } from "./checkout.ts";
import { deployTemplate, describeTemplates } from "./templates.ts";
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
  write("package.json", `${JSON.stringify({ private: true, type: "module" }, null, 2)}\n`);
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

function run(command: string, args: string[], cwd = folder, more: Record<string, string> = {}): { code: number | null; out: string } {
  const env = { ...process.env, NO_COLOR: "1", SLIPWAY_ENGINE: "embedded", NODE_OPTIONS: "", ...more };
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, env, encoding: "utf8" });
  return { code: status, out: stderr + stdout };
}

const installed = { folder: () => folder, run };

const slipway = (command: string) => run("node_modules/.bin/slipway", [command, "--stack", stack]);

/** Runs a program while this process serves it. */
function runBeside(command: string, args: string[], variables: Record<string, string>): Promise<{ code: number | null; out: string }> {
  const env = { ...process.env, NO_COLOR: "1", SLIPWAY_ENGINE: "embedded", NODE_OPTIONS: "", ...variables };
  const child = spawn(command, args, { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });
  const closed = new Promise<number | null>((done, failed) => child.on("error", failed).on("close", done));
  return Promise.all([closed, textOf(child.stdout), textOf(child.stderr)]).then(([code, out, messages]) => ({ code, out: messages + out }));
}

const npmOptions = ["--prefer-offline", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];

test("the package has at most 3 MB, and npm installs it", () => {
  expect(statSync(tarball).size).toBeLessThan(3_000_000);
  expect(run("npm", ["install", ...npmOptions, tarball])).toEqual({
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

test("the dashboard serves its page from the package, and follows the containers on Docker", async () => {
  const env = { ...process.env, NO_COLOR: "1", SLIPWAY_ENGINE: "embedded", NODE_OPTIONS: "" };
  const args = ["dashboard", "--stack", stack, "--port", "0", "--json"];
  const dashboard = spawn("node_modules/.bin/slipway", args, { cwd: folder, env, stdio: ["ignore", "pipe", "inherit"] });
  try {
    const [first] = (await once(dashboard.stdout, "data")) as [Buffer];
    const { origin, hash } = new URL((JSON.parse(first.toString()) as { url: string }).url);
    const page = await (await fetch(origin)).text();
    const imports = (JSON.parse(/<script type="importmap">(.*)<\/script>/.exec(page)![1]!) as { imports: Record<string, string> }).imports;
    const seen = new Set<string>();
    const follow = async (path: string): Promise<void> => {
      if (seen.has(path)) return;
      seen.add(path);
      const answer = await fetch(origin + path);
      expect([path, answer.status, answer.headers.get("content-type")]).toEqual([path, 200, "text/javascript; charset=utf-8"]);
      const names = (await answer.text()).matchAll(/(?:^|[;}])(?:import|export)[^;"'`]*?from\s*"([^"]+)"/gm);
      for (const [, name] of names) await follow(imports[name!] ?? new URL(name!, origin + path).pathname);
    };
    await follow("/page/main.js");
    expect(seen).toContain("/package/uplot.js");
    const lines = createInterface({
      input: Readable.fromWeb(
        (await fetch(`${origin}/api/stream`, { headers: { authorization: `Bearer ${hash.slice("#token=".length)}` } })).body! as never,
      ),
    })[Symbol.asyncIterator]();
    /** The health of the service in the next state that has it as it should be. */
    const next = async (health: string): Promise<Record<string, unknown>> => {
      for (let line = await lines.next(); !line.done; line = await lines.next()) {
        const data = line.value.startsWith('data: {"project"')
          ? (JSON.parse(line.value.slice("data: ".length)) as { services: Record<string, unknown>[] })
          : undefined;
        const found = data?.services.find((service) => service["name"] === "hello" && service["health"] === health);
        if (found) return found;
      }
      throw new Error("the stream has ended");
    };
    expect(await next("healthy")).toMatchObject({
      ready: 1,
      replicas: 1,
      actions: ["rollback", "restart"],
      memory: { limit: expect.any(Number) as number },
    });
    const [container] = await docker.listContainers({
      filters: { label: [`${stackLabel}=greetings/${stack}`, "dev.slipway.service=hello"] },
    });
    const began = Date.now();
    await docker.getContainer(container!.Id).stop({ t: 0 });
    await next("failing");
    // Docker reports it at once; a busy machine is slower.
    expect(Date.now() - began).toBeLessThan(5000);
    expect(run("node_modules/.bin/slipway", ["restart", "hello", "--stack", stack])).toMatchObject({ code: 1 });
    await docker.getContainer(container!.Id).start();
    await next("healthy");
    expect(run("node_modules/.bin/slipway", ["restart", "hello", "--stack", stack])).toEqual({
      code: 0,
      out: "restarted 1 container of hello\n",
    });
    await next("healthy");
    expect(run("node_modules/.bin/slipway", ["scale", "hello", "--replicas", "2", "--stack", stack]).out).toContain(
      "Set services.hello.replicas",
    );
  } finally {
    dashboard.kill("SIGINT");
  }
  expect(await new Promise((done) => dashboard.on("close", done))).toBe(0);
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

describe("slipway upgrade", () => {
  const stackFile = `stacks/Pulumi.${stack}.yaml`;
  /** A setting that the next version calls \`host\`. */
  const before = (text: string) =>
    text.replace(/^( *)host: hello\.localhost$/m, "$1# for browsers\n$1domain:  hello.localhost # on this machine");
  const upgrade = (...args: string[]) => run("node_modules/.bin/slipway", ["upgrade", ...args]);
  let next: { description: { name: string; version: string }; tarball: string };

  beforeAll(() => {
    const home = join(folder, "next");
    cpSync(packageFolder, home, { recursive: true });
    const edit = (file: string, change: (text: string) => string) =>
      writeFileSync(join(home, file), change(readFileSync(join(home, file), "utf8")));
    edit("package.json", (text) => text.replace('"version": "0.1.0"', '"version": "0.2.0"'));
    edit("CHANGELOG.md", (text) =>
      text.replace("## [Unreleased]", "## [0.2.0] - 2026-12-31\n\n### Changed\n\n- `domain` is now `host`.\n\n## [0.1.0] - 2026-12-01"),
    );
    // The program of the project sees it only if its preview has the new packages.
    edit("components/web-service-defaults.js", (text) => text.replace("connectRetries: 10", "connectRetries: 9"));
    const codemod = `{ id: "host", since: "0.2.0", description: "renames domain to host", apply({ text }) {
      for (const name of text.keys(["config", "slipway:services"])) text.rename(["config", "slipway:services", name, "domain"], "host");
      return [];
    } }`;
    edit("cli/upgrade/codemods/index.js", (text) => text.replace("codemods = [", `codemods = [${codemod}, `));
    const { out } = run("npm", ["pack", "--silent"], home);
    next = { description: JSON.parse(readFileSync(join(home, "package.json"), "utf8")), tarball: join(home, out.trim()) };
    write(stackFile, before(readFileSync(join(folder, stackFile), "utf8")));
  });

  /** Files and packages: what is written anew, or in its place, differs. */
  const written = () => {
    const modules = join(folder, "node_modules");
    const packages = readdirSync(modules, { recursive: true, encoding: "utf8" }).map((name) => {
      const { ino, size, mtimeMs } = lstatSync(join(modules, name));
      return `${name} ${ino} ${size} ${mtimeMs}`;
    });
    const files = ["package.json", "package-lock.json", stackFile].map((file) => readFileSync(join(folder, file), "utf8"));
    return { files, packages };
  };

  test("without a confirmation shows the changes and their impact, and changes nothing", () => {
    const was = written();
    const { code, out } = upgrade("--to", next.tarball);
    expect(out).toContain(`Slipway 0.1.0 → 0.2.0

  ## [0.2.0] - 2026-12-31

  ### Changed

  - \`domain\` is now \`host\`.

~ package.json
    -     "slipway": "file:slipway-0.1.0.tgz"
    +     "slipway": "file:next/slipway-0.2.0.tgz"
~ ${stackFile}
    -       domain:  hello.localhost # on this machine
    +       host:  hello.localhost # on this machine
~ package-lock.json  written by the package manager

Codemods:
  ${stackFile}: renames domain to host

impact on stack "${stack}": rolling update (replicas are replaced one by one, while the others serve requests)
  ProxyRoute greetings-${stack}-hello  update
    rolling update  content changed: the proxy changes its routes without a restart
  12 unchanged
`);
    expect(out).toMatch(/\nNothing was written, because nobody confirmed it\..*\n$/);
    expect(code).toBe(5);
    expect(written()).toEqual(was);
  });

  test("restores everything if the installation fails", () => {
    const description = readFileSync(join(folder, "package.json"), "utf8");
    const { dependencies, ...rest } = JSON.parse(description) as Record<string, object>;
    write("package.json", JSON.stringify({ ...rest, scripts: { postinstall: "echo Out of luck && exit 7" }, dependencies }, null, 2));
    const was = written();
    const { code, out } = upgrade("--to", next.tarball, "--yes");
    expect(out).toContain("error: The upgrade failed, and all files and node_modules are as before:\nnpm install");
    expect(code).toBe(1);
    expect(written()).toEqual(was);
    expect(readdirSync(join(folder, ".slipway/upgrade"))).toEqual(["lock.db"]);
    write("package.json", description);
  });

  test("writes package.json, the lock file and the stack file, and installs the version that it has shown", async () => {
    await using registry = await NpmRegistry.start([{ description: { name: "slipway", version: "0.1.0" } }, next]);
    const env = { npm_config_registry: registry.url };
    const text = readFileSync(join(folder, stackFile), "utf8");
    write("package.json", readFileSync(join(folder, "package.json"), "utf8").replace("file:slipway-0.1.0.tgz", "^0.1.0"));
    const { code, out } = await runBeside("node_modules/.bin/slipway", ["upgrade", "--yes"], env);
    expect([code, out]).toEqual([0, expect.stringContaining("Upgraded to Slipway 0.2.0.")]);
    expect(JSON.parse(readFileSync(join(folder, "package.json"), "utf8"))).toMatchObject({ dependencies: { slipway: "^0.2.0" } });
    const lock = JSON.parse(readFileSync(join(folder, "package-lock.json"), "utf8")) as { packages: Record<string, object> };
    expect(lock.packages[""]).toMatchObject({ dependencies: { slipway: "^0.2.0" } });
    expect(lock.packages["node_modules/slipway"]).toMatchObject({ version: "0.2.0" });
    expect(readFileSync(join(folder, stackFile), "utf8")).toBe(text.replace("domain:", "host:"));
    expect(run("node_modules/.bin/slipway", ["--version"]).out).toBe("0.2.0\n");
    expect(slipway("up").out).toMatch(/\n1 updated, \d+ unchanged \(/);
  });
});

test("down deletes everything", async () => {
  expect(slipway("down").code).toBe(0);
  expect(await namesOfObjects(label)).toEqual([]);
});

describeTemplates(installed);

/** A repository as others have it, in a folder of its own. Only its module is renamed, and with it the project and the service in its root. */
class Repository {
  readonly project: string;
  readonly home: string;
  private readonly label: string;
  private readonly platform: string;

  constructor(fixture: string, platform: "local" | "docker", project = `integration-${fixture}`) {
    this.project = project;
    this.platform = platform;
    this.home = join(folder, project);
    this.label = `${stackLabel}=${project}/local`;
    cpSync(join("test/fixtures/repositories", fixture), this.home, { recursive: true });
    for (const file of globSync(join(this.home, "**/{go.mod,*.go}")))
      writeFileSync(file, readFileSync(file, "utf8").replaceAll(/example\.org\/(hello|shop|notes)/g, `example.org/${project}`));
    // Installed once, as npm would do it for a workspace.
    symlinkSync(join(folder, "node_modules"), join(this.home, "node_modules"));
  }

  slipway(...args: string[]): { code: number | null; out: string } {
    return run(process.execPath, [resolve(folder, "node_modules/slipway/cli/start.cjs"), ...args], this.home);
  }

  /** `slipway init` and `slipway up`. The default ports may be in use on a developer's machine. */
  async start(): Promise<string> {
    await removeObjects(this.label);
    expect(this.slipway("init", "--yes", "--platform", this.platform)).toMatchObject({
      code: 0,
      out: expect.stringContaining("Next: npx slipway up"),
    });
    const used = this.platform === "local" ? ports : dockerPorts;
    appendFileSync(join(this.home, "stacks/Pulumi.local.yaml"), `  slipway:${this.platform}: { ports: ${JSON.stringify(used)} }\n`);
    const { code, out } = this.slipway("up");
    expect([code, out]).toEqual([0, expect.stringContaining("up finished after")]);
    return out;
  }

  /** Replaces text in the stack file. */
  edit(before: string, after: string): void {
    const file = join(this.home, "stacks/Pulumi.local.yaml");
    expect(readFileSync(file, "utf8")).toContain(before);
    writeFileSync(file, readFileSync(file, "utf8").replace(before, after));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.slipway("down");
    const left = await namesOfObjects(this.label);
    await removeObjects(this.label);
    expect(left).toEqual([]);
  }
}

const repositories: [fixture: string, answers: Record<string, [path: string, status: number, body: string]>][] = [
  ["commands", { admin: ["/", 404, "404 page not found\n"], api: ["/", 404, "404 page not found\n"] }],
  ["assets", { "integration-assets": ["/static/style.css", 200, "p {\n  margin: 0;\n}\n"] }],
];

test.each(repositories)("init makes a project of the repository %s, which answers on docker", async (fixture, answers) => {
  await using repository = new Repository(fixture, "docker");
  await repository.start();
  for (const [service, [path, status, body]] of Object.entries(answers))
    expect(await get(`${service}.localhost`, path, { port: dockerPorts.http })).toMatchObject({ status, body });
});

test("two projects on local share a cluster, which is deleted after both are down", async () => {
  const cluster = `slipway-shared-${ports.api}`;
  const ofCluster = `${stackLabel}=shared/${cluster}`;
  await removeObjects(ofCluster);
  vi.stubEnv("XDG_STATE_HOME", join(folder, "state"));
  const answer = async (project: string) => (await get(`${project}.localhost`, "/")).body;
  try {
    await using first = new Repository("literal-port", "local");
    await using second = new Repository("literal-port", "local", "integration-second");
    expect(await first.start()).toContain(`start the shared cluster ${cluster}`);
    expect(await answer(first.project)).toBe("hello\n");
    const { Id } = await docker.getContainer(`${cluster}-node`).inspect();

    await locked(join(first.home, ".slipway/local"), "The stack", "slipway up", async () => expect(first.slipway("down").code).toBe(4));
    expect(await answer(first.project)).toBe("hello\n");

    await deployTemplate(installed, first.home);

    expect(await second.start()).not.toContain("start the shared cluster");
    expect(await answer(second.project)).toBe("hello\n");
    expect((await docker.getContainer(`${cluster}-node`).inspect()).Id).toBe(Id);
    expect((await namesOfObjects(ofCluster)).filter((object) => object.startsWith("container"))).toEqual([
      `container /${cluster}-node`,
      `container /${cluster}-registry`,
    ]);
    const { images } = JSON.parse(second.slipway("images", "--json").out) as { images: { repository: string; usedBy: string[] }[] };
    expect(images.map(({ repository, usedBy }) => [repository, usedBy])).toEqual([
      [`127.0.0.1:${ports.registry}/${second.project}-local/${second.project}`, [second.project]],
    ]);

    second.edit(`host: ${second.project}.localhost`, `host: ${first.project}.localhost`);
    const conflict = second.slipway("up");
    expect([conflict.code, conflict.out]).toEqual([
      1,
      expect.stringContaining(
        `slipway:services.${second.project}.host: ${first.project}.localhost is already served by namespace ${first.project}-local of the shared cluster.`,
      ),
    ]);

    // The ports of a container are fixed, so it is replaced; the objects of all stacks stay.
    second.edit(
      `host: ${first.project}.localhost`,
      `host: ${second.project}.localhost\n      publish: { raw: { port: ${otherPort}, targetPort: 3000 } }`,
    );
    const published = second.slipway("up");
    expect([published.code, published.out]).toEqual([0, expect.stringContaining(`publish ports of the shared cluster ${cluster}`)]);
    expect(
      await eventually(
        () => get("any", "/", { port: otherPort }),
        ({ status }) => status === 200,
      ),
    ).toMatchObject({ body: "hello\n" });
    expect(
      await eventually(
        () => answer(first.project),
        (body) => body === "hello\n",
      ),
    ).toBe("hello\n");
    expect(first.slipway("up").out).toMatch(/^9 unchanged/m);

    expect(second.slipway("down").out).toContain(
      `The shared cluster ${cluster} stays, because it is used by stack ${first.project}/local.\n`,
    );
    expect(await answer(first.project)).toBe("hello\n");
    expect(first.slipway("down").out).toContain(`The shared cluster ${cluster} is deleted, because no other stack uses it.\n`);
    expect(await namesOfObjects(ofCluster)).toEqual([]);
    expect(existsSync(join(folder, "state/slipway/clusters", cluster))).toBe(false);
  } finally {
    vi.unstubAllEnvs();
    await removeObjects(ofCluster);
  }
});

import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { parse } from "yaml";
import { init } from "../../../../cli/commands/init.ts";
import { formatInit, initAsJson } from "../../../../cli/init/format.ts";
import { defaults, onTerminal } from "../../../../cli/init/questions.ts";
import { checkSettings } from "../../../../config/check.ts";
import { formatProblem } from "../../../../lib/problem.ts";
import { loadPlatform } from "../../../../platforms/platform.ts";
import { expectedOf, initialized, repositories, Repository } from "./repositories.ts";

const rejected = ["foreign-project", "library", "no-module"];
const accepted = repositories.filter((name) => !rejected.includes(name));

describe("slipway init", () => {
  test.each(repositories)("prints and writes in the repository %s what is expected", async (name) => {
    expect(await initialized(name)).toBe(readFileSync(expectedOf(name), "utf8"));
  });

  test.each(accepted)("changes nothing when it runs a second time in %s", async (name) => {
    using repository = new Repository(name);
    await repository.init({ aws: true });
    const before = repository.files();
    const { files, units } = await repository.init({ aws: true });
    expect(files.map(({ state }) => state)).toEqual(files.map(() => "unchanged"));
    expect(units).toEqual([]);
    expect(repository.files()).toEqual(before);
  });

  test.each(repositories)("writes nothing in %s in a dry run", async (name) => {
    using repository = new Repository(name);
    const before = repository.files();
    await repository.init({ dryRun: true, aws: true }).catch(() => {});
    expect(repository.files()).toEqual(before);
  });

  test("prints the added lines of each file in a dry run", async () => {
    using repository = new Repository("pulumi-project");
    const text = formatInit(await repository.init({ dryRun: true }), ".", true);
    expect(text.split("\n\n")[0]).toBe(
      [
        "Nothing was written. It would write:",
        "~ Pulumi.local.yaml",
        "    +     slipway:platform: local",
        "    +     slipway:services:",
        "    +       queue:",
        '    +         source: "."',
        "    +         host: queue.localhost",
        "    +         probes: { kind: tcp }",
        "~ package.json",
        '    +         "slipway": "0.1.0",',
        "~ .gitignore",
        "    + .slipway/",
      ].join("\n"),
    );
  });

  test("finds programs above a folder of its own", async () => {
    using repository = new Repository("foreign-project");
    const { files } = await repository.init({ folder: "deploy" });
    expect(files.map(({ path, state }) => `${state} ${path}`)).toEqual([
      "created deploy/Pulumi.yaml",
      "created deploy/index.ts",
      "created deploy/stacks/Pulumi.local.yaml",
      "created deploy/package.json",
      "created deploy/.gitignore",
    ]);
    expect(parse(repository.read("deploy/stacks/Pulumi.local.yaml")).config["slipway:services"]).toEqual({
      infra: { source: "..", probes: { kind: "none" } },
    });
    expect(repository.read("Pulumi.yaml")).toBe("name: infra\nruntime: go\n");
  });

  test("writes nothing if one file cannot be written", async () => {
    using repository = new Repository("literal-port");
    repository.write("stacks", "a file");
    const before = repository.files();
    await expect(repository.init()).rejects.toThrow(/stacks.* Nothing was written\./);
    expect(repository.files()).toEqual(before);
  });

  test("leaves no passphrase behind if it fails before it writes", async () => {
    using repository = new Repository("compose");
    mkdirSync(join(repository.path, ".gitignore"));
    await expect(repository.init()).rejects.toThrow(
      ".gitignore: is not a file. Rename it, or use another folder: slipway init --dir deploy",
    );
    expect(repository.has(".slipway")).toBe(false);
  });

  test("rejects a program that is not Slipway's, unless it is that of a Pulumi project", async () => {
    using repository = new Repository("literal-port");
    repository.write("index.ts", "export {};\n");
    await expect(repository.init()).rejects.toThrow(
      "index.ts: exists and is not Slipway's program. Put Slipway into a subfolder: slipway init --dir deploy",
    );
  });

  test("adds the dependency and the type to package.json, in its own indentation", async () => {
    using repository = new Repository("literal-port");
    repository.write("package.json", '{\n\t"name": "hello",\n\t"dependencies": {\n\t\t"zod": "4.0.0",\n\t\t"htm": "3.0.0"\n\t}\n}');
    await repository.init();
    expect(repository.read("package.json").replace(/("slipway": )".*"/, '$1"…"')).toBe(
      '{\n\t"name": "hello",\n\t"dependencies": {\n\t\t"htm": "3.0.0",\n\t\t"slipway": "…",\n\t\t"zod": "4.0.0"\n\t},\n\t"type": "module"\n}',
    );
  });

  test("keeps the version of Slipway that package.json has", async () => {
    using repository = new Repository("literal-port");
    const text = '{ "type": "module", "devDependencies": { "slipway": "file:../slipway.tgz" } }\n';
    repository.write("package.json", text);
    await repository.init();
    expect(repository.read("package.json")).toBe(text);
  });

  test.each([
    ['{ "type": "commonjs" }', undefined, `package.json: has the type "commonjs", and Slipway's program is an ES module.`],
    [
      "{}",
      "server.js",
      `package.json: has no "type": "module", which Slipway's program needs, and with it Node.js would run server.js as an ES module.`,
    ],
  ])("rejects the package.json %s of CommonJS", async (text, script, message) => {
    using repository = new Repository("literal-port");
    repository.write("package.json", text);
    if (script !== undefined) repository.write(script, "");
    await expect(repository.init()).rejects.toThrow(`${message} Put Slipway into a subfolder: slipway init --dir deploy`);
  });

  test("says what is wrong with a broken package.json, Pulumi.yaml or stack file", async () => {
    using repository = new Repository("literal-port");
    repository.write("package.json", "{");
    await expect(repository.init()).rejects.toThrow(/^package\.json: /);
    repository.write("package.json", "{}");
    repository.write("Pulumi.yaml", "name: [");
    await expect(repository.init()).rejects.toThrow(/^Pulumi\.yaml: /);
    repository.write("Pulumi.yaml", "name: hello\nruntime: { name: nodejs }\n");
    repository.write("Pulumi.local.yaml", "config: [");
    await expect(repository.init()).rejects.toThrow(/^Pulumi\.local\.yaml: /);
  });

  test.each([
    ["", "config:\n  slipway:platform: local\n"],
    ["environment: [shared]\n", "environment: [shared]\nconfig:\n  slipway:platform: local\n"],
    ["config: {}\n", "config:\n  slipway:platform: local\n"],
    ["config: { aws:region: eu-central-1 }\n", "config:\n  aws:region: eu-central-1\n  slipway:platform: local\n"],
    ["# slipway:services\n", "# slipway:services\n"],
    ["config:\n  slipway:platform: docker\n", "config:\n  slipway:platform: docker\n  slipway:services:\n"],
  ])("adds its settings to the stack file %j", async (before, start) => {
    using repository = new Repository("pulumi-project");
    repository.write("Pulumi.local.yaml", before);
    await repository.init();
    const text = repository.read("Pulumi.local.yaml");
    expect(text.slice(0, start.length)).toBe(start);
    expect(parse(text).config["slipway:services"]).toEqual({
      queue: { source: ".", host: "queue.localhost", probes: { kind: "tcp" } },
    });
  });

  test("adds the stacks on AWS, which are rejected until their placeholders are replaced", async () => {
    using repository = new Repository("port-variable");
    await repository.init({ aws: true });
    const problemsOf = async (stack: string) => {
      const { config } = parse(repository.read(`stacks/Pulumi.${stack}.yaml`)) as { config: Record<string, unknown> };
      const input = Object.fromEntries(Object.entries(config).map(([key, value]) => [key.replace("slipway:", ""), value]));
      return (await checkSettings(input, loadPlatform)).problems.map(formatProblem);
    };
    const common = [
      'eks.region: is a placeholder (got "<AWS region, such as eu-central-1>"). Replace it.',
      'eks.endpoint.publicCidrs[0]: is a placeholder (got "<IP range of developers and pipelines, such as 203.0.113.0/24>"). Replace it.',
      'eks.access[0].principalArn: is a placeholder (got "<ARN of the IAM role that deploys>"). Replace it.',
      'eks.domain.name: is a placeholder (got "<domain, such as dev.example.org>"). Replace it.',
      `eks.domain.zoneId: is a placeholder (got "<ID of the domain's hosted zone in Route 53>"). Replace it.`,
      'services.todo-api.host: is a placeholder (got "<host of todo-api below the domain, such as todo-api.example.org>"). Replace it.',
    ];
    expect(await problemsOf("dev")).toEqual(common);
    expect(await problemsOf("staging")).toEqual(common.map((line) => line.replace("dev.example.org", "staging.example.org")));
    expect(await problemsOf("prod")).toEqual(
      common.filter((line) => !line.includes("publicCidrs")).map((line) => line.replace("dev.example.org", "example.org")),
    );
    expect(await problemsOf("local")).toEqual([]);
  });

  test("writes no secret of the Compose file in plain text", async () => {
    using repository = new Repository("compose");
    const result = await repository.init();
    const written = Object.entries(repository.files()).filter(([path]) => path !== "compose.yaml");
    expect(written.filter(([, text]) => text.includes("forum-pass-1"))).toEqual([]);
    expect(JSON.stringify(initAsJson(result, false))).not.toContain("forum-pass-1");
  });

  test.each([
    [
      "services:\n  web: { build: . }\n  db: { image: postgres:16, ports: ['5432:5432'], environment: { A: '${MISSING:?}' } }\n",
      "compose.yaml: requires variables that are not set. Set them in .env next to it, then import again:\n  - MISSING\n  It was not imported. Then run: slipway import compose.yaml --stack compose",
    ],
    [
      "services:\n  web: { build: . }\n  front: { build: ./front }\n",
      "compose.yaml: needs edits, so it was not imported. To create another stack from it: slipway import compose.yaml --stack compose\n  - services.front.build: has no front/Dockerfile; create it, or set source to the folder with it.",
    ],
  ])("does not import the Compose file %j, and says what to do", async (text, todo) => {
    using repository = new Repository("compose");
    repository.write("compose.yaml", text);
    const result = await repository.init();
    expect(result.todo).toEqual([todo]);
    expect(Object.keys(parse(repository.read("stacks/Pulumi.local.yaml")).config["slipway:services"])).toEqual(["forum"]);
    expect(repository.has(".slipway")).toBe(false);
  });

  test("gives a program another name than a service of the Compose file that it does not build", async () => {
    using repository = new Repository("literal-port");
    repository.write("compose.yaml", "services:\n  hello: { image: redis:7 }\n");
    await repository.init();
    const services = parse(repository.read("stacks/Pulumi.local.yaml")).config["slipway:services"];
    expect([services["hello-app"].calls, services["hello-app"].host, services.hello.image]).toEqual([
      ["hello"],
      "hello-app.localhost",
      "redis:7",
    ]);
  });

  test("finds the program of each service that the Compose file builds from one folder", async () => {
    using repository = new Repository("commands");
    repository.write("Dockerfile", "FROM golang\n");
    repository.write("compose.yaml", "services:\n  backend: { build: . }\n  worker: { build: . }\n  admin: { build: . }\n");
    const { imported } = await repository.init();
    expect(Object.keys(parse(repository.read("stacks/Pulumi.local.yaml")).config["slipway:services"])).toEqual([
      "admin",
      "backend",
      "worker",
    ]);
    expect(imported).toEqual([]);
  });

  test("lets programs call all services of a Compose file that does not have them", async () => {
    using repository = new Repository("compose");
    repository.write("compose.yaml", "services:\n  cache: { image: redis:7 }\n");
    await repository.init();
    const { config } = parse(repository.read("stacks/Pulumi.local.yaml"));
    const { forum, cache } = config["slipway:services"];
    expect([forum.calls, forum.after, cache.image]).toEqual([["cache"], ["cache", "migrate"], "redis:7"]);
  });
});

describe("the options of slipway init", () => {
  const options = { dir: ".", platform: "local", aws: false, yes: true, "dry-run": false, json: false };

  test.each([
    [{ platform: "eks" }, '--platform: must be local, docker or swarm (got "eks"). For AWS, use --aws.'],
    [{ dir: "../other" }, '--dir: must be a folder below this one (got "../other"). Run slipway init in the repository.'],
    [{ dir: "/srv" }, '--dir: must be a folder below this one (got "/srv"). Run slipway init in the repository.'],
  ])("%j is rejected", async (given, message) => {
    await expect(init.run({ ...options, ...given } as never, "", [])).rejects.toThrow(message);
  });
});

describe("questions", () => {
  /** Answers the questions of an initialization, in order. Undefined is Ctrl-C. */
  async function answer(repository: Repository, answers: (string | undefined)[]) {
    const [input, output] = [new PassThrough(), new PassThrough()];
    const asked: string[] = [];
    const terminal = onTerminal(input, output);
    output.on("data", (data: Buffer) => {
      const text = data.toString();
      if (!/[?:\]] $|\[[^\]]*\] $/.test(text)) return;
      asked.push(text);
      const next = answers.shift();
      if (next === undefined) terminal.close();
      else input.write(`${next}\n`);
    });
    try {
      return { result: await repository.init({ ask: terminal }), asked };
    } finally {
      terminal.close();
    }
  }

  test("decide about programs of which the source says too little, and about variables", async () => {
    using repository = new Repository("commands");
    const { result, asked } = await answer(repository, ["j", "admin", "https://queue.example.org"]);
    expect(asked).toEqual([
      "cmd/report: it does not listen, and nothing says that it keeps running. Deploy it as a service, as a job, or not? [s/j/N] ",
      "Deploy admin (service, cmd/admin), api (service, cmd/api), migrate (job, cmd/migrate), report (job, cmd/report), worker (service, cmd/worker)? Names to leave out, or Enter for all: ",
      "worker: value of QUEUE_URL (cmd/worker/main.go:12), Enter for none: ",
    ]);
    const { config } = parse(repository.read("stacks/Pulumi.local.yaml"));
    expect(Object.keys(config["slipway:services"])).toEqual(["api", "worker"]);
    expect(config["slipway:services"].worker.env).toEqual({ QUEUE_URL: "https://queue.example.org" });
    expect(Object.keys(config["slipway:jobs"])).toEqual(["migrate", "report"]);
    expect(result.units.flatMap(({ unset }) => unset)).toEqual([]);
    expect(result.skipped.map(({ folder }) => folder)).toEqual(["tools/gen", "cmd/admin"]);
  });

  test("do not ask for secrets", async () => {
    using repository = new Repository("port-variable");
    const { asked } = await answer(repository, [""]);
    expect(asked).toEqual(["todo-api: value of PARTNER_URL (internal/config/config.go:18), Enter for none: "]);
  });

  test("can leave the Compose file alone", async () => {
    using repository = new Repository("compose");
    const { result } = await answer(repository, ["", "", "n"]);
    expect(result.todo).toEqual([
      "compose.yaml: was not imported. To create another stack from it: slipway import compose.yaml --stack compose",
    ]);
  });

  test("write nothing after Ctrl-C", async () => {
    using repository = new Repository("commands");
    const before = repository.files();
    await expect(answer(repository, ["", undefined])).rejects.toThrow("Cancelled. Nothing was written.");
    expect(repository.files()).toEqual(before);
  });

  test("are answered with the defaults without a terminal", async () => {
    expect(await defaults.confirm("?")).toBe(true);
    expect(existsSync("Pulumi.yaml")).toBe(true);
  });
});

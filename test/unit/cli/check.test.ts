import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { checkProject, formatChecks, isClean } from "../../../cli/check.ts";
import { UserError } from "../../../lib/user-error.ts";

const checkout = process.cwd();
const digest = `registry.example/web@sha256:${"1".repeat(64)}`;
const service = `services: { web: { image: "${digest}", host: web.localhost } }`;

/** A project in a temporary folder, which uses this checkout as the package. */
class Project implements Disposable {
  readonly path = realpathSync(mkdtempSync(join(tmpdir(), "slipway-check-")));

  constructor(
    stacks: Record<string, string>,
    { typescript = false, program = `import slipway from "slipway";\nexport default () => slipway();\n` } = {},
  ) {
    mkdirSync(join(this.path, "stacks"));
    mkdirSync(join(this.path, "node_modules"));
    symlinkSync(checkout, join(this.path, "node_modules/slipway"));
    if (typescript) symlinkSync(resolve(checkout, "node_modules/typescript"), join(this.path, "node_modules/typescript"));
    this.write("Pulumi.yaml", "name: slipway\nruntime: nodejs\nmain: index.ts\nstackConfigDir: stacks\n");
    this.write("package.json", '{ "type": "module" }');
    this.write("index.ts", program);
    for (const [name, text] of Object.entries(stacks)) this.write(`stacks/Pulumi.${name}.yaml`, text);
    process.chdir(this.path);
  }

  private write(file: string, text: string): void {
    writeFileSync(join(this.path, file), text);
  }

  [Symbol.dispose](): void {
    process.chdir(checkout);
    rmSync(this.path, { recursive: true });
  }
}

const stack = (platform: string, more = service) => `config:\n  slipway:platform: ${platform}\n  slipway:${more}\n`;

describe("slipway check", () => {
  test("says that stacks are valid, with their score, and that types were not checked", async () => {
    using _project = new Project({ docker: stack("docker"), local: stack("local") });
    const checks = await checkProject([]);
    expect(formatChecks(checks)).toBe(
      [
        "- index.ts: types were not checked, because typescript is not installed. To check types: npm install --save-dev typescript @types/node",
        "✓ stack docker: valid, 100 of 100 points, 13 of 13 rules passed",
        "✓ stack local: valid, 100 of 100 points, 25 of 25 rules passed",
        "",
      ].join("\n"),
    );
    expect(isClean(checks)).toBe(true);
  });

  test("lists all problems of each stack", async () => {
    using _project = new Project({
      bad: stack("local", "services: { web: { image: 1, repliccas: 2 }, api: { port: 8080 } }"),
      worse: "config: [",
      local: stack("local"),
    });
    const checks = await checkProject([]);
    expect(formatChecks(checks).split("\n").slice(1)).toEqual([
      "✗ stack bad",
      '    The configuration of stack "bad" is invalid. In stacks/Pulumi.bad.yaml:',
      "      - slipway:services.web.image: must be a string (got 1).",
      '      - slipway:services.web.repliccas: is unknown. Did you mean "replicas"?',
      "      - slipway:services.api: must have either source (to build) or image (existing).",
      "✓ stack local: valid, 100 of 100 points, 25 of 25 rules passed",
      "✗ stack worse",
      expect.stringMatching(/^ {4}stacks\/Pulumi\.worse\.yaml: /),
      "",
      "    config: [",
      "             ^",
      "",
    ]);
    expect(isClean(checks)).toBe(false);
  });

  test("checks only the stacks that are named, and says that one does not exist", async () => {
    using _project = new Project({ local: stack("local"), bad: "config: [" });
    expect((await checkProject(["local"])).stacks.map(({ stack, problems }) => [stack, problems])).toEqual([["local", ""]]);
    expect((await checkProject(["prod"])).stacks[0]!.problems).toBe(
      'There is no stack "prod": stacks/Pulumi.prod.yaml does not exist. Known stacks: bad, local.',
    );
  });

  test("does not need the stack that has the cluster", async () => {
    const shared = (services: string) => `${stack("eks", services)}  slipway:eks: { region: us-east-1, stack: acme/platform/prod }\n`;
    const web = (more: string) => `services: { web: { image: "${digest}", host: www.example.org, ${more} }`;
    using _project = new Project({
      bad: shared(`${web("routes: [{ host: www.example.com }] }")}`),
      prod: shared(`${web("routes: [{ host: shop.example.org }] }")}`),
      worker: shared(`services: { worker: { source: "${checkout}/app", platforms: [linux/arm64] } }`),
    });
    const found = (await checkProject([])).stacks.map(({ stack, problems, errors }) => [stack, problems, errors]);
    expect(found).toEqual([
      [
        "bad",
        `Stack "bad" does not fit the cluster of stack "acme/platform/prod":\n  - slipway:services.web.routes[0].host: must be a subdomain of example.org, the domain of the certificate and the hosted zone (got "www.example.com").`,
        [],
      ],
      ["prod", "", []],
      ["worker", "", []],
    ]);
  });

  test("needs no passphrase for secrets", async () => {
    const secret = `services: { web: { image: "${digest}", secretEnv: { TOKEN: { secure: "v1:a:b" } } } }`;
    using _project = new Project({ local: `encryptionsalt: v1:x:v1:y:z\n${stack("local", secret)}` });
    expect((await checkProject([])).stacks).toMatchObject([{ stack: "local", problems: "", errors: [] }]);
  });

  test("lists policy errors", async () => {
    const text = `${stack("local")}  slipway:policy:\n    exceptions: [{ rule: image-by-digest, resource: Deployment web, reason: x, until: "2020-01-01" }]\n`;
    using _project = new Project({ local: text });
    const checks = await checkProject([]);
    expect(formatChecks(checks).split("\n").slice(1, 3)).toEqual([
      "✗ stack local: policy errors, 100 of 100 points, 25 of 25 rules passed",
      "    slipway:policy.exceptions[0]: expired on 2020-01-01 (image-by-digest, Deployment web). Fix the finding, or extend the exception.",
    ]);
    expect(isClean(checks)).toBe(false);
  });

  test("checks the types of the program if the project has typescript", async () => {
    const program = 'const port: number = "8080";\nexport default () => ({ port });\n';
    using _project = new Project({ local: "config: [" }, { typescript: true, program });
    const { types } = await checkProject([]);
    expect(types).toEqual({
      program: "index.ts",
      result: "failed",
      output: "index.ts(1,7): error TS2322: Type 'string' is not assignable to type 'number'.",
    });
    expect(formatChecks({ types, stacks: [] })).toBe(`✗ index.ts: types\n    ${types.output}\n`);
    expect(isClean({ types, stacks: [] })).toBe(false);
    expect(formatChecks({ types: { ...types, result: "passed", output: "" }, stacks: [] })).toBe("✓ index.ts: types\n");
  });

  test("asks for a project and a stack", async () => {
    using project = new Project({});
    await expect(checkProject([])).rejects.toThrow(new UserError("There is no stack file. Create one: slipway init"));
    rmSync(join(project.path, "Pulumi.yaml"));
    await expect(checkProject([])).rejects.toThrow(
      new UserError("Pulumi.yaml: does not exist here. Run slipway in the folder of a project, or create one: slipway init"),
    );
  });
});

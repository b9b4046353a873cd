import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { MockInstance } from "vitest";
import * as pulumi from "@pulumi/pulumi";
import { Ajv, type AnySchema } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";
import { parse } from "yaml";
import { checkProject } from "../../../cli/check.ts";
import { readStack } from "../../../config/stack-file.ts";
import slipway from "../../../program.ts";
import { templateFiles } from "../../../scripts/templates.ts";
import { scaffold } from "../../backstage.ts";
import { pulumiNew, type NewProject, type Template } from "../../pulumi-new.ts";
import { record, settle } from "../harness.ts";
import { awsOutputs, region } from "../platforms/aws-outputs.ts";
import { accountWithRoom, FakeAws } from "../platforms/fake-aws.ts";

const checkout = process.cwd();

// The Kubernetes API of the stack prod is not reachable from here, which is a warning.
let warn: MockInstance<typeof console.warn>;
beforeAll(() => void (warn = vi.spyOn(console, "warn").mockImplementation(() => {})));
afterAll(() => warn.mockRestore());

const templates = ["eks-platform", "eks-service", "kubernetes-service", "platform-library"];
const description = `The "shop": it's 100% fast # really`;

/** A folder for a project, which becomes the current one. It uses this checkout as the package. */
class Folder implements Disposable {
  readonly path = realpathSync(mkdtempSync(join(tmpdir(), "slipway-template-")));

  constructor() {
    mkdirSync(join(this.path, "node_modules"));
    symlinkSync(checkout, join(this.path, "node_modules/slipway"));
    process.chdir(this.path);
  }

  read(file: string): string {
    return readFileSync(join(this.path, file), "utf8");
  }

  /** Replaces texts in all stack files. */
  fill(values: Record<string, string>): void {
    for (const file of readdirSync("stacks")) {
      const text = Object.entries(values).reduce((text, [from, to]) => text.replaceAll(from, to), this.read(`stacks/${file}`));
      writeFileSync(join("stacks", file), text);
    }
  }

  [Symbol.dispose](): void {
    process.chdir(checkout);
    rmSync(this.path, { recursive: true });
  }
}

class Project extends Folder {
  constructor(template: string, values: Partial<NewProject> = {}) {
    super();
    rmSync(join(this.path, "stacks"), { recursive: true, force: true });
    pulumiNew(join(checkout, "templates", template), this.path, { name: "shop", description, ...values });
  }
}

/** Of each stack, what `slipway check` finds. */
const problemsOf = async () => (await checkProject([])).stacks.map(({ stack, problems, errors }) => [stack, problems, errors] as const);

/** Of each stack, the number of placeholders that `slipway check` finds. */
const placeholdersOf = async () =>
  (await problemsOf()).map(([stack, problems]) => [stack, problems.match(/is a placeholder/g)?.length ?? 0] as const);

test("generated files are up to date, and have the versions of this package (npm run fix updates them)", async () => {
  const files = await templateFiles();
  expect(Object.fromEntries(Object.keys(files).map((file) => [file, readFileSync(file, "utf8")]))).toEqual(files);
});

test("pulumi new lists these templates", () => {
  const found = readdirSync("templates").filter((name) => readdirSync(join("templates", name)).includes("Pulumi.yaml"));
  expect(found.sort()).toEqual(templates);
});

describe.each(templates)("the template %s", (template) => {
  test("becomes a project with its name and description", () => {
    using project = new Project(template);
    expect(parse(project.read("Pulumi.yaml"))).toMatchObject({
      name: "shop",
      description,
      runtime: { name: "nodejs", options: { typescript: false, packagemanager: "npm" } },
      stackConfigDir: "stacks",
    });
    expect(JSON.parse(project.read("package.json"))).toMatchObject({ name: "shop", type: "module" });
    expect(project.read("README.md")).toMatch(`# shop\n\n${description}\n`);
    rmSync("node_modules", { recursive: true });
    const files = readdirSync(".", { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
    const open = files.filter((file) => /\$\{(PROJECT|DESCRIPTION)\}/.test(readFileSync(join(file.parentPath, file.name), "utf8")));
    expect(open.map(({ name }) => name)).toEqual([]);
  });

  // From https://github.com/pulumi/pulumi/blob/master/sdk/go/common/workspace/project.json (Apache-2.0).
  test("is valid for Pulumi, before and after", () => {
    const schema = JSON.parse(readFileSync("test/fixtures/pulumi-project-schema.json", "utf8")) as AnySchema;
    const validate = new Ajv2020({ strict: false, allErrors: true }).compile(schema);
    const given = parse(readFileSync(join("templates", template, "Pulumi.yaml"), "utf8")) as object;
    using project = new Project(template);
    const found = [given, parse(project.read("Pulumi.yaml"))].map((one) => [validate(one), validate.errors]);
    expect(found).toEqual([
      [true, null],
      [true, null],
    ]);
    expect(validate({ ...given, template: { displayname: "A" } })).toBe(false);
  });

  test("describes itself and each question", () => {
    const { template: section } = parse(readFileSync(join("templates", template, "Pulumi.yaml"), "utf8")) as { template: Template };
    const texts = [
      section.displayName,
      section.description,
      section.quickstart,
      ...Object.values(section.config ?? {}).map((one) => one.description),
    ];
    for (const text of texts) expect(text).toMatch(/^\S.{9,}/);
  });
});

const ofPlatform = {
  "<AWS region, such as eu-central-1>": region,
  "<ARN of the IAM role that deploys>": "arn:aws:iam::111122223333:role/deployer",
  "<ID of the domain's hosted zone in Route 53>": "Z0123456789ABC",
  "<IP range of developers and pipelines, such as 203.0.113.0/24>": "203.0.113.0/24",
  "<domain, such as dev.example.org>": "dev.example.org",
  "<domain, such as staging.example.org>": "staging.example.org",
  "<domain, such as example.org>": "example.org",
};
const ofService = {
  "<AWS region of the cluster, such as eu-central-1>": region,
  "<stack of the platform, such as organization/platform/dev>": "organization/platform/dev",
  "<stack of the platform, such as organization/platform/prod>": "organization/platform/prod",
  "<host below the domain of the platform, such as web.dev.example.org>": "web.dev.example.org",
  "<host below the domain of the platform, such as web.example.org>": "web.example.org",
};

test.each([
  ["eks-platform", ["dev", "prod", "staging"], ofPlatform],
  ["eks-service", ["dev", "local", "prod"], ofService],
  ["platform-library", ["local"], {}],
])("the stacks of %s are valid once their placeholders are replaced", async (template, stacks, values) => {
  using project = new Project(template);
  for (const [stack, found] of await placeholdersOf()) {
    const written = project.read(`stacks/Pulumi.${stack}.yaml`).match(/[:-] <.*>$/gm) ?? [];
    expect([stack, found]).toEqual([stack, written.length]);
  }
  project.fill(values);
  expect(await problemsOf()).toEqual(stacks.map((stack) => [stack, "", []]));
});

test("a service of eks-service runs on the cluster of eks-platform", async () => {
  using _aws = accountWithRoom(new FakeAws(), region);
  const run = async (template: string, values: Record<string, string>, outputs: Record<string, unknown> = {}) => {
    using project = new Project(template);
    project.fill(values);
    const { config } = readStack("dev");
    const reference = { "pulumi:pulumi:StackReference": () => ({ outputs, secretOutputNames: [] }) };
    const program = () => {
      pulumi.runtime.setAllConfig(config);
      return slipway();
    };
    return record(program, { outputs: { ...awsOutputs, ...reference }, stack: "dev" });
  };
  const { value: platform } = await settle(pulumi.output((await run("eks-platform", ofPlatform)).result["platform"]));
  const { resources, result } = await run("eks-service", ofService, { platform });
  expect(result.urls).toEqual({ web: "https://web.dev.example.org/" });
  expect(resources.map(({ type }) => type)).not.toContain("aws:eks/cluster:Cluster");
  const kinds = ["aws:route53/record:Record", "kubernetes:networking.k8s.io/v1:Ingress", "pulumi:pulumi:StackReference"];
  expect(
    resources
      .filter(({ type }) => kinds.includes(type))
      .map(({ type, name }) => `${type} ${name}`)
      .sort(),
  ).toEqual([
    "aws:route53/record:Record web.dev.example.org",
    "kubernetes:networking.k8s.io/v1:Ingress web",
    "pulumi:pulumi:StackReference organization/platform/dev",
  ]);
});

describe("the template for Backstage", () => {
  // From @backstage/plugin-scaffolder-common 2.4.0 and @backstage/catalog-model 1.10.3 (Apache-2.0), without their examples.
  const schemas = JSON.parse(readFileSync("test/fixtures/backstage-schemas.json", "utf8")) as Record<string, AnySchema>;
  const ajv = new Ajv({ schemas: Object.values(schemas), strict: false, validateFormats: false, allErrors: true });
  const errorsOf = (schema: string, value: unknown) => {
    const validate = ajv.getSchema(schema)!;
    void validate(value);
    return validate.errors ?? [];
  };
  const template = parse(readFileSync("templates/backstage/template.yaml", "utf8")) as { spec: { parameters: Page[] } };
  interface Page {
    required: string[];
    properties: Record<string, { default?: unknown }>;
  }
  const parameters = {
    name: "orders",
    description: `The "orders": it's fast`,
    owner: "group:default/checkout",
    host: "orders.example.org",
    port: 3000,
    replicas: 3,
    environments: ["dev", "prod"],
    repoUrl: "github.com?owner=acme&repo=orders",
  };

  test("is valid for Backstage", () => {
    expect(errorsOf("TemplateV1beta3", template)).toEqual([]);
    expect(errorsOf("TemplateV1beta3", { ...template, spec: { steps: [{ id: "a" }] } })).toHaveLength(2);
  });

  test("has a form that accepts valid values only", () => {
    const errors = (values: object) =>
      template.spec.parameters.flatMap((page) => {
        const validate = ajv.compile({ type: "object", ...page });
        validate(values);
        return (validate.errors ?? []).map(({ instancePath, keyword }) => `${instancePath} ${keyword}`);
      });
    expect(errors(parameters)).toEqual([]);
    expect(
      errors({ ...parameters, name: "Orders", host: "orders", port: 0, replicas: "3", environments: ["test"], repoUrl: undefined }),
    ).toEqual(["/name pattern", "/host pattern", "/port minimum", "/replicas type", "/environments/0 enum", " required"]);
  });

  test("writes a project with a valid stack for each environment, and a component for the catalog", async () => {
    using folder = new Folder();
    const platform = join(folder.path, "..", `${folder.path}-template`);
    cpSync(join(checkout, "templates/backstage"), platform, { recursive: true });
    const others = scaffold(platform, parameters, folder.path);
    rmSync(platform, { recursive: true });
    expect(others).toEqual({
      "publish:github": { repoUrl: parameters.repoUrl, description: parameters.description, defaultBranch: "main" },
      "catalog:register": { catalogInfoPath: "/catalog-info.yaml" },
    });
    const component = parse(folder.read("catalog-info.yaml")) as object;
    expect(errorsOf("ComponentV1alpha1", component)).toEqual([]);
    expect(component).toMatchObject({
      metadata: { name: "orders", description: parameters.description, annotations: { "github.com/project-slug": "acme/orders" } },
      spec: { owner: "group:default/checkout" },
    });
    expect(parse(folder.read("Pulumi.yaml"))).toMatchObject({ name: "orders", description: parameters.description });
    expect(JSON.parse(folder.read("package.json"))).toMatchObject({ name: "orders" });
    expect(await placeholdersOf()).toEqual([
      ["dev", 2],
      ["local", 0],
      ["prod", 2],
    ]);
    folder.fill({ "<AWS region of the platform, such as eu-central-1>": region, ...ofService });
    expect(await problemsOf()).toEqual(["dev", "local", "prod"].map((stack) => [stack, "", []]));
    const service = (stack: string) => JSON.parse(readStack(stack).config["slipway:services"]!) as object;
    expect([service("dev"), service("prod")]).toEqual([
      { orders: { source: "app", port: 3000, host: "orders.dev.example.org", replicas: 3 } },
      { orders: { source: "app", port: 3000, host: "orders.example.org", replicas: 3 } },
    ]);
  });
});

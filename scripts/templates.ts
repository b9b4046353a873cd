import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import * as prettier from "prettier";
import { stringify } from "yaml";
import { awsStacks } from "../cli/init/aws-stacks.ts";
import { schemaComment, stackFileText } from "../cli/init/stack-files.ts";
import packageDescription from "../package.json" with { type: "json" };
import { backstageTemplate } from "./backstage.ts";

/** The template that the others share files with, because `pulumi new` and Backstage copy one folder. */
const source = "templates/eks-service";

/** Which files of it others have as they are. */
const copies: Record<string, string[]> = {
  "templates/kubernetes-service": [".gitignore", "tsconfig.json", "app/go.mod", "app/main.go"],
  "templates/eks-platform": [".gitignore", "tsconfig.json", "index.ts"],
  "templates/platform-library": ["tsconfig.json", "app/go.mod", "app/main.go"],
  "templates/backstage/skeleton": [".gitignore", "tsconfig.json", "index.ts", "app/go.mod", "app/main.go"],
};

/** The generated files in `templates/`: path → content. */
export async function templateFiles(): Promise<Record<string, string>> {
  const read = (file: string) => readFileSync(join(source, file), "utf8");
  const copied = Object.entries(copies).flatMap(([folder, files]) => files.map((file) => [join(folder, file), read(file)]));
  const platforms = awsStacks.map(({ name, head, eks }) => {
    const file = join("templates/eks-platform/stacks", `Pulumi.${name}.yaml`);
    const settings = { stack: name, platform: "eks" as const, more: { "slipway:eks": eks }, head };
    return [file, schemaComment("stacks") + stackFileText(file, undefined, settings, { services: {}, jobs: {}, assumptions: [] }, [])];
  });
  const packages = readdirSync("templates")
    .filter((name) => name !== "backstage")
    .map((name) => join("templates", name, "package.json"))
    .map((file) => [file, withVersions(readFileSync(file, "utf8"))]);
  const files = Object.fromEntries([...copied, ...platforms, ...packages]) as Record<string, string>;
  const formatted = Object.entries(files).map(async ([file, text]) => [file, await format(file, text)]);
  return { ...Object.fromEntries(await Promise.all(formatted)), ...(await backstageFiles()) };
}

/** A package.json with the versions of this package and of what it depends on itself. */
function withVersions(text: string): string {
  const { version, dependencies, devDependencies } = packageDescription;
  const own: Record<string, string> = { ...devDependencies, ...dependencies };
  const description = JSON.parse(text) as Record<string, Record<string, string> | undefined>;
  for (const kind of ["dependencies", "devDependencies", "peerDependencies"]) {
    const needed = description[kind] ?? {};
    for (const name of Object.keys(needed)) {
      if (name !== "slipway" && own[name] === undefined)
        throw new Error(`${name}: is not a dependency of Slipway, so its version is unknown.`);
      // Exact, as `slipway init` writes it. A library leaves the version to the project.
      needed[name] = name !== "slipway" ? `^${own[name]}` : kind === "peerDependencies" ? `^${version}` : version;
    }
  }
  return JSON.stringify(description);
}

const templateHead = `# Generated from config/schema by \`npm run fix\`. In your copy, set owner, and replace the <placeholders> in the step environments.
`;

/** The template for Backstage, whose skeleton is the template of a service on EKS with Backstage's placeholders. */
async function backstageFiles(): Promise<Record<string, string>> {
  const folder = "templates/backstage";
  const [project = ""] = readFileSync(join(source, "Pulumi.yaml"), "utf8").split("template:\n");
  const description = await format("package.json", withVersions(readFileSync(join(source, "package.json"), "utf8")));
  return {
    [`${folder}/template.yaml`]: templateHead + stringify(backstageTemplate(), { lineWidth: 0 }),
    [`${folder}/skeleton/Pulumi.yaml`]: withBackstagePlaceholders(project),
    [`${folder}/skeleton/package.json`]: withBackstagePlaceholders(description),
  };
}

/** `dump` quotes a text, for YAML too. */
function withBackstagePlaceholders(text: string): string {
  return text.replaceAll("${PROJECT}", "${{ values.name }}").replaceAll("${DESCRIPTION}", "${{ values.description | dump }}");
}

async function format(file: string, text: string): Promise<string> {
  const { inferredParser } = await prettier.getFileInfo(file);
  if (inferredParser === null) return text;
  return prettier.format(text, { ...(await prettier.resolveConfig(file)), filepath: file });
}

export async function writeTemplates(): Promise<void> {
  for (const [file, text] of Object.entries(await templateFiles())) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
}

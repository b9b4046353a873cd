import { lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse, parseDocument, stringify } from "yaml";

// What `pulumi new` does with a template, after CopyTemplateFiles, runNew and HandleConfig of the Pulumi CLI 3.27x:
// https://github.com/pulumi/pulumi/blob/master/pkg/cmd/pulumi/templates/project_templates.go and ../project/newcmd/. The CLI itself is in
// none of the package registries.

export interface NewProject {
  name: string;
  description: string;
  /** The first stack. @default - none is created (`--generate-only`) */
  stack?: string;
  /** Answers to the questions for the template's `config`; without one, the default is taken, as `--yes` does. */
  config?: Record<string, string>;
}

/** A template's section of Pulumi.yaml. */
export interface Template {
  displayName: string;
  description: string;
  quickstart: string;
  config?: Record<string, { description: string; default?: string; secret?: boolean }>;
}

/** Creates a project from a template, as `pulumi new <template> --name … --description … --stack … --config …` does. */
export function pulumiNew(template: string, folder: string, { name, description, stack, config = {} }: NewProject): void {
  copy(template, folder, { name, description });
  const file = join(folder, "Pulumi.yaml");
  const project = parseDocument(readFileSync(file, "utf8"));
  const { template: section, stackConfigDir = "." } = project.toJS() as { template: Template; stackConfigDir?: string };
  project.set("name", name);
  project.set("description", description);
  project.delete("template");
  project.setIn(["config", "pulumi:tags"], { value: { "pulumi:template": template } });
  writeFileSync(file, project.toString());

  if (stack === undefined) return;
  const stackFile = join(folder, stackConfigDir, `Pulumi.${stack}.yaml`);
  mkdirSync(join(stackFile, ".."), { recursive: true });
  const settings = parse(readOr(stackFile, "{}")) as { config?: object };
  // An empty answer is not saved.
  const answers = Object.entries(section.config ?? {}).map(([key, question]) => [
    qualified(name, key),
    config[key] ?? question.default ?? "",
  ]);
  const given = Object.fromEntries([...answers, ...Object.entries(config).map(([key, value]) => [qualified(name, key), value])]);
  const saved = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== ""));
  if (Object.keys(saved).length > 0) writeFileSync(stackFile, stringify({ ...settings, config: { ...settings.config, ...saved } }));
}

/** Without a namespace, a key is the project's. */
function qualified(project: string, key: string): string {
  return key.includes(":") ? key : `${project}:${key}`;
}

function readOr(file: string, fallback: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return fallback;
  }
}

function copy(from: string, to: string, values: { name: string; description: string }): void {
  mkdirSync(to, { recursive: true });
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const source = join(from, entry.name);
    if (entry.isDirectory()) {
      if (entry.name !== ".git") copy(source, join(to, entry.name), values);
      continue;
    }
    const content = readFileSync(source);
    const isBinary = content.subarray(0, 8000).includes(0);
    // In YAML, texts are quoted where needed. They then end with a line break.
    const inFile = source.endsWith(".yaml") ? { name: inYaml(values.name), description: inYaml(values.description) } : values;
    const text = isBinary ? content : filled(content.toString(), inFile);
    const target = join(to, filled(entry.name, { ...values, description: "" }));
    writeFileSync(target, text, { flag: "wx", mode: (lstatSync(source).mode & 0o777) | 0o600 });
  }
}

function inYaml(text: string): string {
  return stringify(text, { lineWidth: 0 });
}

function filled(text: string, { name, description }: { name: string; description: string }): string {
  return text.replaceAll("${PROJECT}", () => name).replaceAll("${DESCRIPTION}", () => description);
}

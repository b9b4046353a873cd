import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as prettier from "prettier";
import ts from "typescript";
import { componentSchemaFile } from "./component-schema.ts";

/** The folder of the pages, one for each component. */
export const componentDocsFolder = "docs/components";

/** What is needed of the schema (https://www.pulumi.com/docs/iac/guides/building-extending/packages/schema/). */
interface Schema {
  resources: Record<string, Shape & { inputProperties: Properties; requiredInputs: string[]; required: string[]; description: string }>;
  types: Record<string, Shape>;
}

interface Shape {
  description?: string;
  properties?: Properties;
  required?: string[];
  enum?: { value: string; description?: string }[];
}

interface Type {
  type?: string;
  $ref?: string;
  items?: Type;
  additionalProperties?: Type;
  /** Whether programs cannot pass an output. */
  plain?: boolean;
}

type Property = Type & { description?: string; deprecationMessage?: string };
type Properties = Record<string, Property>;

const localType = "#/types/slipway:index:";

/** The pages by their file names, from the plugin's schema and the examples of the classes. */
export async function componentDocs(): Promise<Map<string, string>> {
  const schema = JSON.parse(readFileSync(componentSchemaFile, "utf8")) as Schema;
  const examples = examplesOfClasses();
  const style = await prettier.resolveConfig(join(componentDocsFolder, "page.md"));
  const pages = new Map<string, string>();
  for (const token of Object.keys(schema.resources)) {
    const name = nameOf(token);
    const text = page(name, token, schema, examples.get(name));
    pages.set(`${name}.md`, await prettier.format(text, { ...style, parser: "markdown" }));
  }
  return pages;
}

export async function writeComponentDocs(): Promise<void> {
  const pages = await componentDocs();
  rmSync(componentDocsFolder, { recursive: true, force: true });
  mkdirSync(componentDocsFolder);
  for (const [file, text] of pages) writeFileSync(join(componentDocsFolder, file), text);
}

function page(name: string, token: string, schema: Schema, example: string | undefined): string {
  const { description, inputProperties, requiredInputs, properties = {} } = schema.resources[token]!;
  if (example === undefined) throw new Error(`${name}: its class needs an @example`);
  const types = typesBelow(inputProperties, schema);
  return [
    `<!-- Generated from the TSDoc in components/ by \`npm run fix\`. -->`,
    `# ${name}`,
    description,
    `\`\`\`ts\n${example}\n\`\`\``,
    `In YAML, its type is \`slipway:${name}\` ([PACKAGES](../PACKAGES.md)).`,
    "## Inputs",
    "The last column says whether programs may pass an output of another resource: for the input, or only for the values in its map or list.",
    inputTable(inputProperties, requiredInputs, schema),
    "## Outputs",
    ["| Output | Type | Meaning |", "| --- | --- | --- |", ...Object.entries(properties).map((entry) => outputRow(entry, schema))].join(
      "\n",
    ),
    ...(types.length > 0 ? ["## Types"] : []),
    ...types.flatMap((type) => section(type, schema)),
  ].join("\n\n");
}

function section(type: string, schema: Schema): string[] {
  const { description, properties, required = [], enum: values } = shapeOf(type, schema);
  const body = values
    ? ["| Value | Meaning |", "| --- | --- |", ...values.map((one) => `| \`${one.value}\` | ${cell(one.description ?? "")} |`)].join("\n")
    : inputTable(properties ?? {}, required, schema);
  return [`### ${type}`, ...(description === undefined ? [] : [description]), body];
}

function inputTable(properties: Properties, required: string[], schema: Schema): string {
  const isRequired = (key: string) => required.includes(key);
  const entries = Object.entries(properties).sort(([a], [b]) => Number(isRequired(b)) - Number(isRequired(a)));
  const rows = entries.map(([key, property]) => {
    const { meaning, fallback } = textsOf(property, schema);
    const byDefault = isRequired(key) ? "required" : cell(fallback ?? "–");
    return `| \`${key}\` | ${typeText(property, schema)} | ${cell(meaning)} | ${byDefault} | ${mayBeOutput(property)} |`;
  });
  return ["| Input | Type | Meaning | Default | Output |", "| --- | --- | --- | --- | --- |", ...rows].join("\n");
}

function outputRow([key, property]: [string, Property], schema: Schema): string {
  return `| \`${key}\` | ${typeText(property, schema)} | ${cell(textsOf(property, schema).meaning)} |`;
}

/** The schema has the default as the last paragraph of the description. Without a description of its own, a property has that of its type. */
function textsOf({ description = "", deprecationMessage, $ref = "" }: Property, schema: Schema): { meaning: string; fallback?: string } {
  const [own, fallback] = description.split(/(?:^|\n\n)Default: /);
  const meaning = own || (schema.types[$ref.slice("#/types/".length)]?.description ?? "");
  const deprecated = deprecationMessage === undefined ? "" : ` Deprecated: ${deprecationMessage}`;
  return { meaning: meaning + deprecated, ...(fallback !== undefined && { fallback: fallback.replace(/\.$/, "") }) };
}

function mayBeOutput(type: Type): string {
  if (!type.plain) return "yes";
  const inner = type.items ?? type.additionalProperties;
  if (inner && mayBeOutput(inner) !== "no") return "values";
  return "no";
}

function typeText(type: Type, schema: Schema): string {
  if (type.items) return `list of ${typeText(type.items, schema)}`;
  if (type.additionalProperties) return `map of ${typeText(type.additionalProperties, schema)}`;
  const { $ref } = type;
  if ($ref === undefined) return type.type ?? "any";
  // A resource of another package: `/docker/v5.2.0/schema.json#/resources/docker:index%2Fcontainer:Container`.
  if (!$ref.startsWith(localType)) return `\`${decodeURIComponent($ref.split("/").at(-1)!)}\``;
  const name = nameOf($ref);
  return isOfKubernetes(name, schema) ? `\`${name}\` of Kubernetes` : `[${name}](#${name.toLowerCase()})`;
}

/** The types that the inputs use, those below them too, in the order of their names. */
function typesBelow(properties: Properties, schema: Schema, found = new Set<string>()): string[] {
  const visit = (type: Type): void => {
    for (const inner of [type.items, type.additionalProperties]) if (inner) visit(inner);
    if (!type.$ref?.startsWith(localType)) return;
    const name = nameOf(type.$ref);
    if (found.has(name) || isOfKubernetes(name, schema)) return;
    found.add(name);
    typesBelow(shapeOf(name, schema).properties ?? {}, schema, found);
  };
  Object.values(properties).forEach(visit);
  return [...found].sort();
}

/** Kubernetes documents its types. Only `affinity` uses them. */
function isOfKubernetes(name: string, schema: Schema): boolean {
  return name === "Affinity" && shapeOf(name, schema).description === undefined;
}

function shapeOf(name: string, { types }: Schema): Shape {
  return types[`slipway:index:${name}`]!;
}

/** What the tag `@example` of the classes says, by their names. */
function examplesOfClasses(): Map<string, string> {
  const examples = new Map<string, string>();
  for (const file of readdirSync("components").filter((name) => name.endsWith(".ts"))) {
    const path = join("components", file);
    ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.Latest, true).forEachChild((node) => {
      if (!ts.isClassDeclaration(node) || !node.name) return;
      const tag = ts.getJSDocTags(node).find(({ tagName }) => tagName.text === "example");
      if (tag) examples.set(node.name.text, ts.getTextOfJSDocComment(tag.comment) ?? "");
    });
  }
  return examples;
}

/** Text for a cell of a table. */
function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll(/\s*\n\s*/g, " ");
}

/** `slipway:index:WebService` → `WebService`. */
function nameOf(token: string): string {
  return token.split(":").at(-1)!;
}

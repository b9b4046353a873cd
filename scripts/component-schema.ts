import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { Analyzer } from "@pulumi/pulumi/provider/experimental/analyzer.js";
import { getPulumiComponents } from "@pulumi/pulumi/provider/experimental/provider.js";
import { generateSchema, type PackageSpec } from "@pulumi/pulumi/provider/experimental/schema.js";
import ts from "typescript";
import * as components from "../components/index.ts";

/** The schema that the plugin serves. */
export const componentSchemaFile = "components/plugin/schema.json";

export async function writeComponentSchema(): Promise<void> {
  writeFileSync(componentSchemaFile, componentSchema());
}

/**
 * The text of components/plugin/schema.json: the components as other languages see them. The SDK's analyzer reads their TypeScript types;
 * it leaves out defaults and deprecations, which are added from the TSDoc.
 */
export function componentSchema(): string {
  const { name, version, description } = JSON.parse(readFileSync("package.json", "utf8")) as Record<
    "name" | "version" | "description",
    string
  >;
  const analyzer = createAnalyzer(name, new Set(getPulumiComponents(components).map((component) => component.name)));
  documentProperties(analyzer);
  const { components: found, typeDefinitions, dependencies } = analyzer.analyze();
  const schema = generateSchema(name, version, description, found, typeDefinitions, dependencies);
  documentTypes(schema, descriptions(analyzer.program), name);
  const { resources, types, language = {}, ...rest } = schema;
  // Without it, the Go SDK does not compile: it has no input types for lists of plain objects, and uses them.
  const go = { ...language["go"], generateExtraInputTypes: true };
  return `${JSON.stringify({ ...rest, language: { ...language, go }, displayName: "Slipway", license: "Apache-2.0", provider: {}, resources: sorted(resources), types: sorted(types) }, null, 2)}\n`;
}

/** What is needed of the analyzer's internals. */
interface Internals {
  program: ts.Program;
  checker: ts.TypeChecker;
  analyze: Analyzer["analyze"];
  analyzeSymbol(context: object, symbol: ts.Symbol): { $ref?: string; description?: string; deprecationMessage?: string };
}

/** The analyzer reads the files of a tsconfig.json. That of the repository has the tests too, which take most of the time. */
function createAnalyzer(name: string, componentNames: Set<string>): Internals {
  mkdirSync(".slipway", { recursive: true });
  const folder = mkdtempSync(resolve(".slipway", "schema-"));
  const from = (path: string) => relative(folder, resolve(path));
  try {
    const entry = from("components/index.ts");
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ extends: from("tsconfig.json"), include: [], files: [entry] }));
    return new Analyzer(folder, name, { main: entry }, componentNames) as unknown as Internals;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Adds what the tags of properties say. */
function documentProperties(analyzer: Internals): void {
  const analyzeSymbol = analyzer.analyzeSymbol.bind(analyzer);
  analyzer.analyzeSymbol = (context, symbol) => {
    // Properties of Pick<…> and Omit<…> have no declaration of their own. The analyzer would take their type for `any`.
    symbol.valueDeclaration ??= symbol.declarations?.[0];
    const property = analyzeSymbol(context, symbol);
    if (property.$ref === "pulumi.json#/Any") throw new Error(`${symbol.name}: its type is lost in the schema`);
    const tags = symbol.getJsDocTags(analyzer.checker);
    const textOf = (name: string) => ts.displayPartsToString(tags.find((tag) => tag.name === name)?.text) || undefined;
    const [fallback, deprecated] = [textOf("default"), textOf("deprecated")];
    const texts = [property.description, fallback && `Default: ${fallback.replace(/^- /, "")}`].filter(Boolean);
    if (texts.length > 0) property.description = texts.join("\n\n");
    if (deprecated !== undefined) property.deprecationMessage = deprecated;
    return property;
  };
}

/** What the comments of the interfaces and enums say, by their names. */
function descriptions(program: ts.Program): Map<string, string> {
  const texts = new Map<string, string>();
  const add = (name: ts.Node, node: ts.Node) => {
    const comments = ts.getJSDocCommentsAndTags(node).filter(ts.isJSDoc);
    const text = comments.map(({ comment }) => ts.getTextOfJSDocComment(comment) ?? "").join("\n");
    if (text) texts.set(name.getText(), text);
  };
  for (const file of program.getSourceFiles().filter(({ fileName }) => !fileName.includes("/node_modules/")))
    file.forEachChild((node) => {
      if (ts.isInterfaceDeclaration(node)) add(node.name, node);
      if (ts.isVariableStatement(node)) for (const { name } of node.declarationList.declarations) add(name, node);
    });
  return texts;
}

function documentTypes({ types }: PackageSpec, texts: Map<string, string>, name: string): void {
  for (const [token, type] of Object.entries(types)) {
    const description = texts.get(token.slice(`${name}:index:`.length));
    if (description !== undefined) type.description = description;
  }
}

function sorted<T>(entries: Record<string, T>): Record<string, T> {
  return Object.fromEntries(Object.entries(entries).sort(([a], [b]) => (a < b ? -1 : 1)));
}

import { globSync } from "node:fs";
import { resolve } from "node:path";
import ts from "typescript";
import type { Registered } from "./render.ts";

/**
 * Compares resources with the types of Pulumi's AWS provider. Inputs must have no unknown properties at any depth, no missing ones, and no
 * values of a wrong type: the compiler checks them as literals, which is strict. The sources must pass no properties that the provider's
 * classes do not know, because the classes drop them silently.
 */
export function problemsWithTypes(resources: Registered[]): string[] {
  // Stacks share most of their resources.
  const distinct = new Map(resources.map((resource) => [resource.type + JSON.stringify(resource.inputs), resource]));
  const ofAws = [...distinct.values()].filter(({ type }) => type.startsWith("aws:"));
  const generated = resolve("inputs-of-aws.ts");
  const lines = ofAws.map(({ type, inputs }, i) => {
    const [, module, kind] = /^aws:(\w+)\/\w+:(\w+)$/.exec(type) ?? [];
    return `export const inputs${i}: aws.${module}.${kind}Args = ${JSON.stringify(inputs)};`;
  });
  const text = ['import type * as aws from "@pulumi/aws";', ...lines].join("\n");
  const program = compile(generated, text);
  const inInputs = program.getSemanticDiagnostics(program.getSourceFile(generated)).map(({ start = 0, messageText }) => {
    const line = text.slice(0, start).split("\n").length - 2;
    return `${ofAws[line]!.type} ${ofAws[line]!.name}: ${ts.flattenDiagnosticMessageText(messageText, " ")}`;
  });
  const sources = program
    .getSourceFiles()
    .filter(({ fileName }) => /\/(components|platforms)\//.test(fileName) && !fileName.includes("/node_modules/"));
  return [...inInputs, ...sources.flatMap((source) => unknownProperties(source, program.getTypeChecker()))].sort();
}

function compile(generated: string, text: string): ts.Program {
  const { config } = ts.readConfigFile("tsconfig.json", (file) => ts.sys.readFile(file)) as { config: unknown };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, ".");
  const disk = ts.createCompilerHost(options);
  const host: ts.CompilerHost = {
    ...disk,
    // The comments of the provider's types are longer than the types.
    jsDocParsingMode: ts.JSDocParsingMode.ParseNone,
    fileExists: (file) => file === generated || disk.fileExists(file),
    getSourceFile: (file, target, ...rest) =>
      file === generated ? ts.createSourceFile(file, text, target) : disk.getSourceFile(file, target, ...rest),
  };
  return ts.createProgram([generated, ...globSync("{components,platforms}/**/*.ts").map((file) => resolve(file))], options, host);
}

/** Properties that a source passes to AWS resources and that are not arguments of them. */
function unknownProperties(source: ts.SourceFile, types: ts.TypeChecker): string[] {
  const problems: string[] = [];
  const visit = (node: ts.Node) => {
    ts.forEachChild(node, visit);
    if (!ts.isNewExpression(node) || !/^aws\.\w+\.\w+$/.test(node.expression.getText())) return;
    const given = node.arguments?.[1];
    const parameter = types.getResolvedSignature(node)?.getParameters()[1];
    if (!given || !parameter) return;
    const known = types.getPropertiesOfType(types.getNonNullableType(types.getTypeOfSymbolAtLocation(parameter, node)));
    const names = new Set(known.map(({ name }) => name));
    for (const { name } of types.getPropertiesOfType(types.getTypeAtLocation(given)))
      if (!names.has(name)) problems.push(`${source.fileName.slice(resolve(".").length + 1)}: ${node.expression.getText()} has no ${name}`);
  };
  visit(source);
  return problems;
}

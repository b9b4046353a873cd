import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { Extractor, ExtractorConfig, ExtractorLogLevel, type ExtractorMessage } from "@microsoft/api-extractor";
import { command } from "../lib/command.ts";
import { UserError } from "../lib/user-error.ts";

/** The entry points of the package whose types others use, and their declarations. */
const entryPoints = { program: "start.d.ts", components: "components/index.d.ts" };

/**
 * Reports of everything that the package exports, `api/*.api.md`: a change of them in a pull request is a change for users. Written by
 * https://api-extractor.com.
 *
 * @param folder Where the reports are written. @default "api"
 */
export async function writeApiReports(folder = "api"): Promise<void> {
  mkdirSync(".slipway", { recursive: true });
  const declarations = mkdtempSync(join(".slipway", "declarations-"));
  try {
    const typeChecker = join("node_modules", "typescript-native", "bin", "tsc");
    const options = ["--declaration", "--emitDeclarationOnly", "--outDir", declarations];
    await command(process.execPath, [typeChecker, "--project", "tsconfig.package.json", ...options], { lines: Infinity });
    for (const [name, file] of Object.entries(entryPoints)) extract(name, join(declarations, file), folder);
  } finally {
    rmSync(declarations, { recursive: true });
  }
}

function extract(name: string, declarations: string, folder: string): void {
  mkdirSync(folder, { recursive: true });
  const problems: string[] = [];
  const config = ExtractorConfig.prepare({
    configObjectFullPath: undefined,
    packageJsonFullPath: resolve("package.json"),
    configObject: {
      projectFolder: resolve("."),
      mainEntryPointFilePath: resolve(declarations),
      compiler: { tsconfigFilePath: resolve("tsconfig.package.json") },
      newlineKind: "lf",
      apiReport: { enabled: true, reportFileName: name, reportFolder: resolve(folder), reportTempFolder: resolve(".slipway", "api") },
    },
  });
  Extractor.invoke(config, {
    localBuild: true,
    messageCallback(message: ExtractorMessage) {
      // Warnings about the style of comments are in the reports.
      if (message.logLevel === ExtractorLogLevel.Error) problems.push(message.formatMessageWithLocation(undefined));
      message.handled = true;
    },
  });
  if (problems.length > 0) throw new UserError(`The API report of ${name} cannot be written:\n${problems.join("\n")}`);
}

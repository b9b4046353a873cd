import { accessSync, constants, mkdirSync, statSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { version } from "@pulumi/pulumi/version.js";
import { cacheFolder } from "../lib/cache-folder.ts";
import { step } from "../lib/progress.ts";

/** How to install the Pulumi CLI by hand. */
export const installPage = "https://www.pulumi.com/docs/iac/download-install/";

const downloads = "https://get.pulumi.com/install.sh";
const answerSeconds = 3;

/** Written after a failed download. */
const failed = cacheFolder("pulumi-cannot-be-downloaded");
const daySeconds = 24 * 60 * 60;

/** Path of the Pulumi CLI: the one on the PATH, or the one that the SDK's Automation API has installed for this version. */
export function findPulumi(): string | undefined {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), join(installRoot(), "bin")];
  return folders.map((folder) => join(folder, "pulumi")).find(isExecutable);
}

/** Path of the Pulumi CLI, downloaded if missing. Undefined if it cannot be downloaded; the next attempt is made a day later. */
export async function getPulumi(): Promise<string | undefined> {
  const found = findPulumi();
  if (found || ageSeconds(failed) < daySeconds) return found;
  try {
    const answer = await fetch(downloads, { method: "HEAD", signal: AbortSignal.timeout(answerSeconds * 1000) });
    if (!answer.ok) throw new Error(`${downloads} answers ${answer.status}`);
    const { PulumiCommand } = await import("@pulumi/pulumi/automation/index.js");
    const { default: semver } = await import("semver");
    await step(`install Pulumi CLI ${version}`, () => PulumiCommand.install({ version: new semver.SemVer(version), root: installRoot() }));
    return findPulumi();
  } catch {
    mkdirSync(dirname(failed), { recursive: true });
    writeFileSync(failed, "");
    return undefined;
  }
}

function installRoot(): string {
  return join(process.env["PULUMI_HOME"] ?? join(homedir(), ".pulumi"), "versions", version);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

function ageSeconds(file: string): number {
  try {
    return (Date.now() - statSync(file).mtimeMs) / 1000;
  } catch {
    return Infinity;
  }
}

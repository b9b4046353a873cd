import { existsSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { cacheFolder } from "../lib/cache-folder.ts";
import { command, succeeds } from "../lib/command.ts";
import { UserError } from "../lib/user-error.ts";
import { installPackages, takesPackages } from "../setup/debian-packages.ts";
import { step } from "../lib/progress.ts";
import { sourceHash } from "../lib/source-hash.ts";

/**
 * Virtual environments with packages from PyPI that tests use, and the main ones of each. There are two because checkov pins an old boto3, and
 * the newest one knows recent parameters of AWS. `python-programs/<environment>/requirements.txt` pins all packages by hash.
 */
const environments = { scanners: "checkov and parliament", aws: "cfn-lint, boto3 and moto" };

export type PythonEnvironment = keyof typeof environments;

/** Path of a program in an environment, such as `python`. The first call installs the environment into a folder of the cache. */
export async function pythonProgram(environment: PythonEnvironment, name: string): Promise<string> {
  const pins = join(import.meta.dirname, "python-programs", environment);
  const folder = cacheFolder("python-programs", await sourceHash(pins));
  const complete = join(folder, "complete");
  if (!existsSync(complete)) {
    await ensurePython(environments[environment]);
    const install = async () => {
      // pip cannot repair an interrupted installation.
      await rm(folder, { recursive: true, force: true });
      await command("python3", ["-m", "venv", folder]);
      const options = ["--quiet", "--disable-pip-version-check", "--require-hashes"];
      await command(join(folder, "bin/pip"), ["install", ...options, "--requirement", join(pins, "requirements.txt")]);
      await writeFile(complete, "");
    };
    await step(`install ${environments[environment]}`, install);
  }
  return join(folder, "bin", name);
}

async function ensurePython(packages: string): Promise<void> {
  const works = () => succeeds("python3", ["-c", "import sys, ensurepip; sys.exit(sys.version_info < (3, 11))"]);
  if (await works()) return;
  if (takesPackages) await installPackages("python3", "python3-venv");
  if (!(await works()))
    throw new UserError(
      `Python 3.11 or newer with the module venv is missing, so ${packages} cannot be installed. Install it: https://www.python.org/downloads/`,
    );
}

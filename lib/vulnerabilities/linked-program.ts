import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildIdOf, haveSamePackages } from "../attestations/go-modules.ts";
import { runGo } from "../go-command.ts";
import { UserError } from "../user-error.ts";
import type { VulnerabilityDatabase } from "./database.ts";
import { scanProgram, toolchainOf, type GoReport } from "./govulncheck.ts";

/** How Go links a program. */
export interface LinkedProgram {
  folder: string;
  package: string;
  env: Record<string, string>;
  /** Arguments of `go` without link flags, the output and the package. */
  flags: string[];
  linkFlags: string;
}

/**
 * Finds the vulnerabilities whose functions are in a program. The program in an image has no symbols, so that nobody can see which functions it
 * has. It is linked again with them, which is quick because its packages are compiled already.
 *
 * @param buildId Go's ID of the program in the image, which may be known only later.
 * @throws UserError if the source has changed since the program was compiled.
 */
export async function scanLinked(
  program: LinkedProgram,
  buildId: Promise<string | undefined>,
  database: VulnerabilityDatabase,
): Promise<GoReport> {
  const folder = await mkdtemp(join(tmpdir(), "slipway-linked-"));
  try {
    const file = join(folder, "app");
    // Without debug information, which govulncheck does not need: Go links faster.
    const linkFlags = `${program.linkFlags.replace(/(^|\s)-{1,2}[sw](=true)?(?=\s|$)/g, "")} -w`;
    const { failed, log } = await runGo(
      [...program.flags, `-ldflags=${linkFlags}`, "-o", file, program.package],
      program.folder,
      program.env,
    );
    if (failed) throw new UserError(`${program.folder}: cannot be linked with symbols, to look for vulnerabilities.\n${log}`);
    if (!haveSamePackages(buildIdOf(await readFile(file)), await buildId))
      throw new UserError(
        `${program.folder}: has changed since the image was built, so its vulnerabilities are not known. Run slipway up again.`,
      );
    const { version } = await toolchainOf(program);
    return await scanProgram(file, version, database);
  } finally {
    await rm(folder, { recursive: true });
  }
}

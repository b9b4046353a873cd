import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildIdOf, haveSamePackages } from "../attestations/go-modules.ts";
import { runGo } from "../go-command.ts";
import { UserError } from "../user-error.ts";
import type { VulnerabilityDatabase } from "./database.ts";
import { scanProgram, type GoReport } from "./govulncheck.ts";

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
 * @param buildId Go's ID of the program in the image.
 * @throws UserError if the source has changed since the program was compiled.
 */
export async function scanLinked(program: LinkedProgram, buildId: string | undefined, database: VulnerabilityDatabase): Promise<GoReport> {
  const folder = await mkdtemp(join(tmpdir(), "slipway-linked-"));
  try {
    const file = join(folder, "app");
    const linkFlags = program.linkFlags.replace(/(^|\s)-{1,2}[sw](=true)?(?=\s|$)/g, "");
    const { failed, log } = await runGo(
      [...program.flags, `-ldflags=${linkFlags}`, "-o", file, program.package],
      program.folder,
      program.env,
    );
    if (failed) throw new UserError(`${program.folder}: cannot be linked with symbols, to look for vulnerabilities.\n${log}`);
    if (!haveSamePackages(buildIdOf(await readFile(file)), buildId))
      throw new UserError(
        `${program.folder}: has changed since the image was built, so its vulnerabilities are not known. Run slipway up again.`,
      );
    return await scanProgram(file, database);
  } finally {
    await rm(folder, { recursive: true });
  }
}

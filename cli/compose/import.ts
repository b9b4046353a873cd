import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { stringify } from "yaml";
import { UserError } from "../../lib/user-error.ts";
import { checkSettings } from "../../config/check.ts";
import { lockableImages, withExampleDigests } from "../../config/locked-images.ts";
import { formatProblem } from "../../lib/problem.ts";
import { loadPlatform } from "../../platforms/platform.ts";
import { convertCompose, type Converted } from "./convert.ts";
import { readCompose } from "./project.ts";

/** The result of an import. */
export interface Imported {
  /** Path of the stack file that was created. */
  stackFile: string;
  /** Names of the imported services. */
  services: string[];
  /** Names of those whose image is a tag, which slipway lock records the digest of. */
  tagged: string[];
  /** Keys of the Compose file that are missing or different in the stack file. */
  notes: Converted["notes"];
  /** Errors in the stack file that must be fixed before it can be deployed. */
  problems: string[];
}

/**
 * Writes a stack file with the services of a Compose file. An existing stack file is never overwritten.
 *
 * @throws UserError if the file is not a Compose file or has no services, or if the stack exists.
 */
export async function importCompose(file: string, stack: string, profiles: string[]): Promise<Imported> {
  const stackFile = join("stacks", `Pulumi.${stack}.yaml`);
  if (!existsSync(file)) throw new UserError(`${file}: does not exist. Name the Compose file: slipway import <file> --stack ${stack}`);
  if (existsSync(stackFile))
    throw new UserError(`${stackFile}: already exists and was not changed. Choose another name: slipway import ${file} --stack <name>`);
  const { services, notes } = convertCompose(await readCompose(file, profiles), { folder: process.cwd(), stack });
  if (Object.keys(services).length === 0)
    throw new UserError(
      `${file}: has no services${profiles.length === 0 ? ". If all services have profiles, name one with --profile" : ` in ${profiles.join(" and ")}`}.`,
    );
  const text = stringify({ config: { "slipway:platform": "local", "slipway:services": services } }, options);
  mkdirSync(dirname(stackFile), { recursive: true });
  writeFileSync(stackFile, `# yaml-language-server: $schema=./schema.json\n${text}`, { flag: "wx" });
  const tagged = Object.keys(lockableImages(services));
  const { problems } = await checkSettings({ platform: "local", services: withExampleDigests(services) }, loadPlatform);
  return { stackFile, services: Object.keys(services), tagged, notes, problems: problems.map(formatProblem) };
}

/** Quotes words such as `yes`, which YAML 1.1 parsers read as true. */
const options = { lineWidth: 0, version: "1.1", aliasDuplicateObjects: false } as const;

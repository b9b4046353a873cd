import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Document, isMap as isYamlMap, isScalar } from "yaml";
import { UserError } from "../../lib/user-error.ts";
import { checkSettings } from "../../config/check.ts";
import { lockableImages, withExampleDigests } from "../../config/locked-images.ts";
import type { Platform } from "../../config/schema/setting.ts";
import { formatProblem } from "../../lib/problem.ts";
import { newPassphraseKey, seal } from "../../lib/secrets.ts";
import { loadPlatform } from "../../platforms/platform.ts";
import { convertCompose, type Assumption, type Converted, type Settings } from "./convert.ts";
import { Secret } from "./credentials.ts";
import { readCompose } from "./project.ts";

/** The result of an import. */
export interface Imported {
  /** Path of the stack file that was created. */
  stackFile: string;
  /** Names of the imported services and jobs. */
  services: string[];
  jobs: string[];
  /** Names of those whose image is a tag or whose user is a name: `slipway lock` looks them up. */
  lockable: string[];
  /** Keys of the Compose file that are missing or different in the stack file. */
  notes: Converted["notes"];
  /** What the Compose file does not say. Each is a comment in the stack file. */
  assumptions: Assumption[];
  /** Number of values that are encrypted in the stack file. */
  secrets: number;
  /** Whether they are encrypted with the passphrase of this checkout, because none was set. */
  hasLocalPassphrase: boolean;
  /** Errors in the stack file that must be fixed before it can be deployed. */
  problems: string[];
}

export interface ImportOptions {
  stack: string;
  platform: Platform;
  profiles: string[];
}

/**
 * Writes a stack file with the services of a Compose file. An existing stack file is never overwritten.
 *
 * @throws UserError if the file is not a Compose file, requires variables that are not set or has no services, or if the stack exists.
 */
export async function importCompose(file: string, { stack, platform, profiles }: ImportOptions): Promise<Imported> {
  const stackFile = join("stacks", `Pulumi.${stack}.yaml`);
  if (!existsSync(file)) throw new UserError(`${file}: does not exist. Name the Compose file: slipway import <file> --stack ${stack}`);
  if (existsSync(stackFile))
    throw new UserError(`${stackFile}: already exists and was not changed. Choose another name: slipway import ${file} --stack <name>`);
  const { services, jobs, notes, assumptions } = convertCompose(await readCompose(file, profiles), {
    folder: process.cwd(),
    stack,
    platform,
  });
  if (Object.keys(services).length === 0)
    throw new UserError(
      `${file}: has no services${profiles.length === 0 ? ". If all services have profiles, name one with --profile" : ` in ${profiles.join(" and ")}`}.`,
    );
  const sealed = sealAll({ services, jobs });
  mkdirSync(dirname(stackFile), { recursive: true });
  writeFileSync(stackFile, yamlOf(sealed, platform, assumptions), { flag: "wx" });
  const plain = plainOf({ services, jobs }) as Record<"services" | "jobs", Record<string, Settings>>;
  const { problems } = await checkSettings(
    { platform, services: withExampleDigests(plain.services), jobs: withExampleDigests(plain.jobs) },
    loadPlatform,
  );
  return {
    stackFile,
    services: Object.keys(services),
    jobs: Object.keys(jobs),
    lockable: Object.keys({ ...lockableImages(plain.services), ...lockableImages(plain.jobs) }),
    notes,
    assumptions,
    secrets: sealed.count,
    hasLocalPassphrase: sealed.isLocal,
    problems: problems.map(formatProblem),
  };
}

export interface Sealed {
  value: Record<"services" | "jobs", Record<string, Settings>>;
  count: number;
  salt: string | undefined;
  isLocal: boolean;
}

/** Encrypts all secrets, as `pulumi config set --secret` does. */
export function sealAll(all: Sealed["value"]): Sealed {
  let count = 0;
  let made: ReturnType<typeof newPassphraseKey> | undefined;
  const value = replaced(all, ({ value }) => {
    made ??= newPassphraseKey();
    count++;
    return { secure: seal(made.key, value) };
  }) as Sealed["value"];
  return { value, count, salt: made?.salt, isLocal: made?.isLocal ?? false };
}

/** Settings with their secrets in plain text. */
export function plainOf(value: unknown): unknown {
  return replaced(value, (secret) => secret.value);
}

/** A copy of a value in which every secret is replaced. */
export function replaced(value: unknown, by: (secret: Secret) => unknown): unknown {
  if (value instanceof Secret) return by(value);
  if (Array.isArray(value)) return value.map((item) => replaced(item, by));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, below]) => [key, replaced(below, by)]));
}

function yamlOf({ value: { services, jobs }, salt }: Sealed, platform: Platform, assumptions: Assumption[]): string {
  const config = {
    "slipway:platform": platform,
    "slipway:services": services,
    ...(Object.keys(jobs).length > 0 && { "slipway:jobs": jobs }),
  };
  // YAML 1.1 quotes words such as `yes`, which its parsers read as true.
  const document = new Document(
    { ...(salt !== undefined && { encryptionsalt: salt }), config },
    { version: "1.1", aliasDuplicateObjects: false },
  );
  for (const { path, text } of assumptions) comment(document, ["config", `slipway:${path[0]}`, ...path.slice(1)], text);
  const body = document.toString({ lineWidth: 0, directives: false });
  return `# yaml-language-server: $schema=./schema.json\n${body}`;
}

/** Writes a comment above a key. */
function comment(document: Document, path: string[], text: string): void {
  const parent = document.getIn(path.slice(0, -1), true);
  const pair = isYamlMap(parent) ? parent.items.find(({ key }) => isScalar(key) && key.value === path.at(-1)) : undefined;
  if (pair && isScalar(pair.key)) pair.key.commentBefore = [pair.key.commentBefore, ` ${text}`].filter(Boolean).join("\n");
}

import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { stringify } from "yaml";
import { dockerClient } from "../../lib/docker-client.ts";
import { UserError } from "../../lib/user-error.ts";
import { checkSettings } from "../../config/check.ts";
import { formatProblem } from "../../lib/problem.ts";
import { loadPlatform } from "../../platforms/platform.ts";
import { step } from "../../lib/progress.ts";
import { convertCompose, type Converted, type Service } from "./convert.ts";
import { readCompose } from "./project.ts";

/** The result of an import. */
export interface Imported {
  /** Path of the stack file that was created. */
  stackFile: string;
  /** Names of the imported services. */
  services: string[];
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
  const converted = convertCompose(await readCompose(file, profiles), { folder: process.cwd(), stack });
  const { services, notes } = converted;
  if (Object.keys(services).length === 0)
    throw new UserError(
      `${file}: has no services${profiles.length === 0 ? ". If all services have profiles, name one with --profile" : ` in ${profiles.join(" and ")}`}.`,
    );
  await step("look up image digests", () => useDigests(converted));
  const text = stringify({ config: { "slipway:platform": "local", "slipway:services": services } }, options);
  mkdirSync(dirname(stackFile), { recursive: true });
  writeFileSync(stackFile, `# yaml-language-server: $schema=./schema.json\n${text}`, { flag: "wx" });
  const { problems } = await checkSettings({ platform: "local", services }, loadPlatform);
  return { stackFile, services: Object.keys(services), notes, problems: problems.map(formatProblem) };
}

/** Quotes words such as `yes`, which YAML 1.1 parsers read as true. */
const options = { lineWidth: 0, version: "1.1", aliasDuplicateObjects: false } as const;

/** Pins images to the current digest of their tag, if Docker can look it up. */
async function useDigests({ services, notes }: Converted): Promise<void> {
  const tagged = Object.entries(services).filter(([, { image }]) => typeof image === "string" && !image.includes("@"));
  await Promise.all(tagged.map(([name, service]) => useDigest(name, service, notes)));
}

async function useDigest(name: string, service: Service, notes: Converted["notes"]): Promise<void> {
  const image = String(service["image"]);
  const lookup = dockerClient().getImage(image).distribution() as Promise<{ Descriptor?: { digest?: string } }>;
  const digest = (await lookup.catch(() => undefined))?.Descriptor?.digest;
  const note = notes.find(({ path }) => path === `services.${name}.image`);
  if (digest !== undefined) service["image"] = `${image}@${digest}`;
  if (note)
    note.message =
      digest === undefined
        ? `is not pinned, because the digest of "${image}" cannot be looked up; add the digest that this prints: docker buildx imagetools inspect ${image}`
        : `is pinned to the current digest of "${image}"; change the digest to deploy another image`;
}

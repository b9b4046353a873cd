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

/** What an import wrote, and what is left to do. */
export interface Imported {
  stackFile: string;
  services: string[];
  /** Keys of the Compose file that are missing or different in the stack file. */
  notes: Converted["notes"];
  /** What makes the stack file invalid as it stands. */
  problems: string[];
}

/**
 * Writes a stack file with the services of a Compose file. An existing stack file is never overwritten.
 *
 * @throws UserError if the file is no Compose file, has no services, or the stack exists.
 */
export async function importCompose(file: string, stack: string, profiles: string[]): Promise<Imported> {
  const stackFile = join("stacks", `Pulumi.${stack}.yaml`);
  if (!existsSync(file)) throw new UserError(`${file}: does not exist. Name the Compose file: slipway import <file> --stack ${stack}`);
  if (existsSync(stackFile))
    throw new UserError(`${stackFile}: exists already, and was not changed. Choose another name: slipway import ${file} --stack <name>`);
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

/** Words such as `yes` are quoted, for older parsers take them for true. */
const options = { lineWidth: 0, version: "1.1", aliasDuplicateObjects: false } as const;

/** Names images by the digest that their tag has in its registry now, where Docker can ask for it. */
async function useDigests({ services, notes }: Converted): Promise<void> {
  const tagged = Object.entries(services).filter(([, { image }]) => typeof image === "string" && !image.includes("@"));
  await Promise.all(tagged.map(([name, service]) => useDigest(name, service, notes)));
}

async function useDigest(name: string, service: Service, notes: Converted["notes"]): Promise<void> {
  const image = String(service["image"]);
  const asked = dockerClient().getImage(image).distribution() as Promise<{ Descriptor?: { digest?: string } }>;
  const digest = (await asked.catch(() => undefined))?.Descriptor?.digest;
  const note = notes.find(({ path }) => path === `services.${name}.image`);
  if (digest !== undefined) service["image"] = `${image}@${digest}`;
  if (note)
    note.message +=
      digest === undefined
        ? `; ask for it where the registry is reached: docker buildx imagetools inspect ${image}`
        : `: it is the one that the tag has today`;
}

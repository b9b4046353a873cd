import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { stringify } from "yaml";
import { dockerEngine } from "../../lib/docker-client.ts";
import { UserError } from "../../lib/user-error.ts";
import { checkSettings } from "../../config/load.ts";
import { step } from "../../lib/progress.ts";
import { convertCompose, type Converted, type Service } from "./convert.ts";
import { readCompose } from "./project.ts";

/**
 * Writes a stack file with the services of a Compose file, and says key by key what has no counterpart here or another meaning, and
 * what is yet to be done. A stack file that is there stays as it is.
 *
 * @throws UserError where the file is no Compose file, or the stack is there.
 */
export async function importCompose(file: string, stack: string, profiles: string[]): Promise<void> {
  const stackFile = join("stacks", `Pulumi.${stack}.yaml`);
  if (!existsSync(file))
    throw new UserError(`${file} is not there. Say where the Compose file is: make import COMPOSE=compose.yaml STACK=${stack}`);
  if (existsSync(stackFile))
    throw new UserError(`${stackFile} is there already, and stays as it is. Name a new stack: make import COMPOSE=${file} STACK=…`);
  const project = await readCompose(file, profiles);
  const converted = convertCompose(project, { folder: process.cwd(), stack });
  const { services, notes } = converted;
  if (Object.keys(services).length === 0)
    throw new UserError(
      `${file} has no services${profiles.length === 0 ? "; those of a profile are named by PROFILE=…" : ` in ${profiles.join(" and ")}`}.`,
    );
  await step("digests of images", () => useDigests(converted));
  const text = stringify({ config: { "slipway:platform": "local", "slipway:services": services } }, options);
  mkdirSync(dirname(stackFile), { recursive: true });
  writeFileSync(stackFile, `# yaml-language-server: $schema=./schema.json\n${text}`, { flag: "wx" });

  const { problems } = await checkSettings({ platform: "local", services });
  process.stdout.write(`${stackFile} has ${Object.keys(services).join(", ")} of ${file}.\n`);
  if (notes.length > 0)
    process.stdout.write(`\nOtherwise than in ${file}:\n${notes.map(({ path, message }) => `  ${path}: ${message}\n`).join("")}`);
  if (problems.length > 0)
    process.stdout.write(`\nYet to be done in ${stackFile}:\n${problems.map((problem) => `  ${problem}\n`).join("")}`);
  process.stdout.write(`\n${problems.length > 0 ? "Then: " : ""}make preview STACK=${stack}\n`);
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
  const asked = dockerEngine().getImage(image).distribution() as Promise<{ Descriptor?: { digest?: string } }>;
  const digest = (await asked.catch(() => undefined))?.Descriptor?.digest;
  const note = notes.find(({ path }) => path === `services.${name}.image`);
  if (digest !== undefined) service["image"] = `${image}@${digest}`;
  if (note)
    note.message +=
      digest === undefined
        ? `; ask for it where the registry is reached: docker buildx imagetools inspect ${image}`
        : `: it is the one that the tag has today`;
}

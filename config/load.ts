import { existsSync, readFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import runtimeConfig from "@pulumi/pulumi/runtime/config.js";
import { isByDigest, isById } from "../lib/image-reference.ts";
import { formatProblem, throwIfAny } from "../lib/problem.ts";
import { isMap, valueAt } from "../lib/property-path.ts";
import { secretMask } from "../lib/secret-mask.ts";
import { UserError } from "../lib/user-error.ts";
import { checkSettings } from "./check.ts";
import { parseConfigValue, settingsNamespace } from "./config-value.ts";
import { readDevelopment } from "./development.ts";
import { extendSettings } from "./defaults/extend.ts";
import { withOrigin } from "./defaults/origin.ts";
import type { Configuration, LoadRules, Settings } from "./settings.ts";
import { withoutImage } from "./image-settings.ts";
import { readLockFile } from "./lock-file.ts";
import { useLockedAddons } from "./locked-addons.ts";
import { useLockedImages } from "./locked-images.ts";
import { usePromotedImages } from "./promoted-images.ts";
import { environmentOf, readStackFile } from "./project.ts";
import { settingsOfEnvironment } from "./review-environment.ts";

/**
 * Reads and checks the configuration of the current stack.
 *
 * @throws UserError with every problem, and the file to change.
 */
export async function loadConfiguration(loadRules: LoadRules): Promise<Configuration> {
  const stack = pulumi.getStack();
  const given: Record<string, unknown> = {};
  const { file, secretPaths } = readStackFile(stack);
  for (const [full, value] of Object.entries(pulumi.runtime.allConfig())) {
    const [namespace, key = ""] = full.split(":");
    if (namespace !== settingsNamespace) continue;
    given[key] = parseConfigValue(value);
    // Secret values from elsewhere, such as an ESC environment, are secret as a whole.
    if (isConfigSecret(full) && !secretPaths.some(([first]) => first === key)) secretPaths.push([key]);
  }
  const { settings: extended, problems: contradictions, sourcesOf } = extendSettings(given, `${file}: ${settingsNamespace}:extends`);
  const environment = environmentOf(stack);
  const input = environment ? settingsOfEnvironment(extended, pulumi.getProject(), environment) : extended;
  const mask = secretMask(secretPaths.map((path) => valueAt(given, path)));
  const withImage = useGivenImages(input);
  const platform = typeof input["platform"] === "string" ? input["platform"] : "local";
  const lockFile = readLockFile(stack);
  usePromotedImages(input, lockFile, withImage);
  const unlocked = [
    ...(["services", "jobs"] as const).flatMap((root) =>
      useLockedImages(root, input[root], lockFile, { stack, platform, given: withImage }),
    ),
    ...(platform === "eks" ? useLockedAddons(input["eks"], lockFile, stack) : []),
  ];
  const { value, problems } = await checkSettings(input, loadRules, { secretPaths });
  const all = [
    ...contradictions.map(({ path, message }) => ({ path, message: mask(message) })),
    ...[...unlocked, ...problems].map((problem) => withOrigin(problem, sourcesOf(problem.path))),
  ];
  throwIfAny(
    all.map((problem) => `${settingsNamespace}:${formatProblem(problem)}`),
    `The configuration of stack "${stack}" is invalid. In ${file}:`,
  );
  return { ...withImages(value!, setUpImages()), stack, development: readDevelopment() };
}

/** Internal to the SDK, which only says for whole keys whether they are secret. */
const { isConfigSecret } = runtimeConfig as unknown as { isConfigSecret: (key: string) => boolean };

/** The images that replace the default ones on this machine, from setup/images.ts. */
function setUpImages(): Images {
  const planned = process.env["SLIPWAY_PLANNED_IMAGES"];
  if (planned) return JSON.parse(planned) as Images;
  const record = ".slipway/images.json";
  return existsSync(record) ? (JSON.parse(readFileSync(record, "utf8")) as Images) : {};
}

type Images = Partial<Record<"nodeImage" | "registryImage" | "proxyImage", string>>;

function withImages(given: Settings, { nodeImage, registryImage, proxyImage }: Images): Settings {
  const [cluster, docker] = [present({ nodeImage, registryImage }), present({ registryImage, proxyImage })];
  return { ...given, local: { ...cluster, ...given.local }, docker: { ...docker, ...given.docker }, swarm: { ...docker, ...given.swarm } };
}

function present<T extends object>(values: T): Partial<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Partial<T>;
}

/**
 * SLIPWAY_IMAGES, such as `{"web": "registry.example/web@sha256:…"}`, deploys existing images instead of building: for rollbacks, and for
 * images that a pipeline has built before.
 *
 * @returns the names of their services and jobs.
 */
function useGivenImages(input: Record<string, unknown>): string[] {
  const given = process.env["SLIPWAY_IMAGES"];
  if (!given || !isMap(input["services"])) return [];
  const images = parseConfigValue(given);
  if (!isMap(images))
    throw new UserError('SLIPWAY_IMAGES: must be a JSON map of images by service, such as {"web": "registry.example/web@sha256:…"}.');
  for (const [name, image] of Object.entries(images)) {
    const isFixed = typeof image === "string" && (isByDigest(image) || isById(image));
    if (!isFixed)
      throw new UserError(
        `SLIPWAY_IMAGES.${name}: must be an image by digest such as "registry.example/web@sha256:…" (got ${JSON.stringify(image)}).`,
      );
    const services = (isMap(input["jobs"]) && name in input["jobs"] ? input["jobs"] : input["services"]) as Record<string, Service>;
    services[name] = { ...withoutImage(services[name] ?? {}), image };
  }
  return Object.keys(images);
}

type Service = Record<string, unknown>;

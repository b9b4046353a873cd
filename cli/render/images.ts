import { image as dockerImage } from "../../engine/docker/image.ts";
import { dynamicProvider } from "../../engine/dynamic-provider.ts";
import type { Context } from "../../engine/provider.ts";
import { dockerClient } from "../../lib/docker-client.ts";
import { isByDigest } from "../../lib/image-reference.ts";
import { throwIfAny } from "../../lib/problem.ts";
import { step } from "../../lib/progress.ts";
import { lookUp } from "../../lib/registry-client.ts";
import { plain, type Properties } from "../../lib/values.ts";
import type { Registered } from "../../review/render/registrations.ts";

const pushType = "pulumi-nodejs:dynamic/slipway:RegistryPush";
const secretBuildType = "pulumi-nodejs:dynamic/slipway:SecretBuild";
const attestationsType = "pulumi-nodejs:dynamic/slipway:ImageAttestations";
const dockerImageType = "docker:index/image:Image";

/** Services and jobs whose images Docker builds: their digests are known after the push. */
export function builtWithDocker(resources: Registered[]): Registered[] {
  return resources.filter(({ type }) => type === dockerImageType || type === secretBuildType);
}

/** Builds images with Docker, pushes them, and attaches what belongs to them. Returns them by digest, by service or job. */
export async function buildWithDocker(resources: Registered[]): Promise<Record<string, string>> {
  const images: Record<string, string> = {};
  for (const { type, name, inputs } of builtWithDocker(resources)) {
    const given = plain<Properties>(inputs);
    const create = async (): Promise<Properties> =>
      type === dockerImageType
        ? { ref: (await dockerImage.create(dockerClient(), given, contextOf(name))).outputs!["repoDigest"] }
        : (await dynamicProvider.create(type, given, contextOf(name))).outputs;
    const image = String((await step(`build ${name}`, create))["ref"]);
    const attestations = resources.find((one) => one.type === attestationsType && one.name === name);
    if (attestations) {
      const attached = { ...plain<Properties>(attestations.inputs), image };
      await step(`attest ${name}`, () => dynamicProvider.create(attestationsType, attached, contextOf(name)));
    }
    images[name] = image;
  }
  return images;
}

/** Pushes images that the Go toolchain has built, unless their registry has them, and attaches what is missing there. Returns those that were pushed. */
export async function pushBuilt(resources: Registered[]): Promise<string[]> {
  const pushes = resources.filter(({ type }) => type === pushType);
  const pushed = await Promise.all(
    pushes.map(async ({ urn, type, name, inputs }) => {
      const given = plain<Properties>(inputs);
      const context = contextOf(name);
      const state = { urn, type, custom: true, dependencies: [], id: String(given["repository"]), inputs: given, outputs: given };
      const { kind } = await dynamicProvider.diff(state, given, context);
      const isThere = kind === "same";
      if (isThere && given["attest"] === undefined) return [];
      await step(`${isThere ? "attest" : "push"} ${name}`, () => dynamicProvider.create(type, given, context));
      return isThere ? [] : [`${given["repository"]}@${given["digest"]}`];
    }),
  );
  return pushed.flat().sort();
}

/** What the engine's providers need to create one resource that no state records. */
function contextOf(name: string): Context {
  return { preview: false, settings: {}, name, signal: new AbortController().signal, progress: () => {}, creating: async () => {} };
}

/**
 * Makes sure that the images of a stack exist in their registries.
 *
 * @throws UserError with all that do not. An image of others may be in a registry that rejects this machine's credentials, and nodes can pull it.
 */
export async function checkImages(resources: Registered[]): Promise<void> {
  const built = new Set(
    resources
      .filter(({ type }) => type === pushType)
      .map(({ inputs }) => {
        const { repository, digest } = plain<Properties>(inputs);
        return `${repository}@${digest}`;
      }),
  );
  const images = [...new Set(resources.filter(({ type }) => type.startsWith("kubernetes:")).flatMap(({ inputs }) => imagesIn(inputs)))];
  const asked = images.filter(isByDigest).sort();
  const answers = await lookUp(asked.map((image) => ({ image })));
  throwIfAny(
    answers.flatMap(({ problem, ...answer }, i) => {
      const image = asked[i]!;
      if (problem === undefined) return [];
      const isOwn = built.has(image);
      if (problem === "missing" && isOwn) return [`${image}: is built from a source, and was not pushed. Add --push-images.`];
      if (problem === "missing") return [`${image}: does not exist in its registry. Push it, or set another image.`];
      if (!isOwn) return [];
      const remedy = problem === "unauthorized" ? `Run slipway login ${image.split("/")[0]}` : "Check the connection";
      return [`${image}: its registry does not say whether it exists (${"message" in answer ? answer.message : problem}). ${remedy}.`];
    }),
    "These images cannot be deployed:",
  );
}

/** The images in an object: those of containers, at any depth. */
function imagesIn(value: unknown): string[] {
  if (value === null || typeof value !== "object") return [];
  return Object.entries(value).flatMap(([key, below]) => (key === "image" && typeof below === "string" ? [below] : imagesIn(below)));
}

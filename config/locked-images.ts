import { isByTag } from "../lib/image-reference.ts";
import type { Problem } from "../lib/problem.ts";
import { isMap } from "../lib/property-path.ts";
import type { LockedImage, LockFile } from "./lock-file.ts";

/** Images by tag, by service. */
export function taggedImages(services: unknown): Record<string, string> {
  if (!isMap(services)) return {};
  const images: [string, string][] = [];
  for (const [name, service] of Object.entries(services))
    if (isMap(service) && typeof service["image"] === "string" && isByTag(service["image"])) images.push([name, service["image"]]);
  return Object.fromEntries(images);
}

/** How a locked image is deployed. */
export function lockedReference(locked: LockedImage): string {
  return "id" in locked ? locked.id : `${locked.image}@${locked.digest}`;
}

/** A digest of no image: so that the rules for images do not report a tag a second time. */
const exampleDigest = `sha256:${"0".repeat(64)}`;

/** Services whose tags have an example digest: to see what else is wrong with them. */
export function withExampleDigests<T extends object>(services: Record<string, T>): Record<string, T> {
  const images = taggedImages(services);
  const locked = Object.entries(images).map(([name, image]) => [name, { ...services[name]!, image: `${image}@${exampleDigest}` }]);
  return { ...services, ...(Object.fromEntries(locked) as Record<string, T>) };
}

/**
 * Replaces each image by tag with its digest in the lock file.
 *
 * @returns the images that the lock file does not have, or that `platform` cannot pull.
 */
export function useLockedImages(
  services: unknown,
  { file, images }: LockFile,
  { stack, platform }: { stack: string; platform: string },
): Problem[] {
  return Object.entries(taggedImages(services)).flatMap(([name, image]) => {
    const service = (services as Record<string, { image: string }>)[name]!;
    const problem = (message: string): Problem[] => {
      service.image = `${image}@${exampleDigest}`;
      return [{ path: ["services", name, "image"], message }];
    };
    const locked = Object.hasOwn(images, name) ? images[name] : undefined;
    const lock = `Run slipway lock --stack ${stack}`;
    if (!locked) return problem(`"${image}" is a tag, and ${file} has no digest for it. ${lock}`);
    if (locked.image !== image) return problem(`is "${image}", but ${file} has a digest for "${locked.image}". ${lock}`);
    if ("id" in locked && platform !== "docker") return problem(`${onlyInDocker(image, platform)}. ${push(name, stack)}`);
    service.image = lockedReference(locked);
    return [];
  });
}

export function onlyInDocker(image: string, platform: string): string {
  return `"${image}" is only in this machine's Docker Engine, and ${platform} pulls images from registries`;
}

export function push(service: string, stack: string): string {
  return `Tag it for a registry, push it (docker push), set that image, and run slipway lock --update ${service} --stack ${stack}`;
}

import { join } from "node:path";
import { cacheFolder } from "./cache-folder.ts";
import { command } from "./command.ts";
import { goProgram } from "./go-program.ts";
import { UserError } from "./user-error.ts";

/** What is looked up: an image by tag or by digest, and a user in it by name. */
export interface Wanted {
  image: string;
  user?: string;
}

/** What a registry says of an image. */
export type Answer =
  /** The digest of the image, or of its index if it has several platforms. */
  | { digest: string; user?: { uid: number; gid: number }; problem?: undefined }
  | { digest?: undefined; problem: "missing" | "unauthorized" | "unreachable" | "invalid" | "noUser"; message: string };

export interface Credentials {
  username: string;
  password: string;
}

/**
 * Looks images up in their registries, all at the same time, with Google's client (https://github.com/google/go-containerregistry).
 *
 * @param credentials by registry. For others, those of `docker login` are used.
 * @returns an answer for each image, in the same order
 */
export async function lookUp(images: Wanted[], credentials: Record<string, Credentials>): Promise<Answer[]> {
  return images.length === 0 ? [] : ((await ask({ images, credentials })) as Answer[]);
}

/**
 * Downloads an image by digest into the blob store, except what is there already.
 *
 * @param platforms those of an index that are needed, such as `linux/arm64`. @default - the whole index
 * @returns the digest of the image's manifest by platform
 * @throws UserError if the registry does not have the image for a platform, or does not give it.
 */
export async function pullImage(image: string, platforms: string[] = []): Promise<Record<string, string>> {
  const { manifests, ...answer } = (await ask({ pull: { image, platforms, blobs: cacheFolder("blobs") } })) as PullAnswer;
  if (answer.problem !== undefined) throw new UserError(`${image} ${whyNotPulled(image, answer)}`);
  return manifests ?? {};
}

interface PullAnswer {
  manifests?: Record<string, string>;
  problem?: "missing" | "unauthorized" | "unreachable" | "invalid" | "platform";
  /** For the problem `platform` the one that is missing. */
  message?: string;
  /** The platforms that the image has. */
  known?: string[];
}

function whyNotPulled(image: string, { problem, message = "", known = [] }: PullAnswer): string {
  const [host] = image.split("/");
  const has = known.filter((platform) => !platform.includes("unknown")).join(", ");
  switch (problem) {
    case "missing":
      return "does not exist in its registry. Push it again, or set another image.";
    case "unauthorized":
      return `cannot be pulled, because its registry rejects the credentials. Run docker login ${host}.`;
    case "platform":
      return `has no image for ${message} (it has ${has}). Set platforms to one of them, or set another image.`;
    default:
      return `cannot be pulled (${message}). Check the name and the connection to its registry.`;
  }
}

async function ask(request: object): Promise<unknown> {
  const path = await goProgram(join(import.meta.dirname, "registry-client"));
  return JSON.parse(await command(path, [], { input: JSON.stringify(request) }));
}

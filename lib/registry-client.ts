import { join } from "node:path";
import { command } from "./command.ts";
import { goProgram } from "./go-program.ts";

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
  if (images.length === 0) return [];
  const path = await goProgram(join(import.meta.dirname, "registry-client"));
  return JSON.parse(await command(path, [], { input: JSON.stringify({ images, credentials }) })) as Answer[];
}

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { GoImage, type GoBuild, type GoImageArgs } from "../../components/go-image.ts";
import type { SentProgram } from "./helper.ts";
import type { Descriptor } from "../../lib/oci.ts";

/** An image that was built, and the layer of it that has the program. */
export interface BuiltProgram extends SentProgram {
  build: GoBuild;
  /** Digest of the image. */
  image: string;
  /** What else is in the image: a change of it needs another container. */
  rest: string;
}

/**
 * Builds the image of a service.
 *
 * @param architecture of the container.
 * @param isDebugged whether the program is for the debugger.
 * @throws UserError with the compiler's output.
 */
export async function buildProgram(
  args: Omit<GoImageArgs, "repository">,
  architecture: string,
  signal: AbortSignal,
  isDebugged: boolean,
): Promise<BuiltProgram> {
  const build = await GoImage.build(args, signal, isDebugged);
  return { ...programIn(build.descriptor.digest, build, architecture), isDebugged };
}

/** The program of an image in the store of this machine. */
export function programIn(image: string, build: GoBuild, architecture: string): BuiltProgram {
  const read = (digest: string) => JSON.parse(readFileSync(blobFile(build, digest), "utf8")) as Manifest;
  const { manifests } = read(image);
  const own = manifests?.find(({ platform }) => platform?.architecture === architecture) ?? manifests?.[0];
  const { layers = [], config } = read(own?.digest ?? image);
  const { rootfs: _rootfs, ...configuration } = JSON.parse(readFileSync(blobFile(build, config!.digest), "utf8")) as { rootfs: unknown };
  // The program is the last layer, see components/internal/go-build.ts.
  const program = layers.at(-1)!;
  const rest = JSON.stringify([layers.slice(0, -1).map(({ digest }) => digest), configuration]);
  return { build, image, digest: program.digest, file: blobFile(build, program.digest), rest, isDebugged: false };
}

interface Manifest {
  manifests?: Descriptor[];
  layers?: Descriptor[];
  config?: Descriptor;
}

function blobFile({ blobs }: GoBuild, digest: string): string {
  return join(blobs, digest.replace(":", "/"));
}

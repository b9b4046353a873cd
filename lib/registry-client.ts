import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { cacheFolder } from "./cache-folder.ts";
import { command } from "./command.ts";
import { goProgram } from "./go-program.ts";
import type { Descriptor, OciImage, Platform } from "./oci.ts";
import { registryAccesses, type RegistryAccess } from "./registry-access.ts";
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
  | { digest?: undefined; problem: RegistryProblem | "noUser"; message: string };

/** Why a registry does not give what it is asked for. */
export type RegistryProblem =
  | "missing"
  | "unauthorized"
  | "invalid"
  | "unreachable"
  /** The host name has no address. */
  | "unknownHost"
  /** No trusted authority signed the registry's certificate, or it is for another host. */
  | "untrusted"
  /** The registry answers without TLS. */
  | "plainHttp";

/**
 * Looks images up in their registries, all at the same time, with Google's client (https://github.com/google/go-containerregistry).
 *
 * @param access by registry. Others are reached as this process reaches them, or with Docker's credentials.
 * @returns an answer for each image, in the same order
 */
export async function lookUp(images: Wanted[], access: Record<string, RegistryAccess> = {}): Promise<Answer[]> {
  return images.length === 0 ? [] : ((await ask({ images }, access)) as Answer[]);
}

/** What a registry says of a push that is still to come: nothing if it would accept it. */
export interface PushAnswer {
  problem?: RegistryProblem;
  message?: string;
}

/** Asks registries whether images may be pushed to repositories. Returns an answer for each, in the same order. */
export async function checkPushes(repositories: string[]): Promise<PushAnswer[]> {
  return repositories.length === 0 ? [] : ((await ask({ pushable: repositories })) as PushAnswer[]);
}

/** An image that another repository is to have too. */
export interface Copy {
  /** By digest. */
  image: string;
  repository: string;
  /** Keeps the image from being deleted as one without a tag. */
  tag: string;
}

/**
 * Copies images with what refers to them, such as signatures, all at the same time. Blobs that a registry has already are not sent again.
 *
 * @returns the digest, or what went wrong, for each image, in the same order
 */
export async function copyImages(copies: Copy[], access: Record<string, RegistryAccess>): Promise<Answer[]> {
  return copies.length === 0 ? [] : ((await ask({ copies }, access)) as Answer[]);
}

/**
 * Pushes an artifact, unless its tag has the same layers already: a registry then keeps its digest, although annotations such as the commit differ.
 *
 * @returns the digest that the tag has, or what went wrong
 */
export async function pushArtifact(content: OciImage, repository: string, tag: string): Promise<Answer> {
  const blobs = await mkdtemp(join(tmpdir(), "slipway-artifact-"));
  try {
    for (const [digest, blob] of content.blobs) {
      const file = join(blobs, digest.replace(":", "/"));
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, blob);
    }
    const push = { repository, tag, digest: content.descriptor.digest, blobs, keepSameLayers: true };
    return (await ask({ push })) as Answer;
  } finally {
    await rm(blobs, { recursive: true });
  }
}

/**
 * Pushes manifests that refer to an image, from a blob store.
 *
 * @throws UserError if the registry does not take them.
 */
export async function attachToImage(
  repository: string,
  digests: string[],
  blobs: string,
  access: Record<string, RegistryAccess> = {},
): Promise<void> {
  const { problem, message = "" } = (await ask({ attach: { repository, digests, blobs } }, access)) as PushAnswer;
  if (problem === undefined) return;
  const login = problem === "unauthorized" ? " Log in to the registry with slipway login, or set credentials that may push." : "";
  throw new UserError(`${repository}: the attestations cannot be pushed (${problem}: ${message}).${login}`);
}

/** A part of an image that does not have its digest, or that the registry does not have. */
export interface Damage {
  part: "index" | "manifest" | "config" | "layer";
  digest: string;
  message: string;
}

/** An image in a registry, compared with its digests. */
export interface CheckedImage {
  digest: string;
  /** Digests of the images for the platforms. The image itself if it is no index. */
  images: string[];
  damages: Damage[];
}

/**
 * Downloads an image, by tag or digest, and compares each part with its digest.
 *
 * @throws UserError if the registry does not have it, or does not answer.
 */
export function checkImage(image: string): Promise<CheckedImage> {
  return check(image, true);
}

/**
 * Reads only the manifests of an image, and compares them with their digests. Whoever pulls the image compares its layers.
 *
 * @throws UserError if the registry does not have it, or does not answer.
 */
export function checkManifests(image: string): Promise<CheckedImage> {
  return check(image, false);
}

async function check(image: string, contents: boolean): Promise<CheckedImage> {
  const {
    problem,
    message = "",
    ...checked
  } = (await ask({ check: image, contents })) as CheckedImage & {
    problem?: RegistryProblem;
    message?: string;
  };
  if (problem !== undefined) throw new UserError(`${image} ${whyNotPulled(image, { problem, message })}`);
  return checked;
}

/** What is in an image for one platform, as its registry has it. */
export interface ReadImage {
  descriptor: Descriptor;
  platform: Platform;
  /** Text of the files that were asked for, by path. */
  records?: Record<string, string>;
  /** Programs that Go has built, by path, with what `go version -m` prints. */
  programs?: Record<string, { sha256: string; buildInfo: string }>;
}

/**
 * Reads the manifests of an image by digest, and with `records` the files in it: those with these paths, those in folders with a slash at the
 * end, and programs that Go has built.
 *
 * @throws UserError if the registry does not have it, or does not answer.
 */
export async function readImage(
  image: string,
  records: string[],
  access: Record<string, RegistryAccess> = {},
): Promise<{ top: Descriptor; images: ReadImage[] }> {
  type Answered = { top?: Descriptor; images?: ReadImage[] } & PushAnswer;
  const { top, images = [], problem, message = "" } = (await ask({ read: { image, records } }, access)) as Answered;
  if (problem !== undefined || top === undefined) throw new UserError(`${image} ${whyNotPulled(image, { problem: problem!, message })}`);
  return { top, images };
}

/** A manifest that refers to an image. */
export interface Referrer {
  digest: string;
  artifactType: string;
  annotations?: Record<string, string>;
  /** Its layer, in base64. Only if it was asked for. */
  content?: string;
  /** Why the content could not be read. */
  problem?: string;
}

/**
 * Lists what refers to an image by digest: attestations and signatures.
 *
 * @throws UserError if the registry does not answer.
 */
export async function referrersOf(
  image: string,
  { artifactTypes, contents = false }: { artifactTypes: string[]; contents?: boolean },
  access: Record<string, RegistryAccess> = {},
): Promise<Referrer[]> {
  type Answered = { referrers?: Referrer[] } & PushAnswer;
  const { referrers, problem, message } = (await ask({ referrers: { image, artifactTypes, contents } }, access)) as Answered;
  if (problem !== undefined) throw new UserError(`${image}: its registry does not say what refers to it (${problem}: ${message}).`);
  return referrers ?? [];
}

/** The result of a login. */
export type LoginAnswer =
  | {
      /** Whether the registry has checked the credentials. One that asks for none has not. @default false */
      checked?: boolean;
      /** Path of Docker's configuration file, or the name of its credential helper. */
      storedIn: string;
      problem?: undefined;
    }
  | { problem: RegistryProblem | "store"; message: string };

/** Checks credentials with a registry, and stores them where `docker login` does. */
export async function logIn(registry: string, username: string, password: string, access: RegistryAccess): Promise<LoginAnswer> {
  return (await ask({ login: { registry, username, password } }, { [registry]: access })) as LoginAnswer;
}

/** Path of the program that asks registries. It is built if necessary. */
export function registryClient(): Promise<string> {
  return goProgram(join(import.meta.dirname, "registry-client"));
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
  problem?: RegistryProblem | "platform";
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
      return `cannot be pulled, because its registry rejects the credentials. Run slipway login ${host}.`;
    case "platform":
      return `has no image for ${message} (it has ${has}). Set platforms to one of them, or set another image.`;
    default:
      return `cannot be pulled (${message}). Check the name and the connection to its registry.`;
  }
}

async function ask(request: object, access: Record<string, RegistryAccess> = {}): Promise<unknown> {
  const registries = { ...registryAccesses(), ...access };
  return JSON.parse(await command(await registryClient(), [], { input: JSON.stringify({ ...request, registries }) }));
}

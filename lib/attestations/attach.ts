import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { mediaTypes, referrer, type Descriptor, type OciImage } from "../oci.ts";
import type { RegistryAccess } from "../registry-access.ts";
import { attachToImage, readImage, referrersOf } from "../registry-client.ts";
import packageDescription from "../../package.json" with { type: "json" };
import { buildPlatform } from "./build-platform.ts";
import { contentsIn, contentsOf, readBlob, type ImageContents } from "./image-contents.ts";
import type { VexRequest, VexScan } from "./open-vex.ts";
import { packageRecords } from "./packages.ts";
import { provenance, type ProvenanceFacts } from "./provenance.ts";
import { signerName, type SignSettings } from "./sign-settings.ts";
import type { Sign } from "./signer.ts";
import type { Source } from "./source.ts";
import { inTotoMediaType, PredicateType, statementOn, type Statement } from "./statement.ts";

/** Media type of a Sigstore bundle, https://docs.sigstore.dev/about/bundle/. */
export const bundleMediaType = "application/vnd.dev.sigstore.bundle.v0.3+json";

/** Artifact types of what Slipway attaches. Without a signature it is the statement itself. */
export const attestationTypes = [bundleMediaType, inTotoMediaType];

/** Annotations of the manifests. Those of bundles are what cosign looks for, that of statements is BuildKit's. */
export const annotationOf = {
  bundle: "dev.sigstore.bundle.predicateType",
  statement: "in-toto.io/predicate-type",
  /** Who signed it, so that it is not signed again. */
  signer: "dev.slipway.signer",
  /** Hash of the exceptions in an OpenVEX statement. */
  exceptions: "dev.slipway.exceptions",
} as const;

/** What is attached to an image that Slipway has built. */
export interface AttestRequest {
  sbom: boolean;
  provenance: boolean;
  /** How an OpenVEX statement is made. @default - none is attached */
  vulnerabilities?: VexRequest;
  /** @default - nothing is signed */
  sign?: SignSettings;
  build: ProvenanceFacts["build"];
  /** @default - the source is not in git */
  source?: Source;
}

/** An image in a registry. */
export interface AttestedImage {
  repository: string;
  digest: string;
  /** Folder of the local blob store that has it too. @default - it is read from the registry, such as one that Docker has pushed */
  blobs?: string;
  access: Record<string, RegistryAccess>;
}

/**
 * Attaches to an image what is missing there: an image that has everything stays as it is. What takes long begins at once, and meanwhile an
 * image that Slipway has built can be pushed.
 *
 * @returns a function that attaches it, once the image is in the registry, and returns how many attestations were attached.
 */
export function attesting(image: AttestedImage, request: AttestRequest): () => Promise<number> {
  const prepared = prepare(image, request);
  void prepared.catch(() => {}); // of interest only if the push succeeds
  return async () => attachMissing(image, request, await prepared);
}

async function attachMissing(image: AttestedImage, request: AttestRequest, prepared: Prepared): Promise<number> {
  const { subjects, of, reading, scan } = prepared;
  const planned = plan(subjects, request);
  const signer = request.sign && (await signerName(request.sign));
  const [missing] = await Promise.all([withoutExisting(planned, image, signer, request), ...reading]);
  if (missing.length === 0) return 0;
  const sign = request.sign && (await (await import("./signer.ts")).signerFor(request.sign));
  const artifacts: OciImage[] = [];
  for (const { subject, predicateType } of missing) {
    const predicate = await predicateOf(predicateType, subject.digest, { image, request, of, images: subjects.images, scan });
    const about = aboutAll.includes(predicateType) ? [subject, ...subjects.images.filter((one) => one !== subject)] : [subject];
    const statement = statementOn(
      image.repository,
      about.map(({ digest }) => digest),
      predicateType,
      predicate,
    );
    artifacts.push(await artifactOf(subject, statement, request, sign, signer));
  }
  await push(image, artifacts);
  return artifacts.length;
}

interface Subjects {
  /** What a deployment names: the index, or the only image. */
  top: Descriptor;
  /** The images for the platforms. */
  images: Descriptor[];
}

interface Opened {
  subjects: Subjects;
  of: (digest: string) => Promise<ImageContents>;
  /** What has begun already. */
  reading: Promise<ImageContents>[];
}

interface Prepared extends Opened {
  /** For the statement on vulnerabilities. */
  scan: Promise<VexScan> | undefined;
}

async function prepare(image: AttestedImage, request: AttestRequest): Promise<Prepared> {
  const { build, vulnerabilities } = request;
  const found = await (build.builder === "go" ? opened(image, request, build.ownLayers) : openedInRegistry(image));
  const contents = () => found.subjects.images.map(({ digest }) => found.of(digest));
  const scan = vulnerabilities && import("./open-vex.ts").then((vex) => vex.scanForVex(image.repository, vulnerabilities, contents()));
  void scan?.catch(() => {});
  return { ...found, scan };
}

/** Nearly always something is missing, so an image in the blob store is read while the registry answers. */
async function opened({ blobs = "", digest }: AttestedImage, request: AttestRequest, ownLayers: number): Promise<Opened> {
  const subjects = await subjectsOf(blobs, digest);
  const read = request.sbom || request.provenance || request.vulnerabilities ? subjects.images : [];
  const contents = new Map(read.map((one) => [one.digest, contentsOf(blobs, one.digest, ownLayers)]));
  return { subjects, of: (one) => contents.get(one)!, reading: [...contents.values()] };
}

/** Its layers are downloaded once, and only if a bill of materials is missing. */
async function openedInRegistry({ repository, digest, access }: AttestedImage): Promise<Opened> {
  const read = (records: string[]) => readImage(`${repository}@${digest}`, records, access);
  const { top, images } = await read([]);
  let files: ReturnType<typeof read> | undefined;
  const of = async (image: string) => {
    const all = await (files ??= read(packageRecords));
    return contentsIn(all.images.find(({ descriptor }) => descriptor.digest === image)!);
  };
  return { subjects: { top, images: images.map(({ descriptor }) => descriptor) }, of, reading: [] };
}

async function subjectsOf(blobs: string, digest: string): Promise<Subjects> {
  const blob = await readBlob(blobs, digest);
  const { mediaType = mediaTypes.manifest, manifests } = JSON.parse(blob.toString()) as { mediaType?: string; manifests?: Descriptor[] };
  const top = { mediaType, digest, size: blob.length };
  return { top, images: manifests ?? [top] };
}

/** What is attached to the index, and is about the images in it too. */
const aboutAll: PredicateType[] = [PredicateType.Provenance, PredicateType.OpenVex];

interface Planned {
  subject: Descriptor;
  predicateType: PredicateType;
}

/** A bill of materials for each platform, and the rest for what is deployed. */
function plan({ top, images }: Subjects, request: AttestRequest): Planned[] {
  const boms = [PredicateType.CycloneDx, PredicateType.Spdx];
  return [
    ...(request.sbom ? images.flatMap((subject) => boms.map((predicateType) => ({ subject, predicateType }))) : []),
    ...(request.provenance ? [{ subject: top, predicateType: PredicateType.Provenance }] : []),
    ...(request.vulnerabilities ? [{ subject: top, predicateType: PredicateType.OpenVex }] : []),
    ...(request.sign ? [{ subject: top, predicateType: PredicateType.Signature }] : []),
  ];
}

async function withoutExisting(
  planned: Planned[],
  { repository, access }: AttestedImage,
  signer: string | undefined,
  { vulnerabilities }: AttestRequest,
): Promise<Planned[]> {
  const digests = [...new Set(planned.map(({ subject }) => subject.digest))];
  const listed = digests.map(async (digest): Promise<[string, Set<string>]> => {
    const found = await referrersOf(`${repository}@${digest}`, { artifactTypes: attestationTypes }, access);
    const types = found.flatMap(({ annotations = {} }) => {
      const isOurs = signer === undefined || annotations[annotationOf.signer] === signer;
      const type = annotations[annotationOf.bundle] ?? annotations[annotationOf.statement] ?? "";
      const isCurrent = type !== PredicateType.OpenVex || annotations[annotationOf.exceptions] === vulnerabilities?.exceptionsHash;
      return isOurs && isCurrent ? [type] : [];
    });
    return [digest, new Set(types)];
  });
  const existing = new Map(await Promise.all(listed));
  return planned.filter(({ subject, predicateType }) => !existing.get(subject.digest)!.has(predicateType));
}

interface Facts {
  image: AttestedImage;
  request: AttestRequest;
  of: (digest: string) => Promise<ImageContents>;
  /** The images for the platforms. */
  images: Descriptor[];
  scan: Prepared["scan"];
}

async function predicateOf(
  type: PredicateType,
  digest: string,
  { image, request, of, images, scan }: Facts,
): Promise<Statement["predicate"]> {
  const { version: slipway } = packageDescription;
  const { source, build, sign } = request;
  switch (type) {
    case PredicateType.Signature:
      return {};
    case PredicateType.Provenance: {
      const platform = buildPlatform();
      const [program] = build.builder === "go" ? (await of(images[0]!.digest)).programs : [];
      return provenance({ build, source, platform, ...(program && { program }), slipway, signedWithIdentity: sign?.keyless !== undefined });
    }
    case PredicateType.OpenVex: {
      const contents = await Promise.all(images.map(async (one) => ({ digest: one.digest, contents: await of(one.digest) })));
      const { openVexOf } = await import("./open-vex.ts");
      return openVexOf({ repository: image.repository, digest, images: contents }, await scan!, request.vulnerabilities!, source, slipway);
    }
    case PredicateType.CycloneDx:
    case PredicateType.Spdx: {
      const created = new Date(source?.date ?? 0);
      const billed = { repository: image.repository, digest, contents: await of(digest), created, slipway };
      return type === PredicateType.Spdx ? (await import("./spdx.ts")).spdx(billed) : (await import("./cyclonedx.ts")).cycloneDx(billed);
    }
  }
}

async function artifactOf(
  subject: Descriptor,
  statement: Statement,
  { vulnerabilities }: AttestRequest,
  sign: Sign | undefined,
  signer = "",
): Promise<OciImage> {
  const { predicateType } = statement;
  const hash = predicateType === PredicateType.OpenVex ? vulnerabilities?.exceptionsHash : undefined;
  const exceptions: Record<string, string> = hash === undefined ? {} : { [annotationOf.exceptions]: hash };
  if (!sign) return referrer(subject, inTotoMediaType, encode(statement), { [annotationOf.statement]: predicateType, ...exceptions });
  const annotations = {
    ...exceptions,
    "dev.sigstore.bundle.content": "dsse-envelope",
    [annotationOf.bundle]: predicateType,
    [annotationOf.signer]: signer,
  };
  return referrer(subject, bundleMediaType, encode(await sign(statement)), annotations);
}

function encode(value: object): Buffer {
  return Buffer.from(JSON.stringify(value));
}

async function push({ repository, access }: AttestedImage, artifacts: OciImage[]): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "slipway-attestations-"));
  try {
    for (const [digest, blob] of artifacts.flatMap(({ blobs }) => [...blobs])) {
      const file = join(folder, digest.replace(":", "/"));
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, blob);
    }
    await attachToImage(
      repository,
      artifacts.map(({ descriptor }) => descriptor.digest),
      folder,
      access,
    );
  } finally {
    await rm(folder, { recursive: true });
  }
}

import { readFileSync } from "node:fs";
import { extname, join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { createHash } from "node:crypto";
import type { GoImageArgs, SignArgs } from "../go-image.ts";
import { defaultDockerfile, ImageBuilder } from "../image-builder.ts";
import type { AttestRequest } from "../../lib/attestations/attach.ts";
import { baseImages } from "../../lib/attestations/base-images.ts";
import { openPrivateKey } from "../../lib/attestations/key-file.ts";
import { areAttestationsPrepared } from "../../lib/attestations/prepared.ts";
import type { DockerfileBuildFacts, GoBuildFacts } from "../../lib/attestations/provenance.ts";
import { kmsPublicKey } from "../../lib/attestations/kms.ts";
import { checkSignSettings, signerName } from "../../lib/attestations/sign-settings.ts";
import { sourceOf, type Source } from "../../lib/attestations/source.ts";
import { hostPlatform } from "../../lib/go-architecture.ts";
import { isLoopback } from "../../lib/loopback.ts";
import { notice } from "../../lib/notice.ts";
import { knownDatabase } from "../../lib/vulnerabilities/database.ts";
import type { VulnerabilityException } from "../../lib/vulnerabilities/exceptions.ts";
import type { GoCompilation } from "./go-build.ts";
import type { VexRequest } from "../../lib/attestations/open-vex.ts";
import type { RegistryPushArgs } from "./registry-push.ts";

/** The package has JavaScript in place of TypeScript. */
const module = join(import.meta.dirname, `../../lib/attestations/attest-push${extname(import.meta.filename)}`);

/**
 * What the push of an image attaches to it.
 *
 * @param compilations How Go compiles the program, for each platform. @default - Docker builds it
 */
export function attestations(
  args: GoImageArgs,
  compilations: () => Promise<GoCompilation[]> = async () => [],
): Pick<RegistryPushArgs, "attestations" | "attest"> {
  const wanted = pulumi.output(args.repository).apply((repository) => wantedFor(repository, args));
  const name = wanted.apply(async ({ sbom, provenance, exceptions }) => {
    const signer = args.sign && `signature ${await signerName(args.sign)}`;
    const vulnerabilities = exceptions && ["vulnerabilities", hashOf(exceptions)].filter(Boolean).join("-");
    const all = [sbom && "sbom", provenance && "provenance", vulnerabilities, signer].filter(Boolean);
    return all.length > 0 ? all.join(" ") : undefined;
  });
  if (isOnlyPreviewed() || isUnattested(args)) return { attestations: name };
  // Asked now and not once the registry exists, because the files may be other ones then.
  const source = knownSource(args.source);
  const attest = wanted.apply(async ({ exceptions, ...what }) => {
    // Whether there is a database is no part of the name: otherwise the state would depend on the machine.
    const vulnerabilities = exceptions && (await hasDatabase()) ? await vexRequest(exceptions, compilations) : undefined;
    if (!hasAny(what) && !vulnerabilities) return undefined;
    return { module, request: requestFor(args, { ...what, ...(vulnerabilities && { vulnerabilities }) }, await source) };
  });
  return { attestations: name, attest };
}

/** Whether this run pushes nothing, and nobody pushes what it prepares. */
export function isOnlyPreviewed(): boolean {
  return pulumi.runtime.isDryRun() && !areAttestationsPrepared();
}

/** Whether it is known already that nothing is attached. Asking git for the source takes tens of milliseconds. */
function isUnattested(args: GoImageArgs): boolean {
  if (typeof args.repository !== "string") return false;
  const { exceptions, ...what } = wantedFor(args.repository, args);
  return exceptions === undefined && !hasAny(what);
}

/**
 * Whether anything may be attached to the image that Docker builds: then a resource attaches it. A repository that only an update knows is on
 * no loopback address.
 */
export function isAttested(args: GoImageArgs): boolean {
  return typeof args.repository !== "string" || hasAny(basicsFor(args.repository, args));
}

/** What is attached to every image, whatever builds it. */
type Basics = Pick<AttestRequest, "sbom" | "provenance" | "sign">;

interface Wanted extends Basics {
  /** Exceptions in the statement on vulnerabilities. @default - no statement is attached */
  exceptions?: VulnerabilityException[];
}

/** Nobody else sees an image in a registry on this machine. */
function isWantedByDefault(repository: string): boolean {
  return !isLoopback(repository.split("/")[0]!);
}

function basicsFor(repository: string, { attest = {}, sign }: GoImageArgs): Basics {
  const byDefault = isWantedByDefault(repository);
  const { sbom = byDefault, provenance = byDefault } = attest;
  return { sbom, provenance, ...(sign && { sign }) };
}

/** Only programs that Go builds here are looked through for vulnerabilities. */
function wantedFor(repository: string, args: GoImageArgs): Wanted {
  const { vulnerabilities = isWantedByDefault(repository), exceptions = [] } = args.attest ?? {};
  const today = new Date().toISOString().slice(0, 10);
  const isScanned = args.builder !== ImageBuilder.Dockerfile && vulnerabilities;
  return { ...basicsFor(repository, args), ...(isScanned && { exceptions: exceptions.filter(({ until }) => until >= today) }) };
}

async function vexRequest(exceptions: VulnerabilityException[], compilations: () => Promise<GoCompilation[]>): Promise<VexRequest> {
  const hash = hashOf(exceptions);
  return { programs: await compilations(), exceptions, ...(hash !== undefined && { exceptionsHash: hash }) };
}

let isSaid = false;

/** Whether this machine has a vulnerability database. Says once that it has not. */
async function hasDatabase(): Promise<boolean> {
  if ((await knownDatabase()) !== undefined) return true;
  if (!isSaid)
    notice("note", "new images get no OpenVEX statement, because there is no vulnerability database. Get it: slipway scan --update");
  isSaid = true;
  return false;
}

function hasAny({ sbom, provenance, sign }: Basics): boolean {
  return sbom || provenance || sign !== undefined;
}

/** A change of the exceptions is a change of the statement. */
function hashOf(exceptions: VulnerabilityException[]): string | undefined {
  if (exceptions.length === 0) return undefined;
  return createHash("sha256").update(JSON.stringify(exceptions)).digest("hex").slice(0, 12);
}

const asked = new Map<string, Promise<Source | undefined>>();

/** Images that are created together ask once. A later run in this process asks again. */
function knownSource(folder: string): Promise<Source | undefined> {
  const known = asked.get(folder);
  if (known) return known;
  const source = sourceOf(folder).finally(() => asked.delete(folder));
  asked.set(folder, source);
  return source;
}

function requestFor(args: GoImageArgs, what: Pick<AttestRequest, keyof Basics | "vulnerabilities">, origin: Source | undefined): string {
  const folder = origin?.folder ?? args.source;
  const build = args.builder === ImageBuilder.Dockerfile ? dockerfileBuild(args, folder) : goBuild(args, folder);
  const request: AttestRequest = {
    ...what,
    build,
    ...(origin && { source: origin }),
  };
  return JSON.stringify(request);
}

function goBuild({ package: goPackage, platforms, version, labels, compression, build = {} }: GoImageArgs, source: string): GoBuildFacts {
  return {
    builder: "go",
    parameters: { source, package: goPackage, platforms, version, labels, compression, ...build },
    // The program, assets, and the base that Slipway builds. Below them are the layers of a given base.
    ownLayers: 1 + (build.assets?.length ? 1 : 0) + (build.base === undefined ? 1 : 0),
  };
}

function dockerfileBuild({ source: folder, dockerfile = {}, platforms }: GoImageArgs, source: string): DockerfileBuildFacts {
  const { file = defaultDockerfile, target, args = {}, secrets = {} } = dockerfile;
  const names = (of: object) => (Object.keys(of).length > 0 ? Object.keys(of).sort() : undefined);
  const [argNames, secretNames] = [names(args), names(secrets)];
  return {
    builder: "dockerfile",
    parameters: {
      source,
      dockerfile: file,
      ...(target !== undefined && { target }),
      platform: platforms?.[0] ?? hostPlatform,
      ...(argNames && { args: argNames }),
      ...(secretNames && { secrets: secretNames }),
    },
    bases: baseImages(readFileSync(join(folder, file), "utf8"), target, args),
  };
}

/**
 * Checks before anything is changed that signing will work.
 *
 * @param isPreview needs only the public key.
 * @throws UserError if the settings are wrong, or the key cannot be opened.
 */
export async function checkSignature(sign: SignArgs, isPreview: boolean): Promise<void> {
  checkSignSettings(sign, "sign");
  await signerName(sign);
  if (isPreview) return;
  if (sign.key !== undefined) openPrivateKey(sign.key);
  if (sign.kms !== undefined) await usableKmsKey(sign.kms);
}

const checkedKmsKeys = new Map<string, Promise<unknown>>();

/** Images that are checked together ask AWS once. */
async function usableKmsKey(key: string): Promise<void> {
  const asked = checkedKmsKeys.get(key) ?? kmsPublicKey(key).finally(() => checkedKmsKeys.delete(key));
  checkedKmsKeys.set(key, asked);
  await asked;
}

import { extname, join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { createHash } from "node:crypto";
import type { GoImageArgs, SignArgs } from "../go-image.ts";
import type { AttestRequest } from "../../lib/attestations/attach.ts";
import { openPrivateKey } from "../../lib/attestations/key-file.ts";
import { checkSignSettings, signerName } from "../../lib/attestations/sign-settings.ts";
import { sourceOf, type Source } from "../../lib/attestations/source.ts";
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
 * @param compilations How Go compiles the program, for each platform.
 */
export function attestations(
  args: GoImageArgs,
  compilations: () => Promise<GoCompilation[]>,
): Pick<RegistryPushArgs, "attestations" | "attest"> {
  const wanted = pulumi.output(args.repository).apply((repository) => wantedFor(repository, args));
  const name = wanted.apply(async ({ sbom, provenance, exceptions }) => {
    const signer = args.sign && `signature ${await signerName(args.sign)}`;
    const vulnerabilities = exceptions && ["vulnerabilities", hashOf(exceptions)].filter(Boolean).join("-");
    const all = [sbom && "sbom", provenance && "provenance", vulnerabilities, signer].filter(Boolean);
    return all.length > 0 ? all.join(" ") : undefined;
  });
  if (pulumi.runtime.isDryRun()) return { attestations: name };
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

type Wanted = Pick<AttestRequest, "sbom" | "provenance" | "sign" | "vulnerabilities">;

/** Nobody else sees an image in a registry on this machine. The exceptions are undefined if no statement on vulnerabilities is wanted. */
function wantedFor(
  repository: string,
  { attest = {}, sign }: GoImageArgs,
): Omit<Wanted, "vulnerabilities"> & { exceptions?: VulnerabilityException[] } {
  const byDefault = !isLoopback(repository.split("/")[0]!);
  const { sbom = byDefault, provenance = byDefault, vulnerabilities = byDefault, exceptions = [] } = attest;
  const today = new Date().toISOString().slice(0, 10);
  return {
    sbom,
    provenance,
    ...(sign && { sign }),
    ...(vulnerabilities && { exceptions: exceptions.filter(({ until }) => until >= today) }),
  };
}

async function vexRequest(exceptions: VulnerabilityException[], compilations: () => Promise<GoCompilation[]>): Promise<VexRequest> {
  const hash = hashOf(exceptions);
  return { programs: await compilations(), exceptions, ...(hash !== undefined && { exceptionsHash: hash }) };
}

let isSaid = false;

/** Says once if there is none. */
async function hasDatabase(): Promise<boolean> {
  if ((await knownDatabase()) !== undefined) return true;
  if (!isSaid)
    notice("note", "new images get no OpenVEX statement, because there is no vulnerability database. Get it: slipway scan --update");
  isSaid = true;
  return false;
}

function hasAny({ sbom, provenance, sign }: Wanted): boolean {
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

function requestFor(args: GoImageArgs, what: Wanted, origin: Source | undefined): string {
  const { source, package: goPackage, platforms, version, labels, compression, build = {} } = args;
  const request: AttestRequest = {
    ...what,
    // The program, assets, and the base that Slipway builds. Below them are the layers of a given base.
    ownLayers: 1 + (build.assets?.length ? 1 : 0) + (build.base === undefined ? 1 : 0),
    parameters: { source: origin?.folder ?? source, package: goPackage, platforms, version, labels, compression, ...build },
    ...(origin && { source: origin }),
  };
  return JSON.stringify(request);
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
  if (sign.key !== undefined && !isPreview) openPrivateKey(sign.key);
}

import { extname, join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import type { GoImageArgs, SignArgs } from "../go-image.ts";
import type { AttestRequest } from "../../lib/attestations/attach.ts";
import { openPrivateKey } from "../../lib/attestations/key-file.ts";
import { checkSignSettings, signerName } from "../../lib/attestations/sign-settings.ts";
import { sourceOf, type Source } from "../../lib/attestations/source.ts";
import { isLoopback } from "../../lib/loopback.ts";
import type { RegistryPushArgs } from "./registry-push.ts";

/** The package has JavaScript in place of TypeScript. */
const module = join(import.meta.dirname, `../../lib/attestations/attest-push${extname(import.meta.filename)}`);

/** What the push of an image attaches to it. */
export function attestations(args: GoImageArgs): Pick<RegistryPushArgs, "attestations" | "attest"> {
  const wanted = pulumi.output(args.repository).apply((repository) => wantedFor(repository, args));
  const name = wanted.apply(async ({ sbom, provenance }) => {
    const signer = args.sign && `signature ${await signerName(args.sign)}`;
    const all = [sbom && "sbom", provenance && "provenance", signer].filter(Boolean);
    return all.length > 0 ? all.join(" ") : undefined;
  });
  if (pulumi.runtime.isDryRun()) return { attestations: name };
  // Asked now and not once the registry exists, because the files may be other ones then.
  const source = knownSource(args.source);
  const attest = wanted.apply(async (what) => (hasAny(what) ? { module, request: requestFor(args, what, await source) } : undefined));
  return { attestations: name, attest };
}

type Wanted = Pick<AttestRequest, "sbom" | "provenance" | "sign">;

/** Nobody else sees an image in a registry on this machine. */
function wantedFor(repository: string, { attest = {}, sign }: GoImageArgs): Wanted {
  const byDefault = !isLoopback(repository.split("/")[0]!);
  const { sbom = byDefault, provenance = byDefault } = attest;
  return { sbom, provenance, ...(sign && { sign }) };
}

function hasAny({ sbom, provenance, sign }: Wanted): boolean {
  return sbom || provenance || sign !== undefined;
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

import { ImageBuilder } from "../components/image-builder.ts";
import { Requirement } from "../lib/attestations/requirement.ts";
import { readTrust, type Trust } from "../lib/attestations/trust.ts";
import type { Attestation } from "../lib/attestations/verify.ts";
import { isByDigest } from "../lib/image-reference.ts";
import { collect, type Problem } from "../lib/problem.ts";
import { knownDatabase } from "../lib/vulnerabilities/database.ts";
import { notice } from "../lib/notice.ts";
import { checkManifests } from "../lib/registry-client.ts";
import type { Configuration, Settings } from "./settings.ts";

/** What contradicts `slipway:supplyChain.require` in the settings: images that would be built without what is required. */
export function problemsWithRequirements({ supplyChain, services, jobs }: Pick<Settings, "supplyChain" | "services" | "jobs">): Problem[] {
  const { require = [], sign, attest } = supplyChain;
  if (require.length === 0) return [];
  const built = (["services", "jobs"] as const).flatMap((root) =>
    Object.entries({ services, jobs }[root]).flatMap(([name, { source, builder }]) =>
      source === undefined ? [] : [{ root, name, builder }],
    ),
  );
  if (built.length === 0) return [];
  return collect((report) => {
    for (const { root, name, builder } of built)
      report(
        [root, name, "builder"],
        builder === ImageBuilder.Dockerfile &&
          require.includes(Requirement.Vulnerabilities) &&
          "must be go, because supplyChain.require asks for a statement on vulnerabilities, and images from a Dockerfile have none. Remove vulnerabilities from supplyChain.require, or build and sign the image elsewhere, and set image",
      );
    report(
      ["supplyChain", "sign"],
      sign === undefined && "must be set, because supplyChain.require asks for signed images. Run slipway keys create",
    );
    for (const kind of [Requirement.Provenance, Requirement.Sbom, Requirement.Vulnerabilities] as const)
      report(
        ["supplyChain", "attest", kind],
        require.includes(kind) && attest?.[kind] === false && `must not be false, because supplyChain.require asks for it`,
      );
  });
}

/** Images that are built need Go's vulnerability database, if `slipway:supplyChain.require` asks for a statement on vulnerabilities. */
export async function missingDatabase({ supplyChain, services, jobs }: Configuration): Promise<string[]> {
  const isBuilt = Object.values({ ...services, ...jobs }).some(({ source }) => source !== undefined);
  if (!isBuilt || !(supplyChain.require ?? []).includes(Requirement.Vulnerabilities) || (await knownDatabase())) return [];
  return [
    "supplyChain.require asks for a statement on vulnerabilities, and this machine has no vulnerability database. Get it: slipway scan --update",
  ];
}

const soonDays = 30;

/** The keys of an image's signatures with their last days, if all end within 30 days: then it cannot be deployed any more. */
function endingSoon(attestations: Attestation[], { keys }: Trust, today: string): string | undefined {
  const soon = new Date(Date.parse(today) + soonDays * 24 * 3600_000).toISOString().slice(0, 10);
  const signers = new Set(attestations.flatMap(({ signer }) => signer ?? []));
  const ends = [...signers].map((signer) => ({ signer, until: keys.find(({ file }) => file === signer)?.until }));
  if (ends.length === 0 || ends.some(({ until }) => until === undefined || until > soon)) return undefined;
  return ends.map(({ signer, until }) => `${signer} on ${until}`).join(", ");
}

/**
 * Existing and promoted images that lack what `slipway:supplyChain.require` asks for. Those that are built are signed when they are pushed.
 *
 * @returns problems as finished sentences.
 * @throws UserError if a key cannot be read, or a registry does not answer.
 */
export async function unverifiedImages({ supplyChain, services, jobs }: Configuration): Promise<string[]> {
  const { require = [], keys, identities, trustedRoot } = supplyChain;
  const images = Object.entries({ ...services, ...jobs }).flatMap(([name, { source, image }]) =>
    source === undefined && image !== undefined && isByDigest(image) ? [{ name, image }] : [],
  );
  if (require.length === 0 || images.length === 0) return [];
  const { verifyAttestations } = await import("../lib/attestations/verify.ts");
  const trust = readTrust({ ...(keys && { keys }), ...(identities && { identities }), ...(trustedRoot !== undefined && { trustedRoot }) });
  const today = new Date().toISOString().slice(0, 10);
  const checked = images.map(async ({ name, image }) => {
    const found = await checkManifests(image);
    const repository = image.replace(/(:[\w.-]+)?@.*$/, "");
    const { attestations, problems } = await verifyAttestations({ repository, ...found }, trust, { require, today });
    const ending = problems.length === 0 && endingSoon(attestations, trust, today);
    if (ending) notice("warning", `${name}: ${image} is only signed with keys that end soon: ${ending}. Have it signed with another key.`);
    return problems.map((problem) => `${name}: ${image} is rejected: ${problem}.`);
  });
  return (await Promise.all(checked)).flat();
}

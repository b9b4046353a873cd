import { createHash } from "node:crypto";
import { knownDatabase, type VulnerabilityDatabase } from "../vulnerabilities/database.ts";
import { ExceptionStatus, isAbout, Justification, type VulnerabilityException } from "../vulnerabilities/exceptions.ts";
import { Level, sorted, worse, type Finding } from "../vulnerabilities/finding.ts";
import { scanLinked, type LinkedProgram } from "../vulnerabilities/linked-program.ts";
import { shownVersion } from "../vulnerabilities/upgrade.ts";
import { UserError } from "../user-error.ts";
import { goPurl, imagePurl } from "./bill-of-materials.ts";
import type { ImageContents } from "./image-contents.ts";
import type { Source } from "./source.ts";

/** How an OpenVEX statement is made. */
export interface VexRequest {
  /** The programs of the image for its platforms, in their order. */
  programs: LinkedProgram[];
  /** Those for the image that have not ended. */
  exceptions: VulnerabilityException[];
  /** @default - there are no exceptions */
  exceptionsHash?: string;
}

/** The image that a statement is about. */
interface VexImage {
  repository: string;
  digest: string;
  /** The images for the platforms. */
  images: { digest: string; contents: ImageContents }[];
}

/** The vulnerabilities of the programs of an image. */
export interface VexScan {
  findings: Finding[];
  database: VulnerabilityDatabase;
}

/**
 * Looks for vulnerabilities in the programs of an image.
 *
 * @param contents of the images for the platforms, which may be known only later.
 */
export async function scanForVex(repository: string, { programs }: VexRequest, contents: Promise<ImageContents>[]): Promise<VexScan> {
  const database = await knownDatabase();
  if (!database) throw new UserError(`${repository}: there is no vulnerability database any more. Get it: slipway scan --update`);
  const findings: Finding[] = [];
  for (const [i, program] of programs.entries()) {
    const buildId = contents[i]?.then((one) => one.buildId) ?? Promise.resolve(undefined);
    findings.push(...(await scanLinked(program, buildId, database)).findings);
  }
  return { findings, database };
}

/** Says of each vulnerability whether it affects the image. */
export function openVexOf(
  { repository, digest, images }: VexImage,
  { findings, database }: VexScan,
  { exceptions }: VexRequest,
  source: Source | undefined,
  slipway: string,
): Record<string, unknown> {
  const purls = images.map((one) => imagePurl({ repository, ...one }));
  return openVex(findings, {
    products: images.some((one) => one.digest === digest) ? purls : [imagePurl({ repository, digest }), ...purls],
    exceptions,
    author: source?.repository ?? repository,
    timestamp: new Date(),
    tooling: `slipway ${slipway}, govulncheck, golang.org/x/vulndb ${database.version}`,
  });
}

export interface VexFacts {
  /** Package URLs of the images. */
  products: string[];
  exceptions: VulnerabilityException[];
  author: string;
  timestamp: Date;
  tooling: string;
}

/** An OpenVEX document, https://github.com/openvex/spec/blob/main/OPENVEX-SPEC.md. */
export function openVex(findings: Finding[], { products, exceptions, author, timestamp, tooling }: VexFacts): Record<string, unknown> {
  const same = Map.groupBy(findings, ({ id }) => id);
  const distinct = sorted([...same.values()].map((all) => all.reduce(worse)));
  const document = {
    "@context": "https://openvex.dev/ns/v0.2.0",
    author,
    timestamp: timestamp.toISOString(),
    version: 1,
    tooling,
    statements: distinct.map((finding) => ({
      vulnerability: { "@id": finding.url, name: finding.id, description: finding.summary, aliases: finding.aliases },
      products: products.map((product) => ({ "@id": product, subcomponents: [{ "@id": subcomponent(finding) }] })),
      ...statusOf(
        finding,
        exceptions.find((one) => isAbout(one, finding)),
      ),
    })),
  };
  const { "@context": context, ...rest } = document;
  const hash = createHash("sha256").update(JSON.stringify(document)).digest("hex");
  return { "@context": context, "@id": `https://openvex.dev/docs/public/vex-${hash}`, ...rest };
}

function subcomponent({ module, version }: Finding): string {
  // As in the bill of materials: https://github.com/package-url/purl-spec/blob/main/types-doc/golang-definition.md.
  return goPurl(module === "stdlib" ? "std" : module, shownVersion(module, version));
}

function statusOf({ level, module, fixed }: Finding, exception: VulnerabilityException | undefined): Record<string, unknown> {
  if (level !== Level.Reachable)
    return {
      status: ExceptionStatus.NotAffected,
      justification: Justification.CodeNotPresent,
      impact_statement: "The vulnerable function is not in the program.",
    };
  if (exception?.status === ExceptionStatus.NotAffected)
    return {
      status: ExceptionStatus.NotAffected,
      ...(exception.justification && { justification: exception.justification }),
      impact_statement: exception.reason,
    };
  const upgrade = fixed === undefined ? "There is no version without it yet." : `Upgrade ${module} to ${shownVersion(module, fixed)}.`;
  return {
    status: ExceptionStatus.Affected,
    action_statement: exception ? `Accepted until ${exception.until}: ${exception.reason}` : upgrade,
  };
}

import { z } from "zod";
import { PredicateType } from "../../lib/attestations/statement.ts";
import type { Attestation } from "../../lib/attestations/verify.ts";
import { shortDigest } from "../../lib/image-reference.ts";
import { table } from "../table.ts";
import type { VerifyResult } from "./verify.ts";

const names: Record<string, string> = {
  [PredicateType.Signature]: "signature",
  [PredicateType.Provenance]: "provenance",
  [PredicateType.CycloneDx]: "sbom (CycloneDX)",
  [PredicateType.Spdx]: "sbom (SPDX)",
  [PredicateType.OpenVex]: "vulnerabilities (OpenVEX)",
};

export function formatVerified({ image, digest, attestations, problems }: VerifyResult): string {
  const rows = attestations.map((one) => [
    names[one.statement?.predicateType ?? ""] ?? one.statement?.predicateType ?? "bundle",
    shortDigest(one.image),
    one.signer ?? `does not count: it ${one.problem}`,
    detail(one),
  ]);
  const list =
    rows.length === 0
      ? ""
      : table(
          ["ATTESTATION", "OF", "SIGNED BY", ""],
          rows.sort((a, b) => String(a).localeCompare(String(b))),
        );
  const verdict =
    problems.length === 0
      ? `${image}: verified (${shortDigest(digest)}).\n`
      : `${image}: rejected.\n${problems.map((problem) => `  - ${problem}.\n`).join("")}`;
  return `${list}${verdict}`;
}

const provenance = z.object({
  buildDefinition: z.object({
    resolvedDependencies: z
      .array(
        z.object({
          digest: z.object({ gitCommit: z.string().optional() }).optional(),
          annotations: z.object({ dirty: z.boolean() }).optional(),
        }),
      )
      .default([]),
  }),
  runDetails: z.object({ builder: z.object({ id: z.string(), slipway_buildLevel: z.number().optional() }) }),
});

/** Builder, level and commit of a provenance. */
function detail({ statement }: Attestation): string {
  if (statement?.predicateType !== PredicateType.Provenance) return "";
  const { data } = provenance.safeParse(statement.predicate);
  if (!data) return "";
  const { id, slipway_buildLevel: level } = data.runDetails.builder;
  const source = data.buildDefinition.resolvedDependencies.find(({ digest }) => digest?.gitCommit !== undefined);
  const commit = source ? `, commit ${source.digest!.gitCommit!.slice(0, 12)}${source.annotations?.dirty ? " with changes" : ""}` : "";
  return `${id}${level === undefined ? "" : `, Build L${level}`}${commit}`;
}

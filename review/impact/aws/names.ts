import { Impact } from "../../../lib/impact.ts";
import type { ImpactRule } from "../rule.ts";
import { aws, comes, goes } from "./kinds.ts";

/** Names and certificates. */
export const nameRules: ImpactRule[] = [
  {
    id: "dns-record",
    types: aws("route53.Record"),
    operations: comes,
    impact: Impact.Access,
    reason: "{changed}: where {name} leads to",
  },
  {
    id: "dns-record-changed",
    types: aws("route53.Record"),
    operations: ["update"],
    properties: ["records", "ttl", "type", "aliases", "weightedRoutingPolicies", "setIdentifier"],
    impact: Impact.Access,
    reason: "{changed}: {before} → {after}: where {name} leads to",
  },
  {
    id: "dns-record-gone",
    types: aws("route53.Record", "route53.Zone"),
    operations: goes,
    impact: Impact.Downtime,
    reason: "{changed}: {name} leads nowhere for a while, or for good",
  },
  {
    id: "certificate",
    types: aws("acm.Certificate", "acm.CertificateValidation"),
    operations: comes,
    impact: Impact.Nothing,
    reason: "nothing is served with it yet",
  },
  {
    id: "certificate-before-old",
    types: aws("acm.Certificate", "acm.CertificateValidation"),
    operations: ["replace"],
    when: ({ deletesFirst }) => !deletesFirst,
    impact: Impact.Rolling,
    reason: "{changed}: another certificate is there before the old one goes",
  },
  {
    id: "certificate-gone",
    types: aws("acm.Certificate", "acm.CertificateValidation"),
    operations: goes,
    impact: Impact.Downtime,
    reason: "{changed}: HTTPS has no certificate any more",
  },
];

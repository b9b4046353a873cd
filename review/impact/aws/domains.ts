import { Impact } from "../../../lib/impact.ts";
import type { ImpactRule } from "../rule.ts";
import { aws, created, removed } from "./kinds.ts";

/** DNS records and certificates. */
export const domainRules: ImpactRule[] = [
  {
    id: "dns-record",
    types: aws("route53.Record"),
    operations: created,
    impact: Impact.Access,
    reason: "{changed}: affects what {name} resolves to",
  },
  {
    id: "dns-record-changed",
    types: aws("route53.Record"),
    operations: ["update"],
    properties: ["records", "ttl", "type", "aliases", "weightedRoutingPolicies", "setIdentifier"],
    impact: Impact.Access,
    reason: "{changed} ({before} → {after}): affects what {name} resolves to",
  },
  {
    id: "dns-record-gone",
    types: aws("route53.Record", "route53.Zone"),
    operations: removed,
    impact: Impact.Downtime,
    reason: "{changed}: {name} does not resolve, temporarily or permanently",
  },
  {
    id: "certificate",
    types: aws("acm.Certificate", "acm.CertificateValidation"),
    operations: created,
    impact: Impact.Nothing,
    reason: "new: nothing uses it yet",
  },
  {
    id: "certificate-before-old",
    types: aws("acm.Certificate", "acm.CertificateValidation"),
    operations: ["replace"],
    when: ({ deletesFirst }) => !deletesFirst,
    impact: Impact.Rolling,
    reason: "{changed}: a new certificate is issued before the old one is deleted",
  },
  {
    id: "certificate-gone",
    types: aws("acm.Certificate", "acm.CertificateValidation"),
    operations: removed,
    impact: Impact.Downtime,
    reason: "{changed}: HTTPS loses its certificate",
  },
];

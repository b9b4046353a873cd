import type { Settings } from "../compose/convert.ts";
import { ordered, type Unit } from "./units.ts";

/** A stack on AWS with placeholders, which every command rejects until they are replaced (config/placeholders.ts). */
export interface AwsStack {
  name: string;
  head: string[];
  eks: Settings;
}

const region = "<AWS region, such as eu-central-1>";
const domain = (example: string) => ({ name: `<domain, such as ${example}>`, zoneId: `<ID of the domain's hosted zone in Route 53>` });
const deployer = { principalArn: "<ARN of the IAM role that deploys>", policy: "ClusterAdmin" };
const clients = { publicCidrs: ["<IP range of developers and pipelines, such as 203.0.113.0/24>"] };

export const awsStacks: AwsStack[] = [
  {
    name: "dev",
    head: ["Small and cheap: two zones, one NAT gateway, no deletion protection. Replace the <placeholders> first."],
    eks: {
      region,
      network: { cidr: "10.10.0.0/16", nat: "single", interfaceEndpoints: false },
      endpoint: clients,
      access: [deployer],
      domain: domain("dev.example.org"),
      logRetentionDays: 7,
      tags: { environment: "dev" },
    },
  },
  {
    name: "staging",
    head: ["Like prod with less redundancy: one NAT gateway, no deletion protection. Replace the <placeholders> first."],
    eks: {
      region,
      network: { cidr: "10.20.0.0/16", nat: "single", interfaceEndpoints: false },
      endpoint: clients,
      access: [deployer],
      domain: domain("staging.example.org"),
      logRetentionDays: 30,
      tags: { environment: "staging" },
    },
  },
  {
    name: "prod",
    head: [
      "Redundant and protected: three zones with a NAT gateway each, deletion protection. Only the VPC can reach the Kubernetes API: connect",
      "through a VPN or a bastion host, or set endpoint.publicCidrs. Replace the <placeholders> first.",
    ],
    eks: {
      region,
      network: { cidr: "10.30.0.0/16", nat: "perAz" },
      access: [deployer],
      domain: domain("example.org"),
      deletionProtection: true,
      logRetentionDays: 365,
      tags: { environment: "prod" },
    },
  },
];

/** The settings of a unit on AWS: as here, with a host below the domain. */
export function onAws({ name, settings }: Unit): Settings {
  return ordered("host" in settings ? { ...settings, host: `<host of ${name} below the domain, such as ${name}.example.org>` } : settings);
}

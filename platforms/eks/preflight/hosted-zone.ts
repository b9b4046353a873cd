import { collect, type Problem } from "../../../lib/problem.ts";
import type { EksSettings } from "../../../config/schema/eks.ts";
import type { AwsQuery } from "./aws-cli.ts";

interface GetHostedZone {
  HostedZone: { Name: string; Config?: { PrivateZone?: boolean } };
}

/** The hosted zone must exist, be public, and contain the domain. */
export async function problemsWithHostedZone({ domain }: EksSettings, aws: AwsQuery): Promise<Problem[]> {
  if (domain === undefined) return [];
  const answer = await aws<GetHostedZone>("route53", "get-hosted-zone", "--id", domain.zoneId).catch((error: Error) => error);
  return collect((report) => report(["eks", "domain", "zoneId"], problemWithAnswer(answer, domain)));
}

function problemWithAnswer(answer: GetHostedZone | Error, { name, zoneId }: { name: string; zoneId: string }): string | undefined {
  if (answer instanceof Error) {
    if (!answer.message.includes("NoSuchHostedZone")) return undefined;
    return `must be a hosted zone in this account (got "${zoneId}"). ${listZones}`;
  }
  const { Name, Config } = answer.HostedZone;
  const zone = Name.replace(/\.$/, "");
  if (Config?.PrivateZone)
    return `must be a public hosted zone (got "${zoneId}", which is private). AWS validates the certificate by public DNS`;
  if (name === zone || name.endsWith(`.${zone}`)) return undefined;
  return `must be the hosted zone of ${name} (got "${zoneId}", the zone of ${zone}). ${listZones}`;
}

const listZones = "Run aws route53 list-hosted-zones to list the zones";

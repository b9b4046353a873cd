import { NatStrategy, type NetworkArgs } from "../network-args.ts";
import { redact } from "../../lib/redact.ts";
import { problemWithRegion, problemWithRetention } from "../internal/aws.ts";
import { defaultCidr, isRange, mostZones, overlaps, problemsWithCidr } from "../../lib/subnets.ts";
import type { Problem } from "../../lib/problem.ts";
import { checkRoleArgs } from "./role.ts";

/** Names of IAM roles have at most 64 characters: the network's name, `-flow-logs`, and 8 characters that Pulumi appends. */
const longestName = 46;

/** What is wrong with the arguments of a Network, and with its name if it is given. */
export function problemsWithNetwork(args: NetworkArgs, name = "network"): Problem[] {
  const { region, zones, cidr = defaultCidr, nat, interfaceEndpoints, connectedCidrs = [], flowLogRetentionDays: days } = args;
  const { additionalEndpoints = [], roles = {} } = args;
  const problems: Problem[] = [];
  const report = (key: keyof NetworkArgs, message: string | undefined | false, ...rest: number[]) =>
    message && problems.push({ path: [key, ...rest], message });
  if (name.length > longestName || !/^[\w-]+$/.test(name)) {
    const message = `the name must be 1 to ${longestName} letters, digits, "-" and "_" (got "${name}"). The IAM role for flow logs has it, too`;
    problems.push({ path: [], message });
  }
  const regionProblem = problemWithRegion(region);
  report("region", regionProblem);
  report(
    "zones",
    (zones.length < 2 || zones.length > mostZones) &&
      `must be 2 to ${mostZones} availability zones (got ${zones.length}). EKS requires two; three are usual`,
  );
  const duplicate = zones.find((zone, i) => zones.indexOf(zone) < i);
  report("zones", duplicate !== undefined && `must be different zones (got "${duplicate}" twice)`);
  const elsewhere =
    regionProblem === undefined && zones.find((zone) => !/^[a-z]$/.test(zone.replace(region, "")) || !zone.startsWith(region));
  report("zones", typeof elsewhere === "string" && `must be availability zones of ${region}, such as ${region}a (got "${elsewhere}")`);
  for (const problem of problemsWithCidr(cidr)) report("cidr", problem);
  for (const [i, other] of connectedCidrs.entries()) {
    report("connectedCidrs", !isRange(other) && `must be an IPv4 range, such as 10.1.0.0/16 (got "${other}")`, i);
    report(
      "connectedCidrs",
      overlaps(cidr, other) && `must not overlap with the VPC's range ${cidr} (got "${other}"). Set another cidr`,
      i,
    );
  }
  const strategies = Object.values(NatStrategy);
  report("nat", nat !== undefined && !strategies.includes(nat) && `must be one of ${strategies.join(", ")} (got "${String(nat)}")`);
  report(
    "interfaceEndpoints",
    nat === NatStrategy.None &&
      interfaceEndpoints === false &&
      "must be true with nat: none (got false), or nodes reach neither AWS nor their images. Omit it, or choose another nat",
  );
  for (const [i, service] of additionalEndpoints.entries())
    report(
      "additionalEndpoints",
      !/^[a-z][a-z0-9.-]*$/.test(service) && `must be an AWS service, such as monitoring (got "${service}")`,
      i,
    );
  report(
    "additionalEndpoints",
    additionalEndpoints.length > 0 && interfaceEndpoints === false && "requires interfaceEndpoints (got false). Omit one of them",
  );
  checkRoleArgs(roles, (path, message) => message && problems.push({ path: ["roles", ...path], message: redact(message) }));
  report("flowLogRetentionDays", problemWithRetention(days));
  return problems;
}

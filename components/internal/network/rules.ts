import { NatStrategy, type NetworkArgs } from "../../network-args.ts";
import { mostZones, problemsWithCidr } from "../subnets.ts";
import type { Problem } from "../web-service/rules/problem.ts";

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html, but for ever. */
const retentions = [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];

/** What is wrong with the arguments of a Network. */
export function problemsWithNetwork(args: NetworkArgs): Problem[] {
  const { region, zones, cidr, nat, interfaceEndpoints, flowLogRetentionDays: days } = args;
  const problems: Problem[] = [];
  const report = (key: keyof NetworkArgs, message: string | false) => message && problems.push({ path: [key], message });
  const isRegion = /^[a-z]{2}(-[a-z]+)+-\d$/.test(region);
  report("region", !isRegion && `must be a region of AWS such as eu-central-1, got "${region}"`);
  report(
    "zones",
    (zones.length < 2 || zones.length > mostZones) &&
      `must be 2 to ${mostZones} availability zones, got ${zones.length}: an EKS cluster wants at least two; three is usual`,
  );
  const twice = zones.find((zone, i) => zones.indexOf(zone) < i);
  report("zones", twice !== undefined && `must differ, got "${twice}" twice`);
  const elsewhere = isRegion && zones.find((zone) => !/^[a-z]$/.test(zone.replace(region, "")) || !zone.startsWith(region));
  report("zones", typeof elsewhere === "string" && `must be zones of ${region} such as ${region}a, got "${elsewhere}"`);
  for (const problem of cidr === undefined ? [] : problemsWithCidr(cidr)) report("cidr", problem);
  const strategies = Object.values(NatStrategy);
  report("nat", nat !== undefined && !strategies.includes(nat) && `must be ${strategies.join(", ")}, got "${String(nat)}"`);
  report(
    "interfaceEndpoints",
    nat === NatStrategy.None &&
      interfaceEndpoints === false &&
      `must be true with nat: none, got false: nodes would reach neither AWS nor their images; leave it out, or choose another nat`,
  );
  report(
    "flowLogRetentionDays",
    days !== undefined &&
      !retentions.includes(days) &&
      `must be one of ${retentions.join(", ")}, got ${days}: CloudWatch Logs has no others`,
  );
  return problems;
}

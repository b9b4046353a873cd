import { containerLogGroupNames, logGroupName } from "../../components/eks-log-groups.ts";
import type { EksSettings } from "../../config/schema/eks.ts";
import type { Problem } from "../../lib/problem.ts";
import { awsMessage, awsQuery, type AwsQuery } from "./preflight/aws-cli.ts";

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_LogGroup.html */
interface DescribeLogGroups {
  logGroups: { logGroupName: string; kmsKeyId?: string }[];
}

/** Whether a log group exists that no stack has created: those of stacks are encrypted. */
async function isForeign(group: string, aws: AwsQuery): Promise<boolean> {
  const { logGroups } = await aws<DescribeLogGroups>("logs", "describe-log-groups", "--log-group-name-prefix", group);
  return logGroups.some(({ logGroupName: name, kmsKeyId }) => name === group && kmsKeyId === undefined);
}

function deletion(group: string, region: string): string {
  return `aws logs delete-log-group --log-group-name ${group} --region ${region}`;
}

/**
 * Log groups that the stack cannot create, because they exist without it: late events of a deleted cluster create its log group again.
 *
 * @param isNew whether the cluster does not exist yet
 */
export async function problemsWithLogGroups(cluster: string, isNew: boolean, eks: EksSettings, aws: AwsQuery): Promise<Problem[]> {
  const names = [...(isNew ? [logGroupName(cluster)] : []), ...(eks.containerInsights === true ? containerLogGroupNames(cluster) : [])];
  const checks = names.map(async (group): Promise<Problem[]> => {
    if (!(await isForeign(group, aws).catch(() => false))) return [];
    const message = `The log group ${group} in ${eks.region} already exists, and this stack has not created it. Save the logs that you need, and delete it (${deletion(group, eks.region)})`;
    return [{ path: [], message }];
  });
  return (await Promise.all(checks)).flat();
}

/**
 * Deletes the log group of a deleted cluster, if late events have created it again: without encryption, and it would never expire.
 *
 * @returns what was done, for people; undefined if there is no such log group.
 */
export async function deleteRecreatedLogGroup(cluster: string, eks: Pick<EksSettings, "region" | "profile">): Promise<string | undefined> {
  const aws = awsQuery(eks);
  const group = logGroupName(cluster);
  try {
    if (!(await isForeign(group, aws))) return undefined;
    await aws("logs", "delete-log-group", "--log-group-name", group);
    return `removed the log group ${group}, which late events of the deleted cluster had created again`;
  } catch (error) {
    return `note: late events of the deleted cluster may create the log group ${group} again, and AWS did not show or delete it: ${awsMessage(error as Error)}. To delete it: ${deletion(group, eks.region)}`;
  }
}

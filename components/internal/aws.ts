/** What is wrong with the name of a region. */
export function problemWithRegion(region: string): string | undefined {
  return /^[a-z]{2}(-[a-z]+)+-\d$/.test(region) ? undefined : `must be an AWS region, such as eu-central-1 (got "${region}")`;
}

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html, without "never expire". */
const retentions = [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];

/** What is wrong with the number of days that logs are kept. */
export function problemWithRetention(days: number | undefined): string | undefined {
  if (days === undefined || retentions.includes(days)) return undefined;
  return `must be one of ${retentions.join(", ")} (got ${days}). CloudWatch Logs accepts no other values`;
}

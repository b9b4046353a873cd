import { command } from "../../../lib/command.ts";
import { redact } from "../../../lib/redact.ts";
import type { EksSettings } from "../../../config/schema/eks.ts";

/** Runs an operation with the AWS CLI and returns its JSON output. */
export type AwsQuery = <T>(...args: string[]) => Promise<T>;

/** Queries AWS in the region and with the profile of the settings. */
export function awsQuery({ region, profile }: Pick<EksSettings, "region" | "profile">): AwsQuery {
  const options = ["--region", region, ...(profile === undefined ? [] : ["--profile", profile]), "--output", "json"];
  // Operations without a result print nothing.
  return async (...args) => JSON.parse((await runAws([...args, ...options])) || "{}") as never;
}

/** Runs the AWS CLI and returns its output. */
export function runAws(args: string[]): Promise<string> {
  return command("aws", args, { env: { AWS_PAGER: "" }, timeoutSeconds: 60, lines: 3 });
}

/** The last line that the AWS CLI printed, without account ids and keys. */
export function awsMessage(error: Error): string {
  return redact(error.message.split("\n").findLast((line) => line.includes("| ")) ?? error.message).replace(/^\s*\|\s*|\.$/g, "");
}

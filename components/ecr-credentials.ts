import * as pulumi from "@pulumi/pulumi";
import { unknown } from "@pulumi/pulumi/output.js";
import type { RegistryCredentials } from "./go-image.ts";
import { command } from "../lib/command.ts";
import { redact } from "../lib/redact.ts";
import { UserError } from "../lib/user-error.ts";

/** Asking takes a second; it does not end while the program waits for somebody to type a code. */
const timeoutSeconds = 60;

/**
 * A login to ECR that is good for 12 hours, https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html. It is got
 * by AWS' own program, which the kubeconfig needs as well, and in an update alone: in a preview the password is not known.
 *
 * @param profile Profile of the AWS configuration; without it the environment decides.
 */
export function ecrCredentials(region: string, profile?: string): RegistryCredentials {
  const password = pulumi.runtime.isDryRun() ? (unknown as unknown as string) : ecrPassword(region, profile);
  return { username: "AWS", password: pulumi.secret(password) };
}

/** One is enough for all repositories of a run. */
const passwords = new Map<string, Promise<string>>();

/** @throws UserError that says what `aws` said, without accounts and keys. */
export function ecrPassword(region: string, profile?: string): Promise<string> {
  const key = JSON.stringify([region, profile]);
  const password = passwords.get(key) ?? logIn(region, profile);
  passwords.set(key, password);
  return password;
}

async function logIn(region: string, profile?: string): Promise<string> {
  const args = ["ecr", "get-login-password", "--region", region, ...(profile === undefined ? [] : ["--profile", profile])];
  const password = await command("aws", args, { env: { AWS_PAGER: "" }, timeoutSeconds, lines: 5 }).catch((error: Error) => {
    throw new UserError(error.message.includes("ENOENT") ? missing : `${redact(error.message)}\n${remedy(profile)}`);
  });
  if (password.trim() === "") throw new UserError(`aws ${args.join(" ")}\n  printed no password\n${remedy(profile)}`);
  return password.trim();
}

const missing =
  "aws is missing, the program that logs in to ECR. Install the AWS CLI: https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html";

function remedy(profile: string | undefined): string {
  const option = profile === undefined ? "" : ` --profile ${profile}`;
  return `Images cannot be pushed to ECR without it. Log in (aws sso login${option}, or aws configure${option}), and have the right ecr:GetAuthorizationToken; aws sts get-caller-identity${option} shows who you are.`;
}

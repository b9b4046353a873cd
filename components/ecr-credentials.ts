import * as pulumi from "@pulumi/pulumi";
import { unknown } from "@pulumi/pulumi/output.js";
import type { RegistryCredentials } from "./go-image.ts";
import { command } from "../lib/command.ts";
import { redact } from "../lib/redact.ts";
import { UserError } from "../lib/user-error.ts";

/** Normally takes a second, but never ends if the AWS CLI prompts for an MFA code. */
const timeoutSeconds = 60;

/**
 * ECR credentials, valid for 12 hours (https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html). An update requests
 * them with the AWS CLI, which the kubeconfig also needs. In a preview the password is unknown.
 *
 * @param profile Profile of the AWS configuration. @default - the credentials in the environment.
 */
export function ecrCredentials(region: string, profile?: string): RegistryCredentials {
  const password = pulumi.runtime.isDryRun() ? (unknown as unknown as string) : ecrPassword(region, profile);
  return { username: "AWS", password: pulumi.secret(password) };
}

/** Passwords by region and profile: one is valid for all repositories. */
const passwords = new Map<string, Promise<string>>();

/**
 * An ECR password. Requested once for each region and profile.
 *
 * @throws UserError with the output of the AWS CLI, without account IDs and keys.
 */
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
  "The AWS CLI is missing, so images cannot be pushed to ECR. Install it: https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html";

function remedy(profile: string | undefined): string {
  const option = profile === undefined ? "" : ` --profile ${profile}`;
  return `Images cannot be pushed to ECR. Log in with aws sso login${option} or aws configure${option}, as an identity with the permission ecr:GetAuthorizationToken. To see your identity: aws sts get-caller-identity${option}`;
}

import * as pulumi from "@pulumi/pulumi";
import { unknown } from "@pulumi/pulumi/output.js";
import type { RegistryCredentials } from "./go-image.ts";
import { command } from "../lib/command.ts";
import { redact } from "../lib/redact.ts";
import { UserError } from "../lib/user-error.ts";

/** A login takes a second. It never ends if the AWS CLI waits for somebody to enter a code. */
const timeoutSeconds = 60;

/**
 * Credentials for ECR, valid for 12 hours, https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html. They come from the AWS
 * CLI, which the kubeconfig needs as well. In a preview the AWS CLI is not called, and the password is unknown.
 *
 * @param profile Profile in the AWS configuration. @default - from the environment.
 */
export function ecrCredentials(region: string, profile?: string): RegistryCredentials {
  const password = pulumi.runtime.isDryRun() ? (unknown as unknown as string) : ecrPassword(region, profile);
  return { username: "AWS", password: pulumi.secret(password) };
}

/** Passwords by region and profile: all repositories of a run share one. */
const passwords = new Map<string, Promise<string>>();

/** @throws UserError with the output of the AWS CLI, without account ids and keys. */
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
  "aws is missing. It is needed to log in to ECR. Install the AWS CLI, version 2: https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html";

function remedy(profile: string | undefined): string {
  const option = profile === undefined ? "" : ` --profile ${profile}`;
  return `The login to ECR failed, so images cannot be pushed. Log in to AWS (aws sso login${option}, or aws configure${option}) with the permission ecr:GetAuthorizationToken. To show your identity, run aws sts get-caller-identity${option}`;
}

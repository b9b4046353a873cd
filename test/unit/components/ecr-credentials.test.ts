import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ecrCredentials, ecrPassword } from "../../../components/ecr-credentials.ts";
import { redact } from "../../../lib/redact.ts";
import { UserError } from "../../../lib/user-error.ts";
import { record, settle } from "../harness.ts";

const path = process.env["PATH"];
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slipway-"));
  process.env["PATH"] = `${folder}:${path}`;
});
afterEach(() => {
  process.env["PATH"] = path;
  rmSync(folder, { recursive: true });
});

/** Replaces the AWS CLI with a script that records its arguments. */
function aws(script: string): void {
  writeFileSync(join(folder, "aws"), `#!/bin/sh\necho "$*" >>"${folder}/calls"\n${script}\n`, { mode: 0o755 });
}
const calls = () => (existsSync(join(folder, "calls")) ? readFileSync(join(folder, "calls"), "utf8").trimEnd().split("\n") : []);

/** The message of the error. */
const failure = (region: string, profile?: string) =>
  ecrPassword(region, profile).then(
    () => "none",
    (error: Error) => (error instanceof UserError ? error.message : error),
  );

test("the password is the output of the AWS CLI, as a secret, and the user is AWS", async () => {
  aws("echo t0ken");
  const { result } = await record(async () => {
    const { username, password } = ecrCredentials("eu-west-1", "dev");
    return { username, password: await settle(password as never) };
  });
  expect(result).toEqual({ username: "AWS", password: { value: "t0ken", secret: true } });
  expect(calls()).toEqual(["ecr get-login-password --region eu-west-1 --profile dev"]);
});

test("without a profile the AWS CLI is called without one", async () => {
  aws("echo t0ken");
  await record(async () => settle(ecrCredentials("eu-west-2").password as never));
  expect(calls()).toEqual(["ecr get-login-password --region eu-west-2"]);
});

test("the AWS CLI is called once for each region and profile", async () => {
  aws("echo t0ken");
  await record(async () => {
    for (const profile of ["one", "one", "two"]) await settle(ecrCredentials("eu-west-3", profile).password as never);
  });
  expect(calls()).toEqual(["--profile one", "--profile two"].map((option) => `ecr get-login-password --region eu-west-3 ${option}`));
});

test("in a preview the AWS CLI is not called, and the password is an unknown secret", async () => {
  aws("echo t0ken");
  const { result } = await record(
    async () => {
      const password = ecrCredentials("eu-north-1").password as unknown as { isKnown: Promise<boolean>; isSecret: Promise<boolean> };
      return [await password.isKnown, await password.isSecret];
    },
    { preview: true },
  );
  expect(result).toEqual([false, true]);
  expect(calls()).toEqual([]);
});

test("if the AWS CLI is missing, the message says why it is needed and how to install it", async () => {
  process.env["PATH"] = folder;
  expect(await failure("eu-south-1")).toBe(
    "The AWS CLI is missing, so images cannot be pushed to ECR. Install it: https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html",
  );
});

test("if the AWS CLI fails, the message has its output without account IDs and keys, and the remedy", async () => {
  aws(
    `echo "An error occurred (AccessDeniedException): User: arn:aws:iam::111122223333:user/a with AKIAIOSFODNN7EXAMPLE is not authorized" >&2; exit 254`,
  );
  expect(await failure("eu-south-2", "dev")).toBe(
    `aws ecr get-login-password --region eu-south-2 --profile dev
  exit code 254
  | An error occurred (AccessDeniedException): User: arn:aws:iam::<account>:user/a with <key> is not authorized
Images cannot be pushed to ECR. Log in with aws sso login --profile dev or aws configure --profile dev, as an identity with the permission ecr:GetAuthorizationToken. To see your identity: aws sts get-caller-identity --profile dev`,
  );
});

test("an empty password is an error", async () => {
  aws("echo");
  expect(await failure("eu-central-2")).toMatch(
    /^aws ecr get-login-password --region eu-central-2\n {2}printed no password\nImages cannot/,
  );
});

test("a token that was printed before a failure is not in the message", async () => {
  const token = Buffer.from("secret".repeat(40)).toString("base64");
  aws(`echo ${token}; exit 1`);
  const message = await failure("ca-central-1");
  expect(message).toContain("exit code 1\n  | <token>\n");
  expect(message).not.toContain(token.slice(0, 20));
});

test("redact keeps text that is not an account ID, key or token", () => {
  const text = "eu-central-1 2026-11-20T08:15:00Z 1234567890123 i-0123456789abcdef0 https://sts.amazonaws.com";
  expect(redact(text)).toBe(text);
});

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

/** A program that stands in for `aws` and writes down how it is called. */
function aws(script: string): void {
  writeFileSync(join(folder, "aws"), `#!/bin/sh\necho "$*" >>"${folder}/calls"\n${script}\n`, { mode: 0o755 });
}
const calls = () => (existsSync(join(folder, "calls")) ? readFileSync(join(folder, "calls"), "utf8").trimEnd().split("\n") : []);

/** The message with which the password is refused. */
const refusal = (region: string, profile?: string) =>
  ecrPassword(region, profile).then(
    () => "none",
    (error: Error) => (error instanceof UserError ? error.message : error),
  );

test("the password is what aws prints, a secret; the user is AWS", async () => {
  aws("echo t0ken");
  const { result } = await record(async () => {
    const { username, password } = ecrCredentials("eu-west-1", "dev");
    return { username, password: await settle(password as never) };
  });
  expect(result).toEqual({ username: "AWS", password: { value: "t0ken", secret: true } });
  expect(calls()).toEqual(["ecr get-login-password --region eu-west-1 --profile dev"]);
});

test("without a profile the environment decides", async () => {
  aws("echo t0ken");
  await record(async () => settle(ecrCredentials("eu-west-2").password as never));
  expect(calls()).toEqual(["ecr get-login-password --region eu-west-2"]);
});

test("aws is asked once for all repositories of a region and a profile", async () => {
  aws("echo t0ken");
  await record(async () => {
    for (const profile of ["one", "one", "two"]) await settle(ecrCredentials("eu-west-3", profile).password as never);
  });
  expect(calls()).toEqual(["--profile one", "--profile two"].map((option) => `ecr get-login-password --region eu-west-3 ${option}`));
});

test("a preview asks nobody: the password is a secret that is not known yet", async () => {
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

test("where aws is missing, the message says what it is for and where to get it", async () => {
  process.env["PATH"] = folder;
  expect(await refusal("eu-south-1")).toBe(
    "aws is missing, the program that logs in to ECR. Install the AWS CLI: https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html",
  );
});

test("where aws refuses, the message has its words without account and key, and the remedy", async () => {
  aws(
    `echo "An error occurred (AccessDeniedException): User: arn:aws:iam::111122223333:user/a with AKIAIOSFODNN7EXAMPLE is not authorized" >&2; exit 254`,
  );
  expect(await refusal("eu-south-2", "dev")).toBe(
    `aws ecr get-login-password --region eu-south-2 --profile dev
  exit code 254
  | An error occurred (AccessDeniedException): User: arn:aws:iam::<account>:user/a with <key> is not authorized
Images cannot be pushed to ECR without it. Log in (aws sso login --profile dev, or aws configure --profile dev), and have the right ecr:GetAuthorizationToken; aws sts get-caller-identity --profile dev shows who you are.`,
  );
});

test("a password that is empty is a failure", async () => {
  aws("echo");
  expect(await refusal("eu-central-2")).toMatch(
    /^aws ecr get-login-password --region eu-central-2\n {2}printed no password\nImages cannot/,
  );
});

test("what fails after it printed a token does not tell it", async () => {
  const token = Buffer.from("secret".repeat(40)).toString("base64");
  aws(`echo ${token}; exit 1`);
  const message = await refusal("ca-central-1");
  expect(message).toContain("exit code 1\n  | <token>\n");
  expect(message).not.toContain(token.slice(0, 20));
});

test("redact leaves what is neither account, key nor token as it is", () => {
  const text = "eu-central-1 2026-11-20T08:15:00Z 1234567890123 i-0123456789abcdef0 https://sts.amazonaws.com";
  expect(redact(text)).toBe(text);
});

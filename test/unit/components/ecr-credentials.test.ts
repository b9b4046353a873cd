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

/** Creates a fake `aws` that records its calls. */
function aws(script: string): void {
  writeFileSync(join(folder, "aws"), `#!/bin/sh\necho "$*" >>"${folder}/calls"\n${script}\n`, { mode: 0o755 });
}
const calls = () => (existsSync(join(folder, "calls")) ? readFileSync(join(folder, "calls"), "utf8").trimEnd().split("\n") : []);

/** The error message of a failed login. */
const failure = (region: string, profile?: string) =>
  ecrPassword(region, profile).then(
    () => "none",
    (error: Error) => (error instanceof UserError ? error.message : error),
  );

test("the password is what aws prints, and secret; the user is AWS", async () => {
  aws("echo t0ken");
  const { result } = await record(async () => {
    const { username, password } = ecrCredentials("eu-west-1", "dev");
    return { username, password: await settle(password as never) };
  });
  expect(result).toEqual({ username: "AWS", password: { value: "t0ken", secret: true } });
  expect(calls()).toEqual(["ecr get-login-password --region eu-west-1 --profile dev"]);
});

test("without a profile, aws takes it from the environment", async () => {
  aws("echo t0ken");
  await record(async () => settle(ecrCredentials("eu-west-2").password as never));
  expect(calls()).toEqual(["ecr get-login-password --region eu-west-2"]);
});

test("aws runs once for all repositories of a region and a profile", async () => {
  aws("echo t0ken");
  await record(async () => {
    for (const profile of ["one", "one", "two"]) await settle(ecrCredentials("eu-west-3", profile).password as never);
  });
  expect(calls()).toEqual(["--profile one", "--profile two"].map((option) => `ecr get-login-password --region eu-west-3 ${option}`));
});

test("a preview does not call aws: the password is secret and unknown", async () => {
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

test("if aws is missing, the message says what it is for and where to get it", async () => {
  process.env["PATH"] = folder;
  expect(await failure("eu-south-1")).toBe(
    "aws is missing. It is needed to log in to ECR. Install the AWS CLI, version 2: https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html",
  );
});

test("if aws fails, the message has its output without account id and key, and the remedy", async () => {
  aws(
    `echo "An error occurred (AccessDeniedException): User: arn:aws:iam::111122223333:user/a with AKIAIOSFODNN7EXAMPLE is not authorized" >&2; exit 254`,
  );
  expect(await failure("eu-south-2", "dev")).toBe(
    `aws ecr get-login-password --region eu-south-2 --profile dev
  exit code 254
  | An error occurred (AccessDeniedException): User: arn:aws:iam::<account>:user/a with <key> is not authorized
The login to ECR failed, so images cannot be pushed. Log in to AWS (aws sso login --profile dev, or aws configure --profile dev) with the permission ecr:GetAuthorizationToken. To show your identity, run aws sts get-caller-identity --profile dev`,
  );
});

test("an empty password is an error", async () => {
  aws("echo");
  expect(await failure("eu-central-2")).toMatch(
    /^aws ecr get-login-password --region eu-central-2\n {2}printed no password\nThe login to ECR failed/,
  );
});

test("a token that aws prints before it fails is not in the message", async () => {
  const token = Buffer.from("secret".repeat(40)).toString("base64");
  aws(`echo ${token}; exit 1`);
  const message = await failure("ca-central-1");
  expect(message).toContain("exit code 1\n  | <token>\n");
  expect(message).not.toContain(token.slice(0, 20));
});

test("redact keeps everything else", () => {
  const text = "eu-central-1 2026-11-20T08:15:00Z 1234567890123 i-0123456789abcdef0 https://sts.amazonaws.com";
  expect(redact(text)).toBe(text);
});

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A fake `aws`, first on the PATH. It prints the given answer for each operation and records its calls. */
export class FakeAws {
  private readonly folder = mkdtempSync(join(tmpdir(), "slipway-aws-"));
  private readonly path = process.env["PATH"];

  constructor() {
    const script = [
      "#!/bin/sh",
      `echo "$*" >>"${this.folder}/calls"`,
      `answer="${this.folder}/$1 $2"`,
      `[ "$1" = --version ] && answer="${this.folder}/version"`,
      `if [ -e "$answer" ]; then exec cat "$answer"; fi`,
      `if [ -e "$answer.error" ]; then cat "$answer.error" >&2; else echo "An error occurred (AccessDenied)" >&2; fi`,
      "exit 254",
    ];
    writeFileSync(join(this.folder, "aws"), script.join("\n") + "\n", { mode: 0o755 });
    writeFileSync(join(this.folder, "version"), "aws-cli/2.31.0 Python/3.13.7 Linux/6.1 exe/x86_64\n");
    process.env["PATH"] = `${this.folder}:${this.path}`;
  }

  /** Sets the output of an operation, such as `ec2 describe-vpcs`. */
  says(operation: string, answer: unknown): this {
    writeFileSync(join(this.folder, operation), typeof answer === "string" ? answer : JSON.stringify(answer));
    return this;
  }

  /** Lets an operation fail. */
  fails(operation: string, message: string): this {
    rmSync(join(this.folder, operation), { force: true });
    writeFileSync(join(this.folder, `${operation}.error`), `\n${message}\n`);
    return this;
  }

  /** The arguments of each call. */
  get calls(): string[] {
    const file = join(this.folder, "calls");
    return existsSync(file) ? readFileSync(file, "utf8").trimEnd().split("\n") : [];
  }

  /** Removes `aws`, and everything else, from the PATH. */
  remove(): void {
    process.env["PATH"] = "/nowhere";
  }

  [Symbol.dispose](): void {
    process.env["PATH"] = this.path;
    rmSync(this.folder, { recursive: true });
  }
}

/** An account with enough quota for a stack, whose deployer is the role `deployer`. */
export function accountWithRoom(aws: FakeAws, region: string): FakeAws {
  const zones = ["a", "b", "c"].map((zone) => ({ ZoneName: region + zone, State: "available", ZoneType: "availability-zone" }));
  return aws
    .says("sts get-caller-identity", { Account: "111122223333", Arn: "arn:aws:sts::111122223333:assumed-role/deployer/me" })
    .says("ec2 describe-availability-zones", { AvailabilityZones: zones })
    .fails(
      "eks describe-cluster",
      "An error occurred (ResourceNotFoundException) when calling the DescribeCluster operation: No cluster found",
    )
    .says("eks describe-cluster-versions", { clusterVersions: [{ clusterVersion: "1.36" }, { clusterVersion: "1.35" }] })
    .says("ec2 describe-vpcs", { Vpcs: [{}] })
    .says("ec2 describe-addresses", { Addresses: [] })
    .says("service-quotas get-service-quota", { Quota: { Value: 5 } })
    .says("logs describe-log-groups", { logGroups: [] })
    .says("route53 get-hosted-zone", { HostedZone: { Name: "example.org.", Config: { PrivateZone: false } } })
    .says("ecr get-login-password", "t0ken");
}

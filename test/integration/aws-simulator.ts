import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { pythonProgram } from "../../scripts/python-programs.ts";
import { account, region } from "../unit/platforms/aws-outputs.ts";

/** A response of AWS. */
export type Answer = Record<string, any>; // oxlint-disable-line typescript/no-explicit-any -- fields depend on the operation

/** An AWS account in memory, by moto. It ends with this process. */
export class AwsSimulator implements Disposable {
  /** The environment of a program that uses this account, and cannot reach a real one. Nobody checks the keys. */
  readonly env: Record<string, string>;
  private readonly child: ChildProcessWithoutNullStreams;
  private readonly answers: AsyncIterator<string>;
  private problems = "";

  static async start(port: number): Promise<AwsSimulator> {
    return new AwsSimulator(await pythonProgram("aws", "python"), port);
  }

  private constructor(python: string, port: number) {
    this.env = {
      PATH: String(process.env["PATH"]),
      AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`,
      AWS_ACCESS_KEY_ID: "test",
      AWS_SECRET_ACCESS_KEY: "test",
      AWS_DEFAULT_REGION: region,
      AWS_EC2_METADATA_DISABLED: "true",
      AWS_CONFIG_FILE: "/dev/null",
      AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
    };
    const env = { ...this.env, MOTO_ACCOUNT_ID: account };
    this.child = spawn(python, [join(import.meta.dirname, "aws_simulator.py"), String(port)], { env });
    this.child.stderr.on("data", (text) => (this.problems += text));
    this.answers = createInterface(this.child.stdout)[Symbol.asyncIterator]();
  }

  /**
   * Calls an operation, named as in boto3. Calls must not overlap.
   *
   * @throws Error if the operation fails.
   */
  async call(service: "acm" | "ec2" | "elbv2" | "kms", operation: string, parameters: object = {}): Promise<Answer> {
    this.child.stdin.write(`${JSON.stringify({ service, operation, parameters })}\n`);
    const { value, done } = await this.answers.next();
    if (done) throw new Error(`moto ended:\n${this.problems}`);
    const answer: Answer = JSON.parse(value);
    if (answer["error"] !== undefined) throw new Error(answer["error"]);
    return answer;
  }

  [Symbol.dispose](): void {
    this.child.kill();
  }
}

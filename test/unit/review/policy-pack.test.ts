import { spawn, type ChildProcess } from "node:child_process";
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { credentials, type ServiceError } from "@grpc/grpc-js";
import analyzer from "@pulumi/pulumi/proto/analyzer_grpc_pb.js";
import messages from "@pulumi/pulumi/proto/analyzer_pb.js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import structs from "google-protobuf/google/protobuf/struct_pb.js";
import { policyRules } from "../../../review/policy/rules/all.ts";

// Runs the pack like the language host of the Pulumi CLI (pulumi, sdk/nodejs/cmd/pulumi-language-nodejs, RunPlugin): a process in the pack's
// folder that prints the port of its gRPC server (proto/pulumi/analyzer.proto).

const runner = createRequire(import.meta.url).resolve("@pulumi/pulumi/cmd/run-policy-pack");
let pack: ChildProcess;
let client: InstanceType<typeof analyzer.AnalyzerClient>;

const settings = {
  severities: { "immutable-tags": "off", "encrypted-repository": "error" },
  exceptions: [
    { rule: "several-pods", resource: "Deployment worker", reason: "one reader", until: "2999-12-31" },
    { rule: "several-pods", resource: "Deployment web", reason: "for a while", until: "2026-01-01" },
  ],
};

beforeAll(async () => {
  const config = { "slipway:platform": "eks", "slipway:policy": JSON.stringify(settings) };
  pack = spawn(process.execPath, [runner, "127.0.0.1:1", resolve("review/policy")], {
    cwd: "review/policy",
    stdio: ["ignore", "pipe", "inherit"],
    env: {
      ...process.env,
      NODE_OPTIONS: "",
      PULUMI_NODEJS_STACK: "test",
      PULUMI_NODEJS_PROJECT: "slipway",
      PULUMI_CONFIG: JSON.stringify(config),
    },
  });
  const port = await new Promise<string>((resolvePort, failed) => {
    pack.stdout!.once("data", (text: Buffer) => resolvePort(text.toString().trim()));
    pack.once("exit", () => failed(new Error("the pack ended")));
  });
  client = new analyzer.AnalyzerClient(`127.0.0.1:${port}`, credentials.createInsecure());
});

afterAll(() => {
  client?.close();
  pack.kill();
});

const ask = <T>(call: (answer: (error: ServiceError | null, response: T) => void) => unknown) =>
  new Promise<T>((done, failed) => call((error, response) => (error ? failed(error) : done(response))));

/** Sets the fields of a resource that all messages have. */
function fill<T extends InstanceType<typeof messages.AnalyzeRequest | typeof messages.AnalyzerResource>>(
  one: T,
  type: string,
  name: string,
  properties: object,
): T {
  one.setType(type);
  one.setName(name);
  one.setUrn(`urn:pulumi:test::slipway::${type}::${name}`);
  const options = new messages.AnalyzerResourceOptions();
  options.setCustomtimeouts(new messages.AnalyzerResourceOptions.CustomTimeouts());
  one.setOptions(options);
  one.setProperties(structs.Struct.fromJavaScript(properties as never));
  return one;
}

const found = (response: InstanceType<typeof messages.AnalyzeResponse>) =>
  response.getDiagnosticsList().map((one) => `${one.getPolicyname()}: ${one.getMessage().split("\n").at(-1)}`);

/** Registers a resource like a program, and returns the violations. */
async function analyze(type: string, name: string, properties: object): Promise<string[]> {
  const request = fill(new messages.AnalyzeRequest(), type, name, properties);
  return found(await ask<InstanceType<typeof messages.AnalyzeResponse>>((answer) => client.analyze(request, answer)));
}

/** The violations at the end of a preview, with resources as their providers see them. */
async function analyzeStack(...resources: Parameters<typeof analyze>[]): Promise<string[]> {
  const request = new messages.AnalyzeStackRequest();
  request.setResourcesList(resources.map(([type, name, seen]) => fill(new messages.AnalyzerResource(), type, name, seen)));
  return found(await ask<InstanceType<typeof messages.AnalyzeResponse>>((answer) => client.analyzeStack(request, answer)));
}

test("the pack has every rule that is not off, and errors are mandatory", async () => {
  const info = await ask<InstanceType<typeof messages.AnalyzerInfo>>((answer) => client.getAnalyzerInfo(new empty.Empty(), answer));
  const { ADVISORY, MANDATORY } = messages.EnforcementLevel;
  expect([info.getName(), info.getVersion()]).toEqual(["slipway", "0.1.0"]);
  expect(info.getPoliciesList().map((policy) => [policy.getName(), policy.getEnforcementlevel()])).toEqual(
    policyRules
      .filter(({ id }) => id !== "immutable-tags")
      .map(({ id, severity }) => [id, severity === "error" || id === "encrypted-repository" ? MANDATORY : ADVISORY]),
  );
});

test("violations of a single resource are reported before it is created", async () => {
  const repository = { imageTagMutability: "MUTABLE", imageScanningConfiguration: { scanOnPush: true } };
  expect(await analyze("aws:ecr/repository:Repository", "web", repository)).toEqual([
    "encrypted-repository: Repository web is not encrypted with a customer managed key. Set encryptionConfigurations with a KMS key.",
  ]);
  expect(await analyze("aws:kms/key:Key", "data", { enableKeyRotation: true })).toEqual([]);
});

test("violations across resources are reported at the end, even if providers return no properties, and exceptions apply", async () => {
  const deployment = "kubernetes:apps/v1:Deployment";
  const workload = {
    spec: { replicas: 1, template: { metadata: { labels: { app: "it" } }, spec: { automountServiceAccountToken: false } } },
  };
  const policy = { spec: { podSelector: { matchLabels: { app: "it" } } } };
  const ofOthers = /several-pods|network-policy|no-account-token/;
  for (const name of ["web", "worker"])
    expect((await analyze(deployment, name, workload)).filter((line) => ofOthers.test(line))).toEqual([]);
  expect(await analyze("kubernetes:networking.k8s.io/v1:NetworkPolicy", "it", policy)).toEqual([]);
  expect(
    await analyzeStack([deployment, "web", {}], [deployment, "worker", {}], ["kubernetes:networking.k8s.io/v1:NetworkPolicy", "it", {}]),
  ).toEqual(["several-pods: Deployment web has one replica, so requests fail while its pod restarts. Set replicas: 2 or more."]);
});

import { spawn, type ChildProcess } from "node:child_process";
import { credentials, type ServiceError } from "@grpc/grpc-js";
import analyzer from "@pulumi/pulumi/proto/analyzer_grpc_pb.js";
import messages from "@pulumi/pulumi/proto/analyzer_pb.js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import structs from "google-protobuf/google/protobuf/struct_pb.js";
import { policyRules } from "../../policy/rules.ts";

// As the engine runs a pack: a process that tells the port of its analyzer, and is asked over gRPC
// (pulumi, proto/pulumi/analyzer.proto).

let pack: ChildProcess;
let client: InstanceType<typeof analyzer.AnalyzerClient>;

beforeAll(async () => {
  pack = spawn(process.execPath, ["policy/index.ts", "127.0.0.1:1", "."], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, NODE_OPTIONS: "" },
  });
  const port = await new Promise<string>((told) => pack.stdout!.once("data", (text: Buffer) => told(text.toString().trim())));
  client = new analyzer.AnalyzerClient(`127.0.0.1:${port}`, credentials.createInsecure());
});

afterAll(() => {
  client.close();
  pack.kill();
});

const ask = <T>(call: (answer: (error: ServiceError | null, response: T) => void) => unknown) =>
  new Promise<T>((done, failed) => call((error, response) => (error ? failed(error) : done(response))));

test("the pack has every rule, errors as mandatory ones", async () => {
  const info = await ask<InstanceType<typeof messages.AnalyzerInfo>>((answer) => client.getAnalyzerInfo(new empty.Empty(), answer));
  const { ADVISORY, MANDATORY } = messages.EnforcementLevel;
  expect(info.getName()).toBe("slipway");
  expect(info.getPoliciesList().map((policy) => [policy.getName(), policy.getEnforcementlevel()])).toEqual(
    policyRules.map(({ id, severity }) => [id, severity === "error" ? MANDATORY : ADVISORY]),
  );
});

test("it finds in a stack what the scorecard finds", async () => {
  const resource = (type: string, name: string, properties: object) => {
    const one = new messages.AnalyzerResource();
    one.setType(type);
    one.setName(name);
    one.setUrn(`urn:pulumi:test::slipway::${type}::${name}`);
    const options = new messages.AnalyzerResourceOptions();
    options.setCustomtimeouts(new messages.AnalyzerResourceOptions.CustomTimeouts());
    one.setOptions(options);
    one.setProperties(structs.Struct.fromJavaScript(properties as never));
    return one;
  };
  const request = new messages.AnalyzeStackRequest();
  request.setResourcesList([
    resource("aws:ecr/repository:Repository", "web", { imageTagMutability: "MUTABLE", imageScanningConfiguration: { scanOnPush: true } }),
    resource("aws:kms/key:Key", "data", { enableKeyRotation: true }),
  ]);
  const response = await ask<InstanceType<typeof messages.AnalyzeResponse>>((answer) => client.analyzeStack(request, answer));
  expect(
    response.getDiagnosticsList().map((found) => [found.getPolicyname(), found.getUrn(), found.getMessage().split("\n").at(-1)]),
  ).toEqual([
    [
      "immutable-tags",
      "urn:pulumi:test::slipway::aws:ecr/repository:Repository::web",
      "web lets a tag become another image. Set imageTagMutability: IMMUTABLE.",
    ],
    [
      "encrypted-repository",
      "urn:pulumi:test::slipway::aws:ecr/repository:Repository::web",
      "web is not encrypted with a key of one's own. Set encryptionConfigurations with a KMS key.",
    ],
  ]);
});

import { outputsOf } from "../../../review/render/outputs.ts";

const account = "111122223333";

test("an image that is built has a digest, which changes with what is built", () => {
  const digestOf = (imageName: string, build: object) =>
    String(outputsOf("docker:index/image:Image", "web", { imageName, build })["repoDigest"]);
  const first = digestOf("127.0.0.1:5001/web:1", { context: "a" });
  expect(first).toMatch(/^127\.0\.0\.1:5001\/web@sha256:[0-9a-f]{64}$/);
  expect(
    new Set([first, digestOf("127.0.0.1:5001/web:2", { context: "a" }), digestOf("127.0.0.1:5001/web:1", { context: "b" })]).size,
  ).toBe(3);
});

describe("example outputs are in the form of", () => {
  test.each<[string, object, object]>([
    ["aws:iam/role:Role", {}, { name: "it", arn: `arn:aws:iam::${account}:role/it` }],
    ["aws:kms/key:Key", {}, { arn: `arn:aws:kms:eu-central-1:${account}:key/it` }],
    ["aws:ec2/vpc:Vpc", {}, { arn: `arn:aws:ec2:eu-central-1:${account}:vpc/it`, ownerId: account }],
    ["aws:ec2/launchTemplate:LaunchTemplate", {}, { latestVersion: 1 }],
    ["aws:cloudwatch/logGroup:LogGroup", {}, { arn: `arn:aws:logs:eu-central-1:${account}:log-group:it` }],
    [
      "aws:eks/cluster:Cluster",
      { vpcConfig: { subnetIds: ["a"] } },
      {
        arn: `arn:aws:eks:eu-central-1:${account}:cluster/it`,
        endpoint: "https://api.example",
        certificateAuthority: { data: "Q0E=" },
        vpcConfig: { subnetIds: ["a"], clusterSecurityGroupId: "sg-0123456789abcdef0" },
      },
    ],
    ["aws:ecr/repository:Repository", {}, { repositoryUrl: `${account}.dkr.ecr.eu-central-1.amazonaws.com/it` }],
    ["aws:ecr/repository:Repository", { name: "shop/web" }, { repositoryUrl: `${account}.dkr.ecr.eu-central-1.amazonaws.com/shop/web` }],
    ["aws:acm/certificateValidation:CertificateValidation", { certificateArn: "arn" }, { certificateArn: "arn" }],
    ["aws:route53/record:Record", { name: "a.org" }, { fqdn: "a.org" }],
    ["docker:index/container:Container", {}, { name: "it-0123456" }],
    ["docker:index/secret:Secret", {}, { name: "it-0123456" }],
    ["docker:index/serviceConfig:ServiceConfig", {}, { name: "it-0123456" }],
    ["docker:index/container:Container", { name: "web" }, { name: "web" }],
    ["docker:index/secret:Secret", { name: "web" }, { name: "web" }],
    ["docker:index/serviceConfig:ServiceConfig", { name: "web" }, { name: "web" }],
    [
      "kubernetes:core/v1:ConfigMap",
      { metadata: { name: "web" }, data: {} },
      { metadata: { name: "web", uid: "00000000-0000-0000-0000-000000000000" } },
    ],
    [
      "kubernetes:networking.k8s.io/v1:Ingress",
      {},
      {
        metadata: { uid: "00000000-0000-0000-0000-000000000000" },
        status: { loadBalancer: { ingress: [{ hostname: "load-balancer.example" }] } },
      },
    ],
    ["docker:index/volume:Volume", { name: "web" }, {}],
  ])("%s with the inputs %j", (type, inputs, expected) => {
    expect(outputsOf(type, "it", inputs)).toStrictEqual(expected);
  });
});

test("a certificate has one validation record for each of its domains, without the wildcard", () => {
  const option = (domainName: string, of: string) => ({
    domainName,
    resourceRecordName: `_proof.${of}.`,
    resourceRecordType: "CNAME",
    resourceRecordValue: "_value.acm-validations.aws.",
  });
  const of = (inputs: object) => outputsOf("aws:acm/certificate:Certificate", "it", inputs);
  expect(of({ domainName: "a.org" })).toEqual({
    arn: `arn:aws:acm:eu-central-1:${account}:certificate/it`,
    domainValidationOptions: [option("a.org", "a.org")],
  });
  expect(of({ domainName: "a.org", subjectAlternativeNames: ["*.a.org", "b.org"] })["domainValidationOptions"]).toEqual([
    option("a.org", "a.org"),
    option("*.a.org", "a.org"),
    option("b.org", "b.org"),
  ]);
});

import { createHash } from "node:crypto";
import type { Properties } from "../../lib/values.ts";

/** An account of AWS's documentation, so that a rendering is the same for everyone. */
const account = "111122223333";
const arn = (service: string, resource: string) => `arn:aws:${service}:${service === "iam" ? "" : "eu-central-1"}:${account}:${resource}`;

/** Example outputs that the program needs, by type. */
const outputs: Record<string, (name: string, inputs: Properties) => Properties> = {
  "aws:iam/role:Role": (name) => ({ name, arn: arn("iam", `role/${name}`) }),
  "aws:kms/key:Key": (name) => ({ arn: arn("kms", `key/${name}`) }),
  "aws:ec2/vpc:Vpc": (name) => ({ arn: arn("ec2", `vpc/${name}`), ownerId: account }),
  "aws:ec2/launchTemplate:LaunchTemplate": () => ({ latestVersion: 1 }),
  "aws:cloudwatch/logGroup:LogGroup": (name) => ({ arn: arn("logs", `log-group:${name}`) }),
  "aws:eks/cluster:Cluster": (name, inputs) => ({
    arn: arn("eks", `cluster/${name}`),
    endpoint: "https://api.example",
    certificateAuthority: { data: "Q0E=" },
    vpcConfig: { ...inputs.vpcConfig, clusterSecurityGroupId: "sg-0123456789abcdef0" },
  }),
  "aws:ecr/repository:Repository": (name, inputs) => ({
    repositoryUrl: `${account}.dkr.ecr.eu-central-1.amazonaws.com/${inputs.name ?? name}`,
  }),
  "aws:acm/certificate:Certificate": (name, inputs) => ({
    arn: arn("acm", `certificate/${name}`),
    domainValidationOptions: [inputs.domainName, ...(inputs.subjectAlternativeNames ?? [])].map((domainName: string) => ({
      domainName,
      resourceRecordName: `_proof.${domainName.replace("*.", "")}.`,
      resourceRecordType: "CNAME",
      resourceRecordValue: "_value.acm-validations.aws.",
    })),
  }),
  "aws:acm/certificateValidation:CertificateValidation": (_, inputs) => ({ certificateArn: inputs.certificateArn }),
  "aws:route53/record:Record": (_, inputs) => ({ fqdn: inputs.name }),
  "docker:index/container:Container": (name, inputs) => ({ name: inputs.name ?? `${name}-0123456` }),
  // A digest that changes with what is built.
  "docker:index/image:Image": (_, { imageName, build }) => ({
    repoDigest: `${String(imageName).replace(/:[^:/]+$/, "")}@sha256:${createHash("sha256")
      .update(JSON.stringify([imageName, build]))
      .digest("hex")}`,
  }),
  "docker:index/secret:Secret": (name, inputs) => ({ name: inputs.name ?? `${name}-0123456` }),
  "docker:index/serviceConfig:ServiceConfig": (name, inputs) => ({ name: inputs.name ?? `${name}-0123456` }),
  "kubernetes:networking.k8s.io/v1:Ingress": () => ({ status: { loadBalancer: { ingress: [{ hostname: "load-balancer.example" }] } } }),
};

/** The UID of every Kubernetes object. */
export const exampleUid = "00000000-0000-0000-0000-000000000000";

/** Outputs of every Kubernetes object. */
const objectOutputs = (inputs: Properties, uid: string) => ({ metadata: { ...inputs.metadata, uid } });

/** Example outputs of a resource. */
export function outputsOf(type: string, name: string, inputs: Properties, uid = exampleUid): Properties {
  return { ...(type.startsWith("kubernetes:") ? objectOutputs(inputs, uid) : {}), ...outputs[type]?.(name, inputs) };
}

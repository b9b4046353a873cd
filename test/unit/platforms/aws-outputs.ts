import type { Outputs, Recorded } from "../harness.ts";

export const account = "111122223333";
export const region = "eu-central-1";
export const arn = (service: string, resource: string) => `arn:aws:${service}:${service === "iam" ? "" : region}:${account}:${resource}`;

/** Outputs of AWS resources that the program uses, in the form of AWS. */
export const awsOutputs: Outputs = {
  "aws:iam/role:Role": ({ name }) => ({ name, arn: arn("iam", `role/${name}`) }),
  "aws:kms/key:Key": ({ name }) => ({ arn: arn("kms", `key/${name}`) }),
  "aws:ec2/vpc:Vpc": () => ({ arn: arn("ec2", "vpc/vpc-1"), ownerId: account }),
  "aws:ec2/launchTemplate:LaunchTemplate": () => ({ latestVersion: 3 }),
  "aws:cloudwatch/logGroup:LogGroup": ({ name }) => ({ arn: arn("logs", `log-group:${name}`) }),
  "aws:eks/cluster:Cluster": ({ name, inputs }) => ({
    arn: arn("eks", `cluster/${name}`),
    endpoint: "https://api.example",
    certificateAuthority: { data: "Q0E=" },
    vpcConfig: { ...inputs.vpcConfig, clusterSecurityGroupId: "sg-1" },
  }),
  "aws:ecr/repository:Repository": ({ inputs }) => ({
    repositoryUrl: `${account}.dkr.ecr.${region}.amazonaws.com/${inputs.name}`,
  }),
  "aws:acm/certificate:Certificate": ({ inputs }: Recorded) => ({
    arn: arn("acm", "certificate/1"),
    domainValidationOptions: [inputs.domainName, ...inputs.subjectAlternativeNames].map((domainName: string) => ({
      domainName,
      resourceRecordName: `_proof.${domainName.replace("*.", "")}.`,
      resourceRecordType: "CNAME",
      resourceRecordValue: "_value.acm-validations.aws.",
    })),
  }),
  "aws:route53/record:Record": ({ inputs }) => ({ fqdn: inputs.name }),
  "kubernetes:networking.k8s.io/v1:Ingress": () => ({ status: { loadBalancer: { ingress: [{ hostname: "alb.example" }] } } }),
  "kubernetes:core/v1:Service": ({ inputs }) =>
    inputs.spec.type === "LoadBalancer" ? { status: { loadBalancer: { ingress: [{ hostname: "nlb.example" }] } } } : {},
  "pulumi-nodejs:dynamic/slipway:RegistryPush": ({ inputs }) => ({ ref: `${inputs["repository"]}@${inputs["digest"]}` }),
};

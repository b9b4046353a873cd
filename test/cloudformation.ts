import { blockDevice, parsed, pascalCase, renamed, tagList } from "./aws-properties.ts";
import { keyOf, nameOf, Reference, uniqueSuffix, withReferences, type Output } from "./references.ts";
import type { Registered } from "./render.ts";

/** A template in JSON, https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-anatomy.html. */
export interface Template {
  AWSTemplateFormatVersion: "2010-09-09";
  Resources: Record<string, { Type: string; Properties: Inputs }>;
}

type Inputs = Record<string, any>; // oxlint-disable-line typescript/no-explicit-any -- the type depends on the resource

/** How a type of Pulumi's AWS provider is written in CloudFormation. */
type Translation =
  /** A resource. Properties have the same names in PascalCase, after the changes of `inputs`. */
  | {
      type: string;
      inputs?: (inputs: Inputs, resource: Registered) => Inputs;
      /** Tags are a list in CloudFormation, except where they are a map or do not exist. */
      tags?: "map" | "none";
      /** Attributes that are not `Ref`, and not `Arn` for an ARN. */
      attributes?: Partial<Record<Output, string>>;
      /** A second resource that CloudFormation needs. */
      also?: (inputs: Inputs, itself: object) => { type: string; inputs: Inputs };
    }
  /** A part of the resource that the input `of` refers to. Lists of several parts are joined. */
  | { of: string; part: (inputs: Inputs) => Inputs }
  /** Why CloudFormation has no counterpart. */
  | { none: string };

/**
 * Converts AWS resources to a template, which cfn-lint reads. References between resources are kept. Throws for a type that is not in the
 * table below.
 */
export function cloudFormationTemplate(registered: Registered[]): Template {
  const resources = withReferences(registered);
  const parts = partsOf(resources);
  const Resources: Template["Resources"] = {};
  const add = (id: string, Type: string, inputs: Inputs) => {
    if (id in Resources) throw new Error(`Two resources are called ${id} in CloudFormation.`);
    Resources[id] = { Type, Properties: renamed(inputs, pascalCase) as Inputs };
  };
  for (const resource of resources) {
    const translation = translationOf(resource);
    if (!("type" in translation)) continue;
    const id = logicalId(resource);
    const { tags, ...own } = translation.inputs?.(resource.inputs, resource) ?? resource.inputs;
    const tagged = tags && translation.tags !== "none" && { tags: translation.tags === "map" ? tags : tagList(tags) };
    add(id, translation.type, { ...own, ...tagged, ...parts.get(keyOf(resource)) });
    const second = translation.also?.(resource.inputs, intrinsic(new Reference(resource, "id", "")));
    if (second) add(`${id}And`, second.type, second.inputs);
  }
  const template = { AWSTemplateFormatVersion: "2010-09-09", Resources };
  return JSON.parse(JSON.stringify(template, (_, value: unknown) => (value instanceof Reference ? intrinsic(value) : value))) as Template;
}

function translationOf({ type }: Registered): Translation {
  const translation = translations[type];
  if (!translation)
    throw new Error(`${type} is not in the table of test/cloudformation.ts. Add its type in CloudFormation, or why there is none.`);
  return translation;
}

/** Properties that are resources of their own in Pulumi, by the key of their resource. */
function partsOf(resources: Registered[]): Map<string, Inputs> {
  const parts = new Map<string, Inputs>();
  for (const resource of resources) {
    const translation = translationOf(resource);
    if (!("of" in translation)) continue;
    const parent: unknown = resource.inputs[translation.of];
    if (!(parent instanceof Reference)) throw new Error(`${keyOf(resource)}: ${translation.of} refers to no resource of the stack`);
    const key = keyOf(parent.resource);
    const found = parts.get(key) ?? {};
    for (const [name, value] of Object.entries(translation.part(resource.inputs)))
      found[name] = Array.isArray(value) ? [...(found[name] ?? []), ...value] : value;
    parts.set(key, found);
  }
  return parts;
}

/** `aws:ec2/vpc:Vpc` with the name `slipway-test` is `VpcSlipwayTest`. An x is between numbers, so that `10.1.10.0` is not `10.11.0.0`. */
function logicalId({ type, name }: Registered): string {
  const words = [type.split(":").at(-1)!, ...name.split(/[^a-z0-9]+/i)];
  return words.map((word) => (/^\d/.test(word) ? `x${word}` : pascalCase(word))).join("");
}

function intrinsic({ resource, output }: Reference): object {
  const translation = translationOf(resource);
  const attribute = ("type" in translation && translation.attributes?.[output]) || (output === "arn" ? "Arn" : "Ref");
  return attribute === "Ref" ? { Ref: logicalId(resource) } : { "Fn::GetAtt": [logicalId(resource), attribute] };
}

const translations: Record<string, Translation> = {
  "aws:acm/certificate:Certificate": { type: "AWS::CertificateManager::Certificate", attributes: { arn: "Ref" } },
  "aws:acm/certificateValidation:CertificateValidation": { none: "It only waits. CloudFormation waits in the certificate itself." },
  "aws:cloudwatch/logGroup:LogGroup": { type: "AWS::Logs::LogGroup", inputs: ({ name, ...rest }) => ({ logGroupName: name, ...rest }) },
  "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": { none: "CloudFormation cannot change the group that AWS creates with a VPC." },
  "aws:ec2/eip:Eip": { type: "AWS::EC2::EIP", attributes: { id: "AllocationId" } },
  "aws:ec2/flowLog:FlowLog": {
    type: "AWS::EC2::FlowLog",
    inputs: ({ vpcId, iamRoleArn, ...rest }) => ({
      resourceId: vpcId,
      resourceType: "VPC",
      deliverLogsPermissionArn: iamRoleArn,
      ...rest,
    }),
  },
  "aws:ec2/internetGateway:InternetGateway": {
    type: "AWS::EC2::InternetGateway",
    inputs: ({ vpcId: _, ...rest }) => rest,
    also: ({ vpcId }, itself) => ({ type: "AWS::EC2::VPCGatewayAttachment", inputs: { vpcId, internetGatewayId: itself } }),
  },
  "aws:ec2/launchTemplate:LaunchTemplate": {
    type: "AWS::EC2::LaunchTemplate",
    inputs: ({ name, description, updateDefaultVersion: _, tags, blockDeviceMappings, tagSpecifications, ...data }) => ({
      launchTemplateName: name,
      versionDescription: description,
      tagSpecifications: [{ resourceType: "launch-template", tags: tagList(tags) }],
      launchTemplateData: {
        ...data,
        blockDeviceMappings: blockDeviceMappings?.map(blockDevice),
        tagSpecifications: tagSpecifications?.map((specification: Inputs) => ({ ...specification, tags: tagList(specification["tags"]) })),
      },
    }),
  },
  "aws:ec2/natGateway:NatGateway": { type: "AWS::EC2::NatGateway" },
  "aws:ec2/route:Route": { type: "AWS::EC2::Route" },
  "aws:ec2/routeTable:RouteTable": { type: "AWS::EC2::RouteTable" },
  "aws:ec2/routeTableAssociation:RouteTableAssociation": { type: "AWS::EC2::SubnetRouteTableAssociation" },
  "aws:ec2/securityGroup:SecurityGroup": {
    type: "AWS::EC2::SecurityGroup",
    inputs: ({ name, description, ...rest }) => ({ groupName: name, groupDescription: description, ...rest }),
  },
  "aws:ec2/subnet:Subnet": { type: "AWS::EC2::Subnet" },
  "aws:ec2/vpc:Vpc": { type: "AWS::EC2::VPC" },
  "aws:ec2/vpcEndpoint:VpcEndpoint": { type: "AWS::EC2::VPCEndpoint" },
  "aws:ecr/lifecyclePolicy:LifecyclePolicy": {
    of: "repository",
    part: ({ policy }) => ({ lifecyclePolicy: { lifecyclePolicyText: policy } }),
  },
  "aws:ecr/repository:Repository": {
    type: "AWS::ECR::Repository",
    inputs: ({ name, encryptionConfigurations, forceDelete, ...rest }) => ({
      repositoryName: name,
      encryptionConfiguration: encryptionConfigurations?.[0],
      emptyOnDelete: forceDelete,
      ...rest,
    }),
  },
  "aws:ecr/repositoryPolicy:RepositoryPolicy": {
    of: "repository",
    part: ({ policy }) => ({ repositoryPolicyText: parsed(policy) }),
  },
  "aws:eks/accessEntry:AccessEntry": { type: "AWS::EKS::AccessEntry" },
  "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": {
    of: "principalArn",
    part: ({ clusterName: _cluster, principalArn: _principal, ...policy }) => ({ accessPolicies: [policy] }),
  },
  "aws:eks/addon:Addon": {
    type: "AWS::EKS::Addon",
    inputs: ({ resolveConflictsOnCreate, resolveConflictsOnUpdate: _, ...rest }) => ({
      resolveConflicts: resolveConflictsOnCreate,
      ...rest,
    }),
  },
  "aws:eks/cluster:Cluster": {
    type: "AWS::EKS::Cluster",
    inputs: ({ enabledClusterLogTypes: types, encryptionConfig, vpcConfig, ...rest }) => ({
      logging: types && { clusterLogging: { enabledTypes: types.map((type: string) => ({ type })) } },
      encryptionConfig: encryptionConfig && [encryptionConfig],
      resourcesVpcConfig: vpcConfig,
      ...rest,
    }),
    attributes: { clusterSecurityGroupId: "ClusterSecurityGroupId" },
  },
  "aws:eks/nodeGroup:NodeGroup": {
    type: "AWS::EKS::Nodegroup",
    inputs: ({ nodeGroupNamePrefix, nodeRoleArn, subnetIds, ...rest }) => ({
      nodegroupName: nodeGroupNamePrefix && `${nodeGroupNamePrefix}${uniqueSuffix}`,
      nodeRole: nodeRoleArn,
      subnets: subnetIds,
      ...rest,
    }),
    tags: "map",
  },
  "aws:eks/podIdentityAssociation:PodIdentityAssociation": { type: "AWS::EKS::PodIdentityAssociation" },
  "aws:iam/role:Role": {
    type: "AWS::IAM::Role",
    inputs: ({ name, assumeRolePolicy, ...rest }) => ({
      roleName: name,
      assumeRolePolicyDocument: parsed(assumeRolePolicy),
      ...rest,
    }),
  },
  "aws:iam/rolePolicy:RolePolicy": {
    type: "AWS::IAM::RolePolicy",
    inputs: ({ name: _, role, policy, ...rest }, resource) => ({
      policyName: nameOf(resource),
      roleName: role,
      policyDocument: parsed(policy),
      ...rest,
    }),
  },
  "aws:iam/rolePolicyAttachment:RolePolicyAttachment": { of: "role", part: ({ policyArn }) => ({ managedPolicyArns: [policyArn] }) },
  "aws:kms/alias:Alias": { type: "AWS::KMS::Alias", inputs: ({ name, ...rest }) => ({ aliasName: name, ...rest }) },
  "aws:kms/key:Key": {
    type: "AWS::KMS::Key",
    inputs: ({ deletionWindowInDays, policy, ...rest }) => ({
      pendingWindowInDays: deletionWindowInDays,
      keyPolicy: parsed(policy),
      ...rest,
    }),
  },
  "aws:kms/keyPolicy:KeyPolicy": { of: "keyId", part: ({ policy }) => ({ keyPolicy: parsed(policy) }) },
  "aws:route53/record:Record": {
    type: "AWS::Route53::RecordSet",
    inputs: ({ allowOverwrite: _, zoneId, records, ttl, ...rest }) => ({
      hostedZoneId: zoneId,
      resourceRecords: records,
      TTL: ttl === undefined ? undefined : String(ttl),
      ...rest,
    }),
  },
  "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": {
    type: "AWS::EC2::SecurityGroupIngress",
    inputs: ({ cidrIpv4, securityGroupId, ...rest }) => ({ cidrIp: cidrIpv4, groupId: securityGroupId, ...rest }),
    tags: "none",
  },
};

import { blockDevice, parsed, pascalCase, renamed, tagList } from "./aws-properties.ts";
import { keyOf, nameOf, Reference, uniqueSuffix, withReferences, type Output } from "./references.ts";
import type { Registered } from "./render.ts";

/** A call of the AWS API, with the names of botocore. */
export interface Call {
  /** Type and name of the resource that it creates. */
  resource: string;
  service: string;
  operation: string;
  parameters: Inputs;
}

/** In place of a parameter: a value in the response to the first call of another resource. */
interface FromResponse {
  $resource: string;
  /** Where it is, such as `Vpc.VpcId`. */
  path: string;
  /** The value for checks that send nothing. */
  value: string;
}

type Inputs = Record<string, any>; // oxlint-disable-line typescript/no-explicit-any -- the type depends on the resource

type Translation =
  | {
      calls: (inputs: Inputs, itself: { resource: Registered; of: (output: Output) => Reference }) => Omit<Call, "resource">[];
      /** Where the response to the first call has outputs that other resources refer to. Others have the value of the tests. */
      outputs?: Partial<Record<Output, string>>;
    }
  /** Why there is no call to check. */
  | { none: string };

/**
 * The calls of the AWS API that create AWS resources, in an order that respects references. Throws for a type that is not in the table below.
 *
 * @param given Calls that create what the resources expect to exist, by the value that they know.
 */
export function awsCalls(registered: Registered[], given: Record<string, Given> = {}): Call[] {
  const before = Object.entries(given).map(([value, { call }]) => ({ ...call, resource: value }));
  const made = withReferences(registered).flatMap((resource) => {
    const translation = translationOf(resource);
    if ("none" in translation) return [];
    const of = (output: Output) => new Reference(resource, output, `${resource.name}-${output}`);
    return translation.calls(resource.inputs, { resource, of }).map((call) => ({ ...call, resource: keyOf(resource) }));
  });
  return JSON.parse(
    JSON.stringify([...before, ...made], (key, input: unknown) => {
      const value = input instanceof Reference ? fromResponse(input) : input;
      const known = typeof value === "string" && !["resource", "$resource", "value"].includes(key) && given[value];
      return known ? { $resource: value, path: known.path, value } : value;
    }),
  ) as Call[];
}

/** How something is created that exists before the program runs. */
export interface Given {
  call: Omit<Call, "resource">;
  /** Where the response has its id. */
  path: string;
}

function translationOf({ type }: Registered): Translation {
  const translation = translations[type];
  if (!translation)
    throw new Error(`${type} is not in the table of test/aws-calls.ts. Add the calls that create it, or why there are none.`);
  return translation;
}

function fromResponse({ resource, output, value }: Reference): FromResponse | string {
  const translation = translationOf(resource);
  const path = "calls" in translation && translation.outputs?.[output];
  return path ? { $resource: keyOf(resource), path, value } : value;
}

const pascal = (service: string) => (operation: string, parameters: Inputs) => ({
  service,
  operation,
  parameters: renamed(parameters, pascalCase) as Inputs,
});
const camel = (service: string) => (operation: string, parameters: Inputs) => ({ service, operation, parameters });

const acm = pascal("acm");
const ec2 = pascal("ec2");
const ecr = camel("ecr");
const eks = camel("eks");
const iam = pascal("iam");
const kms = pascal("kms");
const logs = camel("logs");
const route53 = pascal("route53");

/** Tags of a new resource, in the form of EC2. */
const tagsOf = (resourceType: string, tags: Record<string, string> | undefined) => ({
  tagSpecifications: tags && [{ resourceType, tags: tagList(tags) }],
});

/** An IAM document, with the values of the tests. */
const text = (document: unknown) =>
  JSON.stringify(parsed(document), (_, value: unknown) => (value instanceof Reference ? value.value : value));

const translations: Record<string, Translation> = {
  "aws:acm/certificate:Certificate": {
    calls: ({ tags, ...rest }) => [acm("RequestCertificate", { ...rest, tags: tagList(tags) })],
    outputs: { arn: "CertificateArn" },
  },
  "aws:acm/certificateValidation:CertificateValidation": { none: "It only waits until AWS has seen the records." },
  "aws:cloudwatch/logGroup:LogGroup": {
    calls: ({ name: _, retentionInDays, ...rest }, { resource }) => {
      const logGroupName = nameOf(resource);
      return [logs("CreateLogGroup", { logGroupName, ...rest }), logs("PutRetentionPolicy", { logGroupName, retentionInDays })];
    },
  },
  "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": {
    none: "It removes the rules that AWS gave to the group, which only a real VPC has.",
  },
  "aws:ec2/eip:Eip": {
    calls: ({ tags, ...rest }) => [ec2("AllocateAddress", { ...rest, ...tagsOf("elastic-ip", tags) })],
    outputs: { id: "AllocationId" },
  },
  "aws:ec2/flowLog:FlowLog": {
    calls: ({ vpcId, iamRoleArn, tags, ...rest }) => [
      ec2("CreateFlowLogs", {
        resourceIds: [vpcId],
        resourceType: "VPC",
        deliverLogsPermissionArn: iamRoleArn,
        ...rest,
        ...tagsOf("vpc-flow-log", tags),
      }),
    ],
  },
  "aws:ec2/internetGateway:InternetGateway": {
    calls: ({ vpcId, tags }, { of }) => [
      ec2("CreateInternetGateway", tagsOf("internet-gateway", tags)),
      ec2("AttachInternetGateway", { internetGatewayId: of("id"), vpcId }),
    ],
    outputs: { id: "InternetGateway.InternetGatewayId" },
  },
  "aws:ec2/launchTemplate:LaunchTemplate": {
    // A new version only becomes the default one in an update.
    calls: ({ description, updateDefaultVersion: _, tags, blockDeviceMappings, tagSpecifications, ...data }, { resource }) => [
      ec2("CreateLaunchTemplate", {
        launchTemplateName: nameOf(resource),
        versionDescription: description,
        launchTemplateData: {
          ...data,
          blockDeviceMappings: blockDeviceMappings?.map(blockDevice),
          tagSpecifications: tagSpecifications?.map((specification: Inputs) => ({
            ...specification,
            tags: tagList(specification["tags"]),
          })),
        },
        ...tagsOf("launch-template", tags),
      }),
    ],
    outputs: { id: "LaunchTemplate.LaunchTemplateId" },
  },
  "aws:ec2/natGateway:NatGateway": {
    calls: ({ tags, ...rest }) => [ec2("CreateNatGateway", { ...rest, ...tagsOf("natgateway", tags) })],
    outputs: { id: "NatGateway.NatGatewayId" },
  },
  "aws:ec2/route:Route": { calls: (inputs) => [ec2("CreateRoute", inputs)] },
  "aws:ec2/routeTable:RouteTable": {
    calls: ({ tags, ...rest }) => [ec2("CreateRouteTable", { ...rest, ...tagsOf("route-table", tags) })],
    outputs: { id: "RouteTable.RouteTableId" },
  },
  "aws:ec2/routeTableAssociation:RouteTableAssociation": { calls: (inputs) => [ec2("AssociateRouteTable", inputs)] },
  "aws:ec2/securityGroup:SecurityGroup": {
    calls: ({ name: _, tags, ...rest }, { resource }) => [
      ec2("CreateSecurityGroup", { groupName: nameOf(resource), ...rest, ...tagsOf("security-group", tags) }),
    ],
    outputs: { id: "GroupId" },
  },
  "aws:ec2/subnet:Subnet": {
    calls: ({ mapPublicIpOnLaunch, tags, ...rest }, { of }) => [
      ec2("CreateSubnet", { ...rest, ...tagsOf("subnet", tags) }),
      ec2("ModifySubnetAttribute", { subnetId: of("id"), mapPublicIpOnLaunch: { value: mapPublicIpOnLaunch } }),
    ],
    outputs: { id: "Subnet.SubnetId" },
  },
  "aws:ec2/vpc:Vpc": {
    calls: ({ enableDnsHostnames, enableDnsSupport, tags, ...rest }, { of }) => [
      ec2("CreateVpc", { ...rest, ...tagsOf("vpc", tags) }),
      ec2("ModifyVpcAttribute", { vpcId: of("id"), enableDnsSupport: { value: enableDnsSupport } }),
      ec2("ModifyVpcAttribute", { vpcId: of("id"), enableDnsHostnames: { value: enableDnsHostnames } }),
    ],
    outputs: { id: "Vpc.VpcId" },
  },
  "aws:ec2/vpcEndpoint:VpcEndpoint": {
    calls: ({ tags, ...rest }) => [ec2("CreateVpcEndpoint", { ...rest, ...tagsOf("vpc-endpoint", tags) })],
  },
  "aws:ecr/lifecyclePolicy:LifecyclePolicy": {
    calls: ({ repository, policy }) => [ecr("PutLifecyclePolicy", { repositoryName: repository, lifecyclePolicyText: text(policy) })],
  },
  "aws:ecr/repository:Repository": {
    // `forceDelete` is only used when the repository is deleted.
    calls: ({ name: _, encryptionConfigurations, forceDelete: _delete, tags, ...rest }, { resource }) => [
      ecr("CreateRepository", {
        repositoryName: nameOf(resource),
        encryptionConfiguration: encryptionConfigurations?.[0],
        ...rest,
        tags: tagList(tags),
      }),
    ],
    outputs: { name: "repository.repositoryName" },
  },
  "aws:ecr/repositoryPolicy:RepositoryPolicy": {
    calls: ({ repository, policy }) => [ecr("SetRepositoryPolicy", { repositoryName: repository, policyText: text(policy) })],
  },
  "aws:eks/accessEntry:AccessEntry": { calls: (inputs) => [eks("CreateAccessEntry", inputs)] },
  "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": { calls: (inputs) => [eks("AssociateAccessPolicy", inputs)] },
  "aws:eks/addon:Addon": {
    calls: ({ resolveConflictsOnCreate, resolveConflictsOnUpdate, ...rest }) => [
      eks("CreateAddon", { resolveConflicts: resolveConflictsOnCreate, ...rest }),
      eks("UpdateAddon", { clusterName: rest["clusterName"], addonName: rest["addonName"], resolveConflicts: resolveConflictsOnUpdate }),
    ],
  },
  "aws:eks/cluster:Cluster": {
    calls: ({ bootstrapSelfManagedAddons, enabledClusterLogTypes: types, encryptionConfig, vpcConfig, ...rest }) => [
      eks("CreateCluster", {
        ...rest,
        bootstrapSelfManagedAddons,
        logging: types && { clusterLogging: [{ types, enabled: true }] },
        encryptionConfig: encryptionConfig && [encryptionConfig],
        resourcesVpcConfig: vpcConfig,
      }),
    ],
    outputs: { name: "cluster.name" },
  },
  "aws:eks/nodeGroup:NodeGroup": {
    calls: ({ nodeGroupNamePrefix, nodeRoleArn, subnetIds, ...rest }) => [
      eks("CreateNodegroup", {
        nodegroupName: nodeGroupNamePrefix && `${nodeGroupNamePrefix}${uniqueSuffix}`,
        nodeRole: nodeRoleArn,
        subnets: subnetIds,
        ...rest,
      }),
    ],
  },
  "aws:eks/podIdentityAssociation:PodIdentityAssociation": { calls: (inputs) => [eks("CreatePodIdentityAssociation", inputs)] },
  "aws:iam/role:Role": {
    calls: ({ name: _, assumeRolePolicy, tags, ...rest }, { resource }) => [
      iam("CreateRole", { roleName: nameOf(resource), assumeRolePolicyDocument: text(assumeRolePolicy), ...rest, tags: tagList(tags) }),
    ],
    outputs: { id: "Role.RoleName", name: "Role.RoleName", arn: "Role.Arn" },
  },
  "aws:iam/rolePolicy:RolePolicy": {
    calls: ({ name: _, role, policy, ...rest }, { resource }) => [
      iam("PutRolePolicy", { roleName: role, policyName: nameOf(resource), policyDocument: text(policy), ...rest }),
    ],
  },
  "aws:iam/rolePolicyAttachment:RolePolicyAttachment": {
    calls: ({ role, ...rest }) => [iam("AttachRolePolicy", { roleName: role, ...rest })],
  },
  "aws:kms/alias:Alias": { calls: ({ name, ...rest }) => [kms("CreateAlias", { aliasName: name, ...rest })] },
  "aws:kms/key:Key": {
    // `deletionWindowInDays` is only used when the key is deleted.
    calls: ({ deletionWindowInDays: _, enableKeyRotation, policy, tags, ...rest }, { of }) => [
      kms("CreateKey", {
        ...rest,
        policy: policy && text(policy),
        tags: tagList(tags).map(({ Key, Value }) => ({ TagKey: Key, TagValue: Value })),
      }),
      ...(enableKeyRotation ? [kms("EnableKeyRotation", { keyId: of("id") })] : []),
    ],
    outputs: { id: "KeyMetadata.KeyId", arn: "KeyMetadata.Arn" },
  },
  "aws:kms/keyPolicy:KeyPolicy": {
    calls: ({ keyId, policy }) => [kms("PutKeyPolicy", { keyId, policyName: "default", policy: text(policy) })],
  },
  "aws:route53/record:Record": {
    calls: ({ zoneId, allowOverwrite, ttl, records, ...rest }) => [
      route53("ChangeResourceRecordSets", {
        hostedZoneId: zoneId,
        changeBatch: {
          changes: [
            {
              action: allowOverwrite ? "UPSERT" : "CREATE",
              resourceRecordSet: { ...rest, TTL: ttl, resourceRecords: records?.map((value: unknown) => ({ value })) },
            },
          ],
        },
      }),
    ],
  },
  "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": {
    calls: ({ securityGroupId, cidrIpv4, description, tags, ...rest }) => [
      ec2("AuthorizeSecurityGroupIngress", {
        groupId: securityGroupId,
        ipPermissions: [{ ...rest, ipRanges: [{ cidrIp: cidrIpv4, description }] }],
        ...tagsOf("security-group-rule", tags),
      }),
    ],
  },
};

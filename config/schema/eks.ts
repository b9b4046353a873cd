import { z } from "zod";
import { awsDefaults } from "../../components/aws-defaults.ts";
import { AccessPolicy, AmiType, CapacityType, TaintEffect } from "../../components/eks-cluster-args.ts";
import { LoadBalancerScheme } from "../../components/eks-load-balancer-args.ts";
import { defaultVersion } from "../../components/eks-versions.ts";
import { NatStrategy } from "../../components/network-args.ts";
import { defaultCidr } from "../../lib/subnets.ts";
import { required, setting } from "./setting.ts";

// Shapes of `slipway:eks`. What values must satisfy beyond their shape is in components/rules/ and platforms/eks/rules.ts.

const text = z.string().min(1);
const texts = z.array(text);

const network = z.strictObject({
  cidr: setting(text, {
    meaning: "IP range of the VPC, /16 to /24. It cannot be changed later",
    default: defaultCidr,
    example: "10.1.0.0/16",
  }),
  zones: setting(texts, {
    meaning: "Availability zones, two to four. One may be added at the end later",
    without: "a, b and c of the region",
    example: ["eu-central-1a", "eu-central-1b"],
  }),
  nat: setting(z.enum(NatStrategy), {
    meaning: "NAT gateways for the egress of pods: none, single, perAz or regional",
    default: awsDefaults.nat,
    example: "regional",
  }),
  interfaceEndpoints: setting(z.boolean(), {
    meaning: "Whether images are pulled through private endpoints of ECR, which AWS charges for, instead of NAT",
    default: awsDefaults.interfaceEndpoints,
    example: false,
  }),
  additionalEndpoints: setting(texts, {
    meaning: "Further AWS services with interface endpoints, for pods that call them without NAT",
    without: "with nat: none those that nodes and add-ons call",
    example: ["sqs"],
  }),
  connectedCidrs: setting(texts, {
    meaning: "IP ranges of networks connected to the VPC by peering or VPN. They must not overlap with it",
    without: "none",
    example: ["10.200.0.0/16"],
  }),
  vpcId: setting(text, {
    meaning: "Existing VPC. Its subnets are then set below",
    without: "a VPC is created",
    example: "vpc-0123456789abcdef0",
  }),
  privateSubnetIds: setting(texts, {
    meaning: "Subnets of nodes and pods in an existing VPC, in at least two zones",
    example: ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
  }),
  loadBalancerSubnetIds: setting(texts, {
    meaning: "Subnets of the load balancer in an existing VPC, in at least two zones",
    example: ["subnet-0123456789abcdef2", "subnet-0123456789abcdef3"],
  }),
  loadBalancerCidrs: setting(texts, {
    meaning: "IP ranges of the load balancer's subnets in an existing VPC, from which requests come",
    example: ["10.0.0.0/24", "10.0.1.0/24"],
  }),
});

const accessEntry = z.strictObject({
  principalArn: required(text, { meaning: "ARN of an IAM role or user", example: "arn:aws:iam::111122223333:role/deploy" }),
  policy: required(z.enum(AccessPolicy), { meaning: "Permissions: an access policy of EKS", example: "ClusterAdmin" }),
  namespaces: setting(texts, { meaning: "Namespaces that the permissions are for", without: "all", example: ["shop"] }),
});

const nodeGroup = z.strictObject({
  instanceTypes: required(texts, {
    meaning: "EC2 instance types of one processor architecture, the preferred one first",
    example: ["m8g.large"],
  }),
  minSize: required(z.int(), { meaning: "Minimum number of nodes", example: 2 }),
  maxSize: required(z.int(), { meaning: "Maximum number of nodes", example: 4 }),
  desiredSize: setting(z.int(), { meaning: "Number of nodes at the start", without: "minSize", example: 3 }),
  capacityType: setting(z.enum(CapacityType), { meaning: "ON_DEMAND or SPOT", default: awsDefaults.capacityType, example: "SPOT" }),
  diskSize: setting(z.int(), { meaning: "Size of the encrypted disk in GiB", default: awsDefaults.diskSize, example: 100 }),
  labels: setting(z.record(text, z.string()), { meaning: "Labels of the nodes", without: "those of EKS", example: { disk: "ssd" } }),
  taints: setting(
    z.array(
      z.strictObject({
        key: required(text, { meaning: "Key of the taint", example: "dedicated" }),
        value: setting(z.string(), { meaning: "Value of the taint", without: "empty", example: "batch" }),
        effect: required(z.enum(TaintEffect), { meaning: "Effect of the taint", example: "NO_SCHEDULE" }),
      }),
    ),
    {
      meaning: "Taints of the nodes. One group must have none",
      without: "none",
      example: [{ key: "dedicated", value: "batch", effect: "NO_SCHEDULE" }],
    },
  ),
  amiType: setting(z.enum(AmiType), {
    meaning: "Image of the nodes",
    without: "Amazon Linux 2023 for the architecture of the instance types",
    example: "BOTTLEROCKET_ARM_64",
  }),
});

const loadBalancer = z.strictObject({
  scheme: setting(z.enum(LoadBalancerScheme), {
    meaning: "internet-facing, or internal for clients in the VPC and connected networks",
    default: LoadBalancerScheme.InternetFacing,
    example: "internal",
  }),
  deletionProtection: setting(z.boolean(), {
    meaning: "Whether AWS refuses to delete the load balancer, even after its last service is deleted",
    default: false,
    example: true,
  }),
  idleTimeoutSeconds: setting(z.int().min(1).max(4000), {
    meaning: "Seconds without data after which a connection is closed",
    default: awsDefaults.idleTimeoutSeconds,
    example: 120,
  }),
  accessLogs: setting(
    z.strictObject({
      bucket: required(text, { meaning: "S3 bucket in the region, whose policy lets load balancers write", example: "shop-access-logs" }),
      prefix: setting(text, { meaning: "Prefix of the log files", without: "none", example: "prod" }),
    }),
    { meaning: "Where access logs are stored", without: "no access logs", example: { bucket: "shop-access-logs" } },
  ),
});

/** Settings of the platform `eks`. */
export const eksSettings = z
  .strictObject({
    region: required(z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d$/, 'must be an AWS region such as "eu-central-1"'), {
      meaning: "AWS region",
      example: "eu-central-1",
    }),
    profile: setting(text, { meaning: "Profile of the AWS configuration", without: "from the environment", example: "shop" }),
    stack: setting(
      z
        .string()
        .regex(
          /^[\w.-]+\/[\w.-]+\/[\w.-]+$/,
          'must be "<organization>/<project>/<stack>"; without Pulumi Cloud the organization is "organization"',
        ),
      {
        meaning:
          "Stack that has the cluster, if this stack has only services. Of the settings here, only region, profile, roles, deletionProtection and tags then apply",
        without: "this stack has its own cluster",
        example: "organization/slipway/platform",
      },
    ),
    version: setting(z.string(), {
      meaning: "Kubernetes version. It can only be raised, one minor version at a time",
      default: defaultVersion,
      example: "1.35",
    }),
    addonVersions: setting(z.record(text, text), {
      meaning: "Versions of EKS add-ons by name",
      without: "those in the lock file: the defaults of EKS for the Kubernetes version when they were locked",
      example: { "metrics-server": "v0.8.1-eksbuild.3" },
    }),
    containerInsights: setting(z.boolean(), {
      meaning: "Whether logs and metrics of all containers are sent to CloudWatch, which charges for them",
      default: awsDefaults.containerInsights,
      example: true,
    }),
    network: setting(network, { meaning: "Network of the cluster" }),
    endpoint: setting(
      z.strictObject({
        publicCidrs: setting(texts, {
          meaning: "Public IPv4 ranges that may reach the Kubernetes API, never the whole internet",
          without: "none",
          example: ["203.0.113.0/24"],
        }),
        privateCidrs: setting(texts, {
          meaning: "IPv4 ranges that may connect to the private address of the Kubernetes API",
          without: "the range of a new VPC and `network.connectedCidrs`; in an existing VPC none but the nodes",
          example: ["172.16.0.0/12"],
        }),
      }),
      { meaning: "Access to the Kubernetes API", without: "from the VPC only" },
    ),
    access: setting(z.array(accessEntry), {
      meaning: "Who may use the Kubernetes API. The deployer must have ClusterAdmin",
      example: [{ principalArn: "arn:aws:iam::111122223333:role/deploy", policy: "ClusterAdmin" }],
    }),
    nodeGroups: setting(z.record(text, nodeGroup), { meaning: "Managed node groups by name", without: "EKS Auto Mode" }),
    domain: setting(
      z.strictObject({
        name: required(text, { meaning: "Domain of the services' hosts, which are directly below it", example: "example.org" }),
        zoneId: required(text.regex(/^Z[A-Z0-9]{1,31}$/, "must be the ID of a hosted zone, such as Z0123456789ABC"), {
          meaning: "ID of the domain's public hosted zone in Route 53",
          example: "Z0123456789ABC",
        }),
      }),
      { meaning: "Domain for the certificate and the DNS records of services", without: "no service can have a host" },
    ),
    loadBalancer: setting(loadBalancer, { meaning: "Load balancer of all services with a host, with EKS Auto Mode" }),
    deletionProtection: setting(z.boolean(), {
      meaning: "Whether the cluster, its key, its logs and the images are protected from deletion",
      default: false,
      example: true,
    }),
    roles: setting(
      z.strictObject({
        path: setting(text, { meaning: "Path. A changed one replaces the cluster", default: "/", example: "/slipway/" }),
        permissionsBoundary: setting(text, {
          meaning: "ARN of the policy that limits what the roles can be allowed",
          without: "none",
          example: "arn:aws:iam::111122223333:policy/boundary",
        }),
      }),
      { meaning: "What the organization demands of IAM roles", without: "nothing" },
    ),
    restrictTrust: setting(z.boolean(), {
      meaning: "Whether EKS may assume the cluster's role for this cluster only. AWS does not say whether Auto Mode works with it",
      default: awsDefaults.restrictTrust,
      example: true,
    }),
    logRetentionDays: setting(z.int(), {
      meaning: "Days that logs of the control plane and the network are kept",
      default: awsDefaults.logRetentionDays,
      example: 30,
    }),
    tags: setting(z.record(text, z.string()), {
      meaning: "Tags of all AWS resources",
      without: "those of Slipway",
      example: { team: "shop" },
    }),
  })
  .describe("Settings of the platform `eks`.");
export type EksSettings = z.infer<typeof eksSettings>;

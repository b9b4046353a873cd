import { z } from "zod";
import { LoadBalancerScheme } from "../../components/eks-load-balancer-args.ts";
import { AccessPolicy, AmiType, CapacityType, TaintEffect } from "../../components/eks-cluster-args.ts";
import { NatStrategy } from "../../components/network-args.ts";

// Shapes and defaults of `slipway:eks`. What must hold beyond a value's shape is in the rules of the components that take the
// values, and in platforms/eks/rules.ts.

const text = z.string().min(1);
const list = (meaning: string) => z.array(text).optional().describe(meaning);

const network = z
  .strictObject({
    cidr: text.optional().describe("Range of the VPC, /16 to /24; it cannot be changed. Default: 10.0.0.0/16."),
    zones: list("Availability zones, two to four; one may be added at the end. Default: a, b and c of the region."),
    nat: z
      .enum(NatStrategy)
      .optional()
      .describe("How pods reach the internet: not, by one gateway, by one in each zone, or by a regional one. Default: single."),
    interfaceEndpoints: z
      .boolean()
      .optional()
      .describe("Whether images come by private endpoints of ECR, which have their price, rather than by NAT. Default: true."),
    connectedCidrs: list("Ranges of networks that are connected to the VPC, by peering or VPN; they must not overlap with it."),
    vpcId: text.optional().describe("A VPC that exists, instead of one that is made; then its subnets are named by the next three."),
    privateSubnetIds: list("Ids of the subnets of nodes and pods in a VPC that exists, in two zones at least."),
    loadBalancerSubnetIds: list("Ids of the subnets of the load balancer in a VPC that exists, in two zones at least."),
    loadBalancerCidrs: list("Ranges of the subnets of the load balancer in a VPC that exists: where requests come from."),
  })
  .describe("Where the cluster is.");

const access = z
  .array(
    z.strictObject({
      principalArn: text.describe("ARN of an IAM role or user."),
      policy: z.enum(AccessPolicy).describe("What it may do, by the access policies of EKS."),
      namespaces: z.array(text).optional().describe("Only in these. Default: everywhere."),
    }),
  )
  .describe("Who may use the Kubernetes API, and nobody else. One must be ClusterAdmin: who deploys.");

const nodeGroup = z.strictObject({
  instanceTypes: z.array(text).describe("EC2 instance types of one processor architecture, the preferred first."),
  minSize: z.int().describe("The least nodes."),
  maxSize: z.int().describe("The most nodes."),
  desiredSize: z.int().optional().describe("Nodes to start with. Default: minSize."),
  capacityType: z.enum(CapacityType).optional().describe("Default: ON_DEMAND."),
  diskSize: z.int().optional().describe("GiB of the encrypted disk. Default: 50."),
  labels: z.record(text, z.string()).optional().describe("Labels of the nodes."),
  taints: z
    .array(z.strictObject({ key: text, value: z.string().optional(), effect: z.enum(TaintEffect) }))
    .optional()
    .describe("Taints of the nodes. One group must have none."),
  amiType: z.enum(AmiType).optional().describe("Image of the nodes. Default: Amazon Linux 2023 of the types' architecture."),
});

const loadBalancer = z
  .strictObject({
    scheme: z.enum(LoadBalancerScheme).optional().describe("Who reaches it. Default: internet-facing."),
    deletionProtection: z
      .boolean()
      .optional()
      .describe("Whether AWS refuses to delete it, also when its last service is gone. Default: false."),
    idleTimeoutSeconds: z
      .int()
      .min(1)
      .max(4000)
      .optional()
      .describe("Seconds without a byte after which a connection is cut. Default: 60."),
    accessLogs: z
      .strictObject({
        bucket: text.describe("An S3 bucket in the region, whose policy lets load balancers write."),
        prefix: text.optional().describe("What their names begin with."),
      })
      .optional()
      .describe("Where a line for each request is kept. Default: nowhere."),
  })
  .describe("The load balancer of all services with a host, of EKS Auto Mode.");

/** Settings of the platform `eks`. */
export const eksSettings = z
  .strictObject({
    region: z
      .string()
      .regex(/^[a-z]{2}(-[a-z]+)+-\d$/, 'must be a region of AWS such as "eu-central-1"')
      .describe("Region of AWS."),
    profile: text.optional().describe("Profile of the AWS configuration, passed on by name. Default: what the environment says."),
    stack: z
      .string()
      .regex(/^[\w.-]+\/[\w.-]+\/[\w.-]+$/, 'must be "<organization>/<project>/<stack>"; without Pulumi Cloud the first is organization')
      .optional()
      .describe(
        "The stack that has the cluster, where this one has services alone. Of the settings here only region, profile, deletionProtection and tags go with it.",
      ),
    version: z.string().optional().describe("Kubernetes version, such as 1.36; it goes up only, one at a time. Default: 1.36."),
    network: network.optional(),
    endpoint: z
      .strictObject({ publicCidrs: z.array(text).optional().describe("Ranges of IPv4 outside the VPC, never the world.") })
      .optional()
      .describe("From where the Kubernetes API is reached. Default: from the VPC alone."),
    access: access.optional(),
    nodeGroups: z.record(text, nodeGroup).optional().describe("Managed node groups by name. Default: EKS Auto Mode."),
    domain: z
      .strictObject({
        name: text.describe("Domain that the hosts of services are in, directly below it."),
        zoneId: text
          .regex(/^Z[A-Z0-9]{1,31}$/, "must be the id of a hosted zone, such as Z0123456789ABC")
          .describe("Id of its public hosted zone in Route 53."),
      })
      .optional()
      .describe("Certificate and DNS records of services. Without it no service has a host."),
    loadBalancer: loadBalancer.optional(),
    deletionProtection: z
      .boolean()
      .optional()
      .describe("Whether the cluster, its key, its logs and the images refuse to be deleted. Default: false."),
    logRetentionDays: z.int().optional().describe("Days that logs of the control plane and the network are kept. Default: 90."),
    tags: z.record(text, z.string()).optional().describe("Tags of everything in AWS."),
  })
  .describe("Settings of the platform `eks`.");
export type EksSettings = z.infer<typeof eksSettings>;

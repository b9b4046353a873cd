import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { EksClusterArgs } from "./eks-cluster-args.ts";
import { createAccess } from "./internal/eks/access.ts";
import { createAddons } from "./internal/eks/addons.ts";
import { createContainerInsights } from "./internal/eks/container-insights.ts";
import { addonsAfterNodes, addonsBeforeNodes, autoModeAddons } from "./eks-addon-names.ts";
import * as iam from "./internal/eks/iam.ts";
import { accountOf } from "../lib/aws-arn.ts";
import { kubeconfig } from "./eks-kubeconfig.ts";
import { createNodeGroups } from "./internal/eks/node-groups.ts";
import { createRole } from "./internal/eks/role.ts";
import { problemsWithEksCluster } from "./rules/eks-cluster.ts";
import { defaultVersion, supportWarning } from "./eks-versions.ts";
import { throwIfAny } from "../lib/problem.ts";
import { awsDefaults } from "./aws-defaults.ts";
import { logGroupName } from "./eks-log-groups.ts";

export * from "./eks-cluster-args.ts";

/**
 * An Amazon EKS cluster with EKS Auto Mode or managed node groups. Only the VPC and listed ranges can reach its API, and only listed
 * principals may use it. Kubernetes Secrets and logs are encrypted with the cluster's own key. Pods have no permissions of their node, only
 * those that they are given.
 *
 * Resources in the cluster should depend on the component: they are then created after nodes and permissions, and deleted before them.
 *
 * @example
 * const deployer = "arn:aws:iam::111122223333:role/deployer";
 * const cluster = new EksCluster(
 *   "prod",
 *   {
 *     region: "eu-central-1",
 *     subnetIds: network.privateSubnetIds,
 *     accessEntries: [{ principalArn: deployer, policy: "ClusterAdmin" }],
 *     deletionProtection: true,
 *   },
 *   { dependsOn: [network] },
 * );
 * const { kubeconfig } = cluster;
 * const provider = new k8s.Provider("prod", { kubeconfig, clusterIdentifier: "prod" }, { dependsOn: [cluster] });
 */
export class EksCluster extends pulumi.ComponentResource {
  /** Name of the cluster. */
  declare readonly clusterName: pulumi.Output<string>;
  /** ARN of the cluster. */
  declare readonly arn: pulumi.Output<string>;
  /** URL of the Kubernetes API. */
  declare readonly endpoint: pulumi.Output<string>;
  /** Certificate authority of the Kubernetes API, in Base64. */
  declare readonly certificateAuthority: pulumi.Output<string>;
  /** Id of the security group that the control plane and the nodes share. */
  declare readonly clusterSecurityGroupId: pulumi.Output<string>;
  /** Kubernetes version. */
  declare readonly version: pulumi.Output<string>;
  /** A kubeconfig that gets tokens from the AWS CLI. It contains no token, but is marked secret. */
  declare readonly kubeconfig: pulumi.Output<string>;
  /** ARN of the nodes' role, such as for repositories that they pull from. */
  declare readonly nodeRoleArn: pulumi.Output<string>;

  constructor(name: string, args: EksClusterArgs, opts?: pulumi.ComponentResourceOptions) {
    super("slipway:index:EksCluster", name, {}, opts);
    throwIfAny(problemsWithEksCluster(name, args), `EksCluster "${name}":`);
    const {
      region,
      version = defaultVersion,
      nodeGroups,
      endpoint,
      roles,
      deletionProtection = false,
      containerInsights = awsDefaults.containerInsights,
      logRetentionDays = awsDefaults.logRetentionDays,
      tags,
    } = args;
    const warning = supportWarning(version, new Date());
    if (warning !== undefined) void pulumi.log.warn(warning, this);
    const child = { parent: this };
    const protectedChild = { parent: this, protect: deletionProtection || undefined };
    const autoMode = nodeGroups === undefined;
    const publicAccessCidrs = endpoint?.publicCidrs ?? [];
    const policyArns = (...policies: string[]) => policies.map((policy) => iam.managedPolicyArn(region, policy));

    const nodes = createRole(
      `${name}-node`,
      {
        description: `Nodes of ${name}`,
        trust: iam.nodeTrust(),
        policyArns: policyArns(...(autoMode ? autoNodePolicies : nodePolicies)),
        roles,
        tags,
      },
      child,
    );
    // The ARN contains the account id. Requesting it from AWS would need credentials, which a preview must not.
    const identity = nodes.role.arn.apply((arn) => ({ region, account: accountOf(arn), cluster: name }));
    const control = createRole(
      `${name}-cluster`,
      {
        description: `Control plane of ${name}`,
        trust: identity.apply((of) => iam.clusterTrust(of, args.restrictTrust ?? awsDefaults.restrictTrust)),
        policyArns: policyArns("AmazonEKSClusterPolicy", ...(autoMode ? autoClusterPolicies : [])),
        roles,
        tags,
      },
      child,
    );
    if (autoMode && tags !== undefined) {
      const policy = identity.apply(iam.taggingPolicy);
      control.rights.push(new aws.iam.RolePolicy(`${name}-cluster`, { role: control.role.name, policy }, child));
    }
    const keyArn =
      args.kmsKeyArn ??
      createKey(
        name,
        identity.apply((of) => iam.keyPolicy(of, containerInsights)),
        tags,
        protectedChild,
      );
    const logs = new aws.cloudwatch.LogGroup(
      name,
      {
        name: logGroupName(name),
        retentionInDays: logRetentionDays,
        kmsKeyId: keyArn,
        deletionProtectionEnabled: deletionProtection,
        tags,
      },
      protectedChild,
    );

    const cluster = new aws.eks.Cluster(
      name,
      {
        name,
        version,
        roleArn: control.role.arn,
        bootstrapSelfManagedAddons: false,
        // AWS requires that these three parts of Auto Mode are all enabled or all disabled.
        computeConfig: autoMode
          ? { enabled: true, nodePools: ["general-purpose", "system"], nodeRoleArn: nodes.role.arn }
          : { enabled: false },
        kubernetesNetworkConfig: { elasticLoadBalancing: { enabled: autoMode } },
        storageConfig: { blockStorage: { enabled: autoMode } },
        accessConfig: { authenticationMode: "API", bootstrapClusterCreatorAdminPermissions: false },
        vpcConfig: {
          subnetIds: args.subnetIds,
          endpointPrivateAccess: true,
          endpointPublicAccess: publicAccessCidrs.length > 0,
          publicAccessCidrs: publicAccessCidrs.length > 0 ? publicAccessCidrs : undefined,
        },
        encryptionConfig: { resources: ["secrets"], provider: { keyArn } },
        enabledClusterLogTypes: ["api", "audit", "authenticator", "controllerManager", "scheduler"],
        upgradePolicy: { supportType: "STANDARD" },
        zonalShiftConfig: { enabled: true },
        deletionProtection,
        tags,
      },
      // Without the log group, EKS creates one that never expires. Without the permissions, it cannot delete what it created.
      { ...protectedChild, customTimeouts, dependsOn: [logs, ...control.rights, ...nodes.rights] },
    );

    for (const cidr of endpoint?.privateCidrs ?? [])
      new aws.vpc.SecurityGroupIngressRule(
        `${name}-api-${cidr}`,
        {
          securityGroupId: cluster.vpcConfig.clusterSecurityGroupId,
          description: "Kubernetes API",
          ipProtocol: "tcp",
          fromPort: apiPort,
          toPort: apiPort,
          cidrIpv4: cidr,
          tags,
        },
        child,
      );

    const context = { name, cluster, identity, args };
    createAccess(context, this);
    const groups: pulumi.Resource[] = [];
    if (autoMode) createAddons(context, autoModeAddons, this);
    else {
      const before = createAddons(context, addonsBeforeNodes, this);
      groups.push(...createNodeGroups(context, nodes.role, this, [...before, ...nodes.rights]));
      createAddons(context, addonsAfterNodes, this, groups);
    }
    if (containerInsights) createContainerInsights(context, keyArn, this, groups);

    this.clusterName = cluster.name;
    this.arn = cluster.arn;
    this.endpoint = cluster.endpoint;
    this.clusterSecurityGroupId = cluster.vpcConfig.clusterSecurityGroupId;
    this.version = cluster.version;
    this.nodeRoleArn = nodes.role.arn;
    this.certificateAuthority = cluster.certificateAuthority.data;
    const { name: clusterName, endpoint: url } = cluster;
    const connection = pulumi.output({ cluster: clusterName, endpoint: url, certificateAuthority: this.certificateAuthority });
    this.kubeconfig = pulumi.secret(connection.apply((values) => kubeconfig({ ...values, region, ...args.kubeconfig })));
    this.registerOutputs({
      clusterName: this.clusterName,
      arn: this.arn,
      endpoint: this.endpoint,
      certificateAuthority: this.certificateAuthority,
      clusterSecurityGroupId: this.clusterSecurityGroupId,
      version: this.version,
      kubeconfig: this.kubeconfig,
      nodeRoleArn: this.nodeRoleArn,
    });
  }
}

/**
 * Port of the Kubernetes API. EKS only lets the cluster's security group itself connect to the private address:
 * https://docs.aws.amazon.com/eks/latest/userguide/cluster-endpoint.html#private-access.
 */
const apiPort = 443;

/** Durations that EKS needs in the worst case: above 30 minutes for a cluster with Auto Mode. */
const customTimeouts = { create: "60m", update: "60m", delete: "30m" };

/** https://docs.aws.amazon.com/eks/latest/userguide/auto-learn-iam.html */
const autoClusterPolicies = [
  "AmazonEKSComputePolicy",
  "AmazonEKSBlockStoragePolicy",
  "AmazonEKSLoadBalancingPolicy",
  "AmazonEKSNetworkingPolicy",
];
const autoNodePolicies = ["AmazonEKSWorkerNodeMinimalPolicy", "AmazonEC2ContainerRegistryPullOnly"];

/** https://docs.aws.amazon.com/eks/latest/userguide/create-node-role.html, without the policy of the VPC CNI add-on, which has its own role. */
const nodePolicies = ["AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly"];

function createKey(name: string, policy: pulumi.Output<string>, tags: EksClusterArgs["tags"], opts: pulumi.CustomResourceOptions) {
  const description = `Encrypts the secrets and the control plane's logs of ${name}`;
  const key = new aws.kms.Key(name, { description, policy, enableKeyRotation: true, deletionWindowInDays: 30, tags }, opts);
  new aws.kms.Alias(name, { name: `alias/eks/${name}`, targetKeyId: key.id }, opts);
  return key.arn;
}

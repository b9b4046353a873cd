import * as pulumi from "@pulumi/pulumi";
import { EksCluster, type EksClusterArgs, type NodeGroupArgs } from "../../../components/eks-cluster.ts";
import * as iam from "../../../components/internal/eks/iam.ts";
import { isArm } from "../../../components/instance-types.ts";
import { problemsWithEksCluster } from "../../../components/rules/eks-cluster.ts";
import { formatProblem } from "../../../lib/problem.ts";
import { defaultVersion, standardSupportEnds, supportWarning } from "../../../components/eks-versions.ts";
import { optionsOf, record, register, settle, tree, type Outputs, type Recorded } from "../harness.ts";

const account = "111122223333";
const region = "eu-central-1";
const deployer = `arn:aws:iam::${account}:role/ci/deployer`;
const team = `arn:aws:iam::${account}:role/team`;
const subnetIds = ["subnet-a", "subnet-b", "subnet-c"];
const required: EksClusterArgs = { region, subnetIds, accessEntries: [{ principalArn: deployer, policy: "ClusterAdmin" }] };
const pool: NodeGroupArgs = { instanceTypes: ["m8g.large"], minSize: 2, maxSize: 4 };

const outputs: Outputs = {
  "aws:iam/role:Role": ({ name }) => ({ name, arn: `arn:aws:iam::${account}:role/${name}` }),
  "aws:kms/key:Key": ({ name }) => ({ arn: `arn:aws:kms:${region}:${account}:key/${name}` }),
  "aws:ec2/launchTemplate:LaunchTemplate": () => ({ latestVersion: 3 }),
  "aws:eks/cluster:Cluster": ({ inputs }) => ({
    arn: `arn:aws:eks:${region}:${account}:cluster/prod`,
    endpoint: "https://api.example",
    certificateAuthority: { data: "Q0E=" },
    vpcConfig: { ...inputs.vpcConfig, clusterSecurityGroupId: "sg-1" },
  }),
};
const create = (args: Partial<EksClusterArgs>) => new EksCluster("prod", { ...required, ...args });
const build = (args: Partial<EksClusterArgs> = {}, preview = false) => record(() => create(args), { outputs, preview });

const ofKind = (resources: Recorded[], kind: string) =>
  Object.fromEntries(resources.filter((r) => r.type.endsWith(`:${kind}`)).map(({ name, inputs }) => [name, inputs]));
const inputsOf = async (kind: string, args: Partial<EksClusterArgs> = {}) => ofKind((await build(args)).resources, kind);

const registrations = (args: Partial<EksClusterArgs>, then?: (cluster: EksCluster) => void) =>
  register(
    () => {
      const cluster = create(args);
      then?.(cluster);
    },
    { outputs },
  );

const child = "slipway:index:EksCluster$aws";
/** Resources of every cluster. */
const common = [
  "slipway:index:EksCluster prod",
  `${child}:cloudwatch/logGroup:LogGroup prod`,
  `${child}:eks/accessEntry:AccessEntry prod-deployer-8e3b`,
  `${child}:eks/accessPolicyAssociation:AccessPolicyAssociation prod-deployer-8e3b-ClusterAdmin`,
  `${child}:eks/addon:Addon prod-metrics-server`,
  `${child}:eks/cluster:Cluster prod`,
  `${child}:iam/role:Role prod-cluster`,
  `${child}:iam/role:Role prod-node`,
  `${child}:iam/rolePolicyAttachment:RolePolicyAttachment prod-cluster-AmazonEKSClusterPolicy`,
  `${child}:iam/rolePolicyAttachment:RolePolicyAttachment prod-node-AmazonEC2ContainerRegistryPullOnly`,
];
const ownKey = [`${child}:kms/alias:Alias prod`, `${child}:kms/key:Key prod`];
const autoMode = [
  `${child}:iam/rolePolicyAttachment:RolePolicyAttachment prod-cluster-AmazonEKSBlockStoragePolicy`,
  `${child}:iam/rolePolicyAttachment:RolePolicyAttachment prod-cluster-AmazonEKSComputePolicy`,
  `${child}:iam/rolePolicyAttachment:RolePolicyAttachment prod-cluster-AmazonEKSLoadBalancingPolicy`,
  `${child}:iam/rolePolicyAttachment:RolePolicyAttachment prod-cluster-AmazonEKSNetworkingPolicy`,
  `${child}:iam/rolePolicyAttachment:RolePolicyAttachment prod-node-AmazonEKSWorkerNodeMinimalPolicy`,
];

describe("resources", () => {
  const listed = async (args: Partial<EksClusterArgs>, preview = false) => tree((await build(args, preview)).urns);

  test("by default: cluster, roles with policies, key, log group, access entry of the deployer, metrics-server", async () => {
    expect(await listed({})).toEqual([...common, ...ownKey, ...autoMode].sort());
  });
  test("a given key replaces the cluster's own key", async () => {
    const kmsKeyArn = `arn:aws:kms:${region}:${account}:key/1-2`;
    expect(await listed({ kmsKeyArn })).toEqual([...common, ...autoMode].sort());
  });
  test("tags add the permission for Auto Mode to set them", async () => {
    expect(await listed({ tags: { team: "a" } })).toEqual(
      [...common, ...ownKey, ...autoMode, `${child}:iam/rolePolicy:RolePolicy prod-cluster`].sort(),
    );
  });
  test("node groups add launch templates, and the add-ons that Auto Mode has built in, with their roles", async () => {
    expect(await listed({ nodeGroups: { system: pool, spot: { ...pool, capacityType: "SPOT" } }, tags: { team: "a" } })).toEqual(
      [
        ...common,
        ...ownKey,
        ...["aws-ebs-csi-driver", "coredns", "eks-pod-identity-agent", "kube-proxy", "vpc-cni"].map(
          (a) => `${child}:eks/addon:Addon prod-${a}`,
        ),
        ...["spot", "system"].flatMap((group) => [
          `${child}:ec2/launchTemplate:LaunchTemplate prod-${group}`,
          `${child}:eks/nodeGroup:NodeGroup prod-${group}`,
        ]),
        `${child}:iam/role:Role prod-ebs-csi`,
        `${child}:iam/role:Role prod-vpc-cni`,
        `${child}:iam/rolePolicyAttachment:RolePolicyAttachment prod-ebs-csi-AmazonEBSCSIDriverPolicyV2`,
        `${child}:iam/rolePolicyAttachment:RolePolicyAttachment prod-node-AmazonEKSWorkerNodePolicy`,
        `${child}:iam/rolePolicyAttachment:RolePolicyAttachment prod-vpc-cni-AmazonEKS_CNI_Policy`,
      ].sort(),
    );
  });
  test.each<[string, Partial<EksClusterArgs>]>([
    ["Auto Mode", {}],
    ["node groups", { nodeGroups: { system: pool } }],
  ])("a preview, in which outputs are unknown, registers the same resources: %s", async (_, more) => {
    const args = { ...more, subnetIds: pulumi.output(subnetIds), tags: { team: "a" } };
    expect(await listed(args, true)).toEqual(await listed(args));
  });
});

describe("the cluster", () => {
  test("with Auto Mode has exactly these arguments", async () => {
    expect(await inputsOf("Cluster")).toEqual({
      prod: {
        name: "prod",
        version: "1.36",
        roleArn: `arn:aws:iam::${account}:role/prod-cluster`,
        bootstrapSelfManagedAddons: false,
        computeConfig: { enabled: true, nodePools: ["general-purpose", "system"], nodeRoleArn: `arn:aws:iam::${account}:role/prod-node` },
        kubernetesNetworkConfig: { elasticLoadBalancing: { enabled: true } },
        storageConfig: { blockStorage: { enabled: true } },
        accessConfig: { authenticationMode: "API", bootstrapClusterCreatorAdminPermissions: false },
        vpcConfig: { subnetIds, endpointPrivateAccess: true, endpointPublicAccess: false },
        encryptionConfig: { resources: ["secrets"], provider: { keyArn: `arn:aws:kms:${region}:${account}:key/prod` } },
        enabledClusterLogTypes: ["api", "audit", "authenticator", "controllerManager", "scheduler"],
        upgradePolicy: { supportType: "STANDARD" },
        zonalShiftConfig: { enabled: true },
        deletionProtection: false,
      },
    });
  });

  test("with node groups has all three parts of Auto Mode disabled", async () => {
    const { prod } = await inputsOf("Cluster", { nodeGroups: { system: pool } });
    expect([prod!.computeConfig, prod!.kubernetesNetworkConfig, prod!.storageConfig]).toEqual([
      { enabled: false },
      { elasticLoadBalancing: { enabled: false } },
      { blockStorage: { enabled: false } },
    ]);
  });

  test("is reachable from the listed ranges, and still from the VPC", async () => {
    const { prod } = await inputsOf("Cluster", { endpoint: { publicCidrs: ["198.51.100.0/24"] } });
    expect(prod!.vpcConfig).toEqual({
      subnetIds,
      endpointPrivateAccess: true,
      endpointPublicAccess: true,
      publicAccessCidrs: ["198.51.100.0/24"],
    });
  });

  test("deletion protection covers the cluster, its key and its logs, and nothing else", async () => {
    const of = async (deletionProtection?: boolean) =>
      Object.entries(await registrations({ deletionProtection }))
        .filter(([, { protect }]) => protect)
        .map(([key]) => key);
    expect((await of(true)).sort()).toEqual(["Alias prod", "Cluster prod", "Key prod", "LogGroup prod"]);
    expect(await of()).toEqual([]);
    expect((await inputsOf("Cluster", { deletionProtection: true })).prod!.deletionProtection).toBe(true);
    expect((await inputsOf("LogGroup", { deletionProtection: true })).prod!.deletionProtectionEnabled).toBe(true);
  });

  test("has encrypted logs in the log group that EKS writes to", async () => {
    expect(await inputsOf("LogGroup")).toEqual({
      prod: {
        name: "/aws/eks/prod/cluster",
        retentionInDays: 90,
        kmsKeyId: `arn:aws:kms:${region}:${account}:key/prod`,
        deletionProtectionEnabled: false,
      },
    });
    expect((await inputsOf("LogGroup", { logRetentionDays: 365 })).prod!.retentionInDays).toBe(365);
  });

  test("has a key with rotation", async () => {
    const { resources } = await build();
    const { policy, ...key } = ofKind(resources, "Key").prod!;
    expect(key).toEqual({
      description: "Encrypts the secrets and the control plane's logs of prod",
      enableKeyRotation: true,
      deletionWindowInDays: 30,
    });
    expect(policy).toBe(iam.keyPolicy({ region, account, cluster: "prod" }));
    expect(ofKind(resources, "Alias")).toEqual({ prod: { name: "alias/eks/prod", targetKeyId: "prod-id" } });
  });

  test("uses a given key for Secrets and logs", async () => {
    const kmsKeyArn = `arn:aws:kms:${region}:${account}:key/1-2`;
    const { resources } = await build({ kmsKeyArn });
    expect(ofKind(resources, "Cluster").prod!.encryptionConfig.provider.keyArn).toBe(kmsKeyArn);
    expect(ofKind(resources, "LogGroup").prod!.kmsKeyId).toBe(kmsKeyArn);
  });
});

describe("access", () => {
  test("each principal has one entry, with its policies and namespaces", async () => {
    const { resources } = await build({
      accessEntries: [
        ...required.accessEntries,
        { principalArn: team, policy: "View" },
        { principalArn: team, policy: "Edit", namespaces: ["web", "shop-*"] },
      ],
    });
    expect(ofKind(resources, "AccessEntry")).toEqual({
      "prod-deployer-8e3b": { clusterName: "prod", principalArn: deployer, type: "STANDARD" },
      "prod-team-a39f": { clusterName: "prod", principalArn: team, type: "STANDARD" },
    });
    const policy = (name: string) => `arn:aws:eks::aws:cluster-access-policy/AmazonEKS${name}Policy`;
    const cluster = { type: "cluster" };
    expect(ofKind(resources, "AccessPolicyAssociation")).toEqual({
      "prod-deployer-8e3b-ClusterAdmin": {
        clusterName: "prod",
        principalArn: deployer,
        policyArn: policy("ClusterAdmin"),
        accessScope: cluster,
      },
      "prod-team-a39f-View": { clusterName: "prod", principalArn: team, policyArn: policy("View"), accessScope: cluster },
      "prod-team-a39f-Edit": {
        clusterName: "prod",
        principalArn: team,
        policyArn: policy("Edit"),
        accessScope: { type: "namespace", namespaces: ["web", "shop-*"] },
      },
    });
  });

  test("no resource name contains an account id", async () => {
    const { urns } = await build({
      nodeGroups: { system: pool },
      accessEntries: [...required.accessEntries, { principalArn: team, policy: "View" }],
    });
    expect(urns.filter((urn) => urn.includes(account))).toEqual([]);
  });

  test("the kubeconfig is secret, has no token, and uses the region, profile and role", async () => {
    const { result } = await build({ kubeconfig: { profile: "work", roleArn: deployer } });
    const { value, secret } = await settle(result.kubeconfig);
    expect(secret).toBe(true);
    expect(JSON.parse(value)).toEqual({
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: "prod", cluster: { server: "https://api.example", "certificate-authority-data": "Q0E=" } }],
      users: [
        {
          name: "prod",
          user: {
            exec: {
              apiVersion: "client.authentication.k8s.io/v1beta1",
              command: "aws",
              args: [
                ...["--region", region, "eks", "get-token", "--cluster-name", "prod", "--output", "json"],
                ...["--role-arn", deployer, "--profile", "work"],
              ],
              interactiveMode: "Never",
              provideClusterInfo: false,
            },
          },
        },
      ],
      contexts: [{ name: "prod", context: { cluster: "prod", user: "prod" } }],
      "current-context": "prod",
    });
    const plain = JSON.parse((await settle((await build()).result.kubeconfig)).value);
    expect(plain.users[0].user.exec.args).toHaveLength(8);
  });

  test("the outputs have what other resources need", async () => {
    const { result } = await build();
    const { clusterName, arn, endpoint, clusterSecurityGroupId, version, nodeRoleArn } = result;
    const values = await settle(pulumi.all([clusterName, arn, endpoint, clusterSecurityGroupId, version, nodeRoleArn]));
    expect(values).toEqual({
      value: [
        ...["prod", `arn:aws:eks:${region}:${account}:cluster/prod`, "https://api.example", "sg-1", "1.36"],
        `arn:aws:iam::${account}:role/prod-node`,
      ],
      secret: false,
    });
  });
});

describe("node groups", () => {
  test("have the cluster's version and subnets, and node repair", async () => {
    const nodeGroups: EksClusterArgs["nodeGroups"] = {
      system: pool,
      batch: {
        instanceTypes: ["c8i.xlarge", "c7i.xlarge"],
        minSize: 0,
        maxSize: 9,
        desiredSize: 1,
        capacityType: "SPOT",
        labels: { use: "batch" },
        taints: [{ key: "batch", value: "true", effect: "NO_SCHEDULE" }],
      },
    };
    const same = {
      clusterName: "prod",
      nodeRoleArn: `arn:aws:iam::${account}:role/prod-node`,
      subnetIds,
      version: "1.35",
      updateConfig: { maxUnavailable: 1 },
      nodeRepairConfig: { enabled: true },
      tags: { team: "a" },
    };
    expect(await inputsOf("NodeGroup", { version: "1.35", nodeGroups, tags: { team: "a" } })).toEqual({
      "prod-system": {
        ...same,
        nodeGroupNamePrefix: "system-",
        amiType: "AL2023_ARM_64_STANDARD",
        instanceTypes: ["m8g.large"],
        capacityType: "ON_DEMAND",
        scalingConfig: { minSize: 2, maxSize: 4, desiredSize: 2 },
        launchTemplate: { id: "prod-system-id", version: "3" },
      },
      "prod-batch": {
        ...same,
        nodeGroupNamePrefix: "batch-",
        amiType: "AL2023_x86_64_STANDARD",
        instanceTypes: ["c8i.xlarge", "c7i.xlarge"],
        capacityType: "SPOT",
        scalingConfig: { minSize: 0, maxSize: 9, desiredSize: 1 },
        labels: { use: "batch" },
        taints: [{ key: "batch", value: "true", effect: "NO_SCHEDULE" }],
        launchTemplate: { id: "prod-batch-id", version: "3" },
      },
    });
  });

  test("deny pods the nodes' role, and have encrypted disks", async () => {
    const { "prod-system": template } = await inputsOf("LaunchTemplate", { nodeGroups: { system: pool }, tags: { team: "a" } });
    const tags = { Name: "prod-system", team: "a" };
    expect(template).toEqual({
      description: "Nodes of prod-system",
      metadataOptions: { httpEndpoint: "enabled", httpTokens: "required", httpPutResponseHopLimit: 1 },
      blockDeviceMappings: [
        { deviceName: "/dev/xvda", ebs: { volumeType: "gp3", encrypted: "true", deleteOnTermination: "true", volumeSize: 50 } },
      ],
      tagSpecifications: ["instance", "volume", "network-interface"].map((resourceType) => ({ resourceType, tags })),
      updateDefaultVersion: true,
      tags: { team: "a" },
    });
  });

  test("with Bottlerocket have two encrypted disks; diskSize is that of the second", async () => {
    const system: NodeGroupArgs = { ...pool, amiType: "BOTTLEROCKET_ARM_64", diskSize: 80 };
    const { "prod-system": template } = await inputsOf("LaunchTemplate", { nodeGroups: { system } });
    const ebs = { volumeType: "gp3", encrypted: "true", deleteOnTermination: "true" };
    expect(template!.blockDeviceMappings).toEqual([
      { deviceName: "/dev/xvda", ebs },
      { deviceName: "/dev/xvdb", ebs: { ...ebs, volumeSize: 80 } },
    ]);
  });

  test("recognise instance types with an ARM processor", () => {
    const arm = [
      "a1.large",
      "t4g.small",
      "m8g.large",
      "c7gn.large",
      "x2gd.large",
      "im4gn.large",
      "is4gen.large",
      "g5g.xlarge",
      "hpc7g.4xlarge",
    ];
    const x86 = ["t3.small", "m8i.large", "c8i-flex.large", "g4dn.xlarge", "g6e.xlarge", "p5.48xlarge", "u7i-12tb.224xlarge", "i7ie.large"];
    expect([...arm, ...x86].filter(isArm)).toEqual(arm);
  });
});

test("all roles have the given path and permissions boundary", async () => {
  const roles = { path: "/slipway/", permissionsBoundary: `arn:aws:iam::${account}:policy/boundary` };
  const { resources } = await build({ roles, nodeGroups: { system: pool }, containerInsights: true });
  const created = ofKind(resources, "Role");
  expect(Object.keys(created).sort()).toEqual(["prod-cluster", "prod-cw-agent", "prod-ebs-csi", "prod-node", "prod-vpc-cni"]);
  for (const role of Object.values(created)) expect(role).toMatchObject(roles);
});

test("Container Insights adds the CloudWatch agent with its own role, after encrypted log groups with the retention of the others", async () => {
  const { resources } = await build({ containerInsights: true, logRetentionDays: 30 });
  expect(ofKind(resources, "Addon")["prod-amazon-cloudwatch-observability"]).toEqual({
    clusterName: "prod",
    addonName: "amazon-cloudwatch-observability",
    podIdentityAssociations: [{ roleArn: `arn:aws:iam::${account}:role/prod-cw-agent`, serviceAccount: "cloudwatch-agent" }],
    resolveConflictsOnCreate: "OVERWRITE",
    resolveConflictsOnUpdate: "OVERWRITE",
  });
  const identity = { region, account, cluster: "prod" };
  expect(ofKind(resources, "Role")["prod-cw-agent"]?.assumeRolePolicy).toBe(
    iam.podTrust(identity, "amazon-cloudwatch", "cloudwatch-agent"),
  );
  const groups = Object.values(ofKind(resources, "LogGroup"));
  const kmsKeyId = `arn:aws:kms:${region}:${account}:key/prod`;
  expect(groups).toEqual(
    [
      "/aws/eks/prod/cluster",
      ...["application", "dataplane", "host", "performance"].map((logs) => `/aws/containerinsights/prod/${logs}`),
    ].map((name) => ({ name, retentionInDays: 30, kmsKeyId, deletionProtectionEnabled: false })),
  );
  const { policy } = ofKind(resources, "Key")["prod"]!;
  for (const { name } of groups) expect(policy).toContain(`:log-group:${name}"`);
  const found = await registrations({ containerInsights: true });
  expect(found["Addon prod-amazon-cloudwatch-observability"]!.waitsFor).toEqual([
    "Cluster prod",
    "LogGroup prod-application",
    "LogGroup prod-dataplane",
    "LogGroup prod-host",
    "LogGroup prod-performance",
    "Role prod-cw-agent",
    "RolePolicyAttachment prod-cw-agent-CloudWatchAgentServerPolicy",
  ]);
});

test("add-ons enforce network policies and have separate roles for AWS", async () => {
  const { resources } = await build({ nodeGroups: { system: pool }, addonVersions: { coredns: "v1.13.1-eksbuild.1" } });
  const role = (name: string) => `arn:aws:iam::${account}:role/prod-${name}`;
  const same = { clusterName: "prod", resolveConflictsOnCreate: "OVERWRITE", resolveConflictsOnUpdate: "OVERWRITE" };
  expect(ofKind(resources, "Addon")).toEqual({
    "prod-vpc-cni": {
      ...same,
      addonName: "vpc-cni",
      configurationValues: '{"enableNetworkPolicy":"true"}',
      podIdentityAssociations: [{ roleArn: role("vpc-cni"), serviceAccount: "aws-node" }],
    },
    "prod-kube-proxy": { ...same, addonName: "kube-proxy" },
    "prod-eks-pod-identity-agent": { ...same, addonName: "eks-pod-identity-agent" },
    "prod-coredns": { ...same, addonName: "coredns", addonVersion: "v1.13.1-eksbuild.1" },
    "prod-aws-ebs-csi-driver": {
      ...same,
      addonName: "aws-ebs-csi-driver",
      podIdentityAssociations: [{ roleArn: role("ebs-csi"), serviceAccount: "ebs-csi-controller-sa" }],
    },
    "prod-metrics-server": { ...same, addonName: "metrics-server" },
  });
  const identity = { region, account, cluster: "prod" };
  const trusts = Object.fromEntries(
    Object.entries(ofKind(resources, "Role")).map(([name, { assumeRolePolicy }]) => [name, assumeRolePolicy]),
  );
  expect(trusts).toEqual({
    "prod-node": iam.nodeTrust(),
    "prod-cluster": iam.clusterTrust(identity, false),
    "prod-vpc-cni": iam.podTrust(identity, "kube-system", "aws-node"),
    "prod-ebs-csi": iam.podTrust(identity, "kube-system", "ebs-csi-controller-sa"),
  });
});

test("every taggable resource has the tags", async () => {
  const { resources } = await build({ nodeGroups: { system: pool }, tags: { team: "a" } });
  const without = resources.filter(({ type, inputs }) => type.startsWith("aws:") && inputs.tags?.team !== "a").map(({ type }) => type);
  expect([...new Set(without)].sort()).toEqual([
    "aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    "aws:kms/alias:Alias",
  ]);
});

describe("dependencies", () => {
  const nodeRights = (policy: string) => [
    "RolePolicyAttachment prod-node-AmazonEC2ContainerRegistryPullOnly",
    `RolePolicyAttachment prod-node-${policy}`,
  ];

  test("the cluster depends on the log group, the key, and all policies of its roles", async () => {
    const found = await registrations({ tags: { team: "a" } });
    expect(found["Cluster prod"]!.waitsFor).toEqual(
      [
        "Key prod",
        "LogGroup prod",
        "Role prod-cluster",
        "Role prod-node",
        "RolePolicy prod-cluster",
        ...["BlockStorage", "Cluster", "Compute", "LoadBalancing", "Networking"].map(
          (p) => `RolePolicyAttachment prod-cluster-AmazonEKS${p}Policy`,
        ),
        ...nodeRights("AmazonEKSWorkerNodeMinimalPolicy"),
      ].sort(),
    );
    expect(found["LogGroup prod"]!.waitsFor).toEqual(["Key prod"]);
  });

  test("node groups depend on the add-ons that make nodes ready and on their role's policies; other add-ons depend on node groups", async () => {
    const found = await registrations({ nodeGroups: { system: pool } });
    expect(found["NodeGroup prod-system"]!.waitsFor).toEqual(
      [
        ...["eks-pod-identity-agent", "kube-proxy", "vpc-cni"].map((addon) => `Addon prod-${addon}`),
        "Cluster prod",
        "LaunchTemplate prod-system",
        "Role prod-node",
        ...nodeRights("AmazonEKSWorkerNodePolicy"),
      ].sort(),
    );
    const addon = (name: string) => found[`Addon prod-${name}`]!.waitsFor;
    const ebsRights = ["Role prod-ebs-csi", "RolePolicyAttachment prod-ebs-csi-AmazonEBSCSIDriverPolicyV2"];
    const cniRights = ["Role prod-vpc-cni", "RolePolicyAttachment prod-vpc-cni-AmazonEKS_CNI_Policy"];
    expect(addon("vpc-cni")).toEqual(["Cluster prod", ...cniRights]);
    expect(addon("kube-proxy")).toEqual(["Cluster prod"]);
    expect(addon("coredns")).toEqual(["Cluster prod", "NodeGroup prod-system"]);
    expect(addon("metrics-server")).toEqual(["Cluster prod", "NodeGroup prod-system"]);
    expect(addon("aws-ebs-csi-driver")).toEqual(["Cluster prod", "NodeGroup prod-system", ...ebsRights]);
  });

  test("access entries depend on the cluster, and access policies on their entry", async () => {
    const found = await registrations({});
    expect(found["AccessEntry prod-deployer-8e3b"]!.waitsFor).toEqual(["Cluster prod"]);
    expect(found["AccessPolicyAssociation prod-deployer-8e3b-ClusterAdmin"]!.waitsFor).toEqual([
      "AccessEntry prod-deployer-8e3b",
      "Cluster prod",
    ]);
  });

  test("a resource that depends on the component waits for all its children", async () => {
    const found = await registrations({ nodeGroups: { system: pool } }, (cluster) => {
      new pulumi.ComponentResource("test:index:After", "after", {}, { dependsOn: [cluster] });
    });
    const all = Object.keys(found).filter((key) => key !== "After after" && key !== "EksCluster prod");
    expect(all).toContain("Addon prod-coredns");
    expect(found["After after"]!.waitsFor).toEqual(all.sort());
  });
});

describe("IAM documents", () => {
  const identity = { region, account, cluster: "prod" };
  const documents = {
    clusterTrust: iam.clusterTrust(identity, true),
    nodeTrust: iam.nodeTrust(),
    podTrust: iam.podTrust(identity, "web", "sender"),
    keyPolicy: iam.keyPolicy(identity),
    taggingPolicy: iam.taggingPolicy(identity),
  };

  test.each(Object.entries(documents))(
    "%s has the version with policy variables, no wildcard actions and no wildcard principals",
    (_, text) => {
      expect(iam.problemWithPolicyDocument(text)).toBeUndefined();
      const { Statement } = JSON.parse(text) as { Statement: iam.Statement[] };
      expect(Statement.flatMap(({ Action }) => Action).filter((action) => action.includes("*"))).toEqual([]);
      expect(Statement.map(({ Effect, Principal }) => [Effect, JSON.stringify(Principal ?? "").includes("*")])).toEqual(
        Statement.map(() => ["Allow", false]),
      );
    },
  );

  test("trust policies are limited to this cluster, and for pods to one ServiceAccount", () => {
    const statement = (text: string) => (JSON.parse(text) as { Statement: iam.Statement[] }).Statement;
    const arn = `arn:aws:eks:${region}:${account}:cluster/prod`;
    expect(statement(documents.clusterTrust)).toEqual([
      {
        Effect: "Allow",
        Principal: { Service: "eks.amazonaws.com" },
        Action: ["sts:AssumeRole", "sts:TagSession"],
        Condition: { StringEquals: { "aws:SourceAccount": account }, ArnLike: { "aws:SourceArn": arn } },
      },
    ]);
    expect(statement(documents.nodeTrust)).toEqual([
      { Effect: "Allow", Principal: { Service: "ec2.amazonaws.com" }, Action: ["sts:AssumeRole"] },
    ]);
    expect(statement(documents.podTrust)).toEqual([
      {
        Effect: "Allow",
        Principal: { Service: "pods.eks.amazonaws.com" },
        Action: ["sts:AssumeRole", "sts:TagSession"],
        Condition: {
          StringEquals: {
            "aws:SourceAccount": account,
            "aws:RequestTag/eks-cluster-arn": arn,
            "aws:RequestTag/kubernetes-namespace": "web",
            "aws:RequestTag/kubernetes-service-account": "sender",
          },
        },
      },
    ]);
  });

  test("the key policy lets the account administer the key, and CloudWatch Logs encrypt the cluster's logs", () => {
    const [own, logs] = (JSON.parse(documents.keyPolicy) as { Statement: iam.Statement[] }).Statement;
    expect(own!.Principal).toEqual({ AWS: `arn:aws:iam::${account}:root` });
    const needed = ["kms:CreateGrant", "kms:PutKeyPolicy", "kms:ScheduleKeyDeletion", "kms:DescribeKey", "kms:Decrypt"];
    expect(needed.filter((action) => !own!.Action.includes(action))).toEqual([]);
    expect(logs).toEqual({
      Sid: "ControlPlaneLogs",
      Effect: "Allow",
      Principal: { Service: `logs.${region}.amazonaws.com` },
      Action: [
        "kms:Decrypt",
        "kms:Encrypt",
        "kms:GenerateDataKey",
        "kms:GenerateDataKeyWithoutPlaintext",
        "kms:ReEncryptFrom",
        "kms:ReEncryptTo",
      ],
      Resource: ["*"],
      Condition: {
        StringEquals: { "kms:EncryptionContext:aws:logs:arn": `arn:aws:logs:${region}:${account}:log-group:/aws/eks/prod/cluster` },
      },
    });
  });

  test("the data key policy differs only in the log groups, which match by prefix", () => {
    const parse = (text: string) => (JSON.parse(text) as { Statement: iam.Statement[] }).Statement;
    const [own, logs] = parse(documents.keyPolicy);
    expect(parse(iam.dataKeyPolicy({ region, account, logGroups: "prod-flow-logs" }))).toEqual([
      own,
      {
        ...logs,
        Sid: "Logs",
        Condition: {
          StringLike: { "kms:EncryptionContext:aws:logs:arn": `arn:aws:logs:${region}:${account}:log-group:prod-flow-logs*` },
        },
      },
    ]);
  });

  test("the tagging policy covers only this cluster's volumes and load balancers", () => {
    const Condition = { StringEquals: { "aws:RequestTag/eks:eks-cluster-name": "${aws:PrincipalTag/eks:eks-cluster-name}" } };
    const { Statement } = JSON.parse(documents.taggingPolicy) as { Statement: iam.Statement[] };
    const ec2 = `arn:aws:ec2:${region}`;
    const loadBalancing = `arn:aws:elasticloadbalancing:${region}:${account}`;
    expect(Statement.map(({ Resource, Condition }) => ({ Resource, Condition }))).toEqual([
      { Resource: [`${ec2}:${account}:volume/*`, `${ec2}::snapshot/*`], Condition },
      {
        Resource: [
          ...[`${ec2}:${account}:security-group/*`, `${ec2}:*:vpc/*`],
          ...[`${loadBalancing}:listener/*`, `${loadBalancing}:loadbalancer/*`, `${loadBalancing}:targetgroup/*`],
        ],
        Condition,
      },
      {
        Resource: [
          ...["volume", "security-group"].map((kind) => `${ec2}:${account}:${kind}/*`),
          ...[`${loadBalancing}:listener/*`, `${loadBalancing}:loadbalancer/*`, `${loadBalancing}:targetgroup/*`],
        ],
        Condition: { StringEquals: { "aws:ResourceTag/eks:eks-cluster-name": "${aws:PrincipalTag/eks:eks-cluster-name}" } },
      },
    ]);
  });

  test("ARNs have the partition of the region", () => {
    const china = { region: "cn-north-1", account, cluster: "prod" };
    expect(iam.managedPolicyArn("cn-north-1", "A")).toBe("arn:aws-cn:iam::aws:policy/A");
    expect(iam.keyPolicy(china)).toContain('"logs.cn-north-1.amazonaws.com.cn"');
    expect(iam.keyPolicy(china)).not.toContain("arn:aws:");
  });

  test.each([
    ["invalid JSON", "{", "must be an IAM policy document in JSON"],
    ["null", "null", 'must have Version "2012-10-17". Older versions do not support policy variables'],
    ["an old version", '{"Version":"2008-10-17"}', 'must have Version "2012-10-17". Older versions do not support policy variables'],
    ["no statements", '{"Version":"2012-10-17"}', "must have a Statement"],
    ...[
      { Effect: "Allow", Action: "*", Resource: "*" },
      { Effect: "Allow", Action: ["s3:GetObject", "sqs:*"], Resource: ["*"] },
      { Effect: "Allow", NotAction: "iam:PassRole", Resource: "*" },
    ].map((statement) => [
      JSON.stringify(statement),
      JSON.stringify({ Version: "2012-10-17", Statement: statement }),
      "must not allow wildcard actions on all resources. Name the actions or the resources",
    ]),
  ])("a custom document is rejected: %s", (_, text, message) => {
    expect(iam.problemWithPolicyDocument(text)).toBe(message);
  });

  test.each([
    { Effect: "Allow", Action: "s3:*", Resource: "arn:aws:s3:::b/*" },
    { Effect: "Allow", Action: "s3:ListAllMyBuckets", Resource: "*" },
    { Effect: "Deny", Action: "*", Resource: "*" },
  ])("a custom document may have %j", (statement) => {
    expect(iam.problemWithPolicyDocument(JSON.stringify({ Version: "2012-10-17", Statement: [statement] }))).toBeUndefined();
  });
});

describe("Kubernetes versions", () => {
  test("are those in standard support; the default is the newest", () => {
    expect(standardSupportEnds).toEqual({ "1.35": "2027-03-27", "1.36": "2027-08-02" });
    expect(defaultVersion).toBe(Object.keys(standardSupportEnds).at(-1));
  });

  const then = "AWS then upgrades the cluster automatically. Upgrade to the next version yourself to choose the time.";
  test.each([
    ["2027-01-25", undefined],
    ["2027-01-26", `EKS standard support for Kubernetes 1.35 ends on 2027-03-27, in 60 days. ${then}`],
    ["2027-03-26", `EKS standard support for Kubernetes 1.35 ends on 2027-03-27, in 1 day. ${then}`],
    ["2027-03-27", `EKS standard support for Kubernetes 1.35 ended on 2027-03-27. ${then}`],
  ])("show a warning in the last 60 days of support: %s", (today, warning) => {
    expect(supportWarning("1.35", new Date(today))).toBe(warning);
  });

  test.each([
    ["2027-01-25", 0],
    ["2027-01-26", 1],
  ])("the cluster logs the warning: on %s %d times", async (now, times) => {
    const warn = vi.spyOn(pulumi.log, "warn").mockImplementation(() => Promise.resolve());
    vi.useFakeTimers({ now: new Date(now), toNotFake: ["nextTick", "setImmediate", "setTimeout", "setInterval", "queueMicrotask"] });
    try {
      const { result } = await build({ version: "1.35" });
      expect(warn.mock.calls).toEqual(times === 0 ? [] : [[supportWarning("1.35", new Date(now)), result]]);
    } finally {
      vi.useRealTimers();
      warn.mockRestore();
    }
  });
});

describe("invalid arguments are rejected", () => {
  const cidr = (range: string) => ({ endpoint: { publicCidrs: [range] } });
  const group = (changes: Partial<NodeGroupArgs>, more: EksClusterArgs["nodeGroups"] = { system: pool }) => ({
    nodeGroups: { ...more, g: { ...pool, ...changes } },
  });
  const access = (...accessEntries: EksClusterArgs["accessEntries"]) => ({ accessEntries: [...required.accessEntries, ...accessEntries] });
  const locked =
    "accessEntries: must have an entry with the policy ClusterAdmin and without namespaces. Add the IAM role or user that deploys";

  test.each<[Partial<EksClusterArgs>, ...string[]]>([
    [{ region: "" }, 'region: must be an AWS region, such as eu-central-1 (got "")'],
    [{ version: "1.34" }, 'version: must be a Kubernetes version in EKS standard support: 1.35, 1.36 or newer (got "1.34")'],
    [{ version: "toString" }, 'version: must be a Kubernetes version in EKS standard support: 1.35, 1.36 or newer (got "toString")'],
    [{ subnetIds: ["subnet-a"] }, "subnetIds: must be at least 2 subnets in different zones (got 1)"],
    [
      { kmsKeyArn: `arn:aws:kms:us-east-1:${account}:key/1` },
      `kmsKeyArn: must be the ARN of a KMS key in ${region}, such as arn:aws:kms:${region}:<account>:key/… (got "arn:aws:kms:us-east-1:<account>:key/1")`,
    ],
    [
      { logRetentionDays: 100 },
      "logRetentionDays: must be one of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653 (got 100). CloudWatch Logs accepts no other values",
    ],
    [
      { roles: { path: "/slipway", permissionsBoundary: `arn:aws:iam::${account}:role/x` } },
      'roles.path: must start and end with a slash, such as /slipway/, and have at most 512 characters (got "/slipway")',
      'roles.permissionsBoundary: must be the ARN of an IAM policy, such as arn:aws:iam::<account>:policy/boundary (got "arn:aws:iam::<account>:role/x")',
    ],
    [{ addonVersions: { coredns: "v1.13.1" } }, 'addonVersions.coredns: must be an add-on of this cluster: metrics-server (got "coredns")'],
    [
      { addonVersions: { "metrics-server": "1" } },
      'addonVersions.metrics-server: must be an add-on version, such as v1.13.1-eksbuild.1 (got "1")',
    ],
    [cidr("0.0.0.0/0"), 'endpoint.publicCidrs[0]: must be /8 or smaller (got "0.0.0.0/0"). List only the ranges that need access'],
    [
      { endpoint: { publicCidrs: ["203.0.113.64/26", "203.0.113.0/24"] } },
      'endpoint.publicCidrs[1]: must not overlap with 203.0.113.64/26 (got "203.0.113.0/24"). Keep only the larger range',
    ],
    [cidr("8.0.0.0/7"), 'endpoint.publicCidrs[0]: must be /8 or smaller (got "8.0.0.0/7"). List only the ranges that need access'],
    ...["::/0", "2001:db8::/32", "world", "198.51.100.7"].map((range): [Partial<EksClusterArgs>, string] => [
      cidr(range),
      `endpoint.publicCidrs[0]: must be an IPv4 range, such as 203.0.113.0/24 (got "${range}")`,
    ]),
    [cidr("198.51.100.7/24"), 'endpoint.publicCidrs[0]: must start at its network address (got "198.51.100.7/24"). Use 198.51.100.0/24'],
    ...["10.1.0.0/16", "172.0.0.0/8"].map((range): [Partial<EksClusterArgs>, string] => [
      cidr(range),
      `endpoint.publicCidrs[0]: must contain only public addresses (got "${range}"). Omit it: the VPC can always reach the API`,
    ]),
    [
      { endpoint: { privateCidrs: ["10.0.1.0/16"] } },
      'endpoint.privateCidrs[0]: must start at its network address (got "10.0.1.0/16"). Use 10.0.0.0/16',
    ],
    [
      { endpoint: { privateCidrs: ["10.0.0.0/16", "10.0.3.0/24"] } },
      'endpoint.privateCidrs[1]: must not overlap with 10.0.0.0/16 (got "10.0.3.0/24"). Keep only the larger range',
    ],
    [
      { endpoint: { publicCidrs: Array.from({ length: 41 }, (_, i) => `198.51.100.${i}/32`) } },
      "endpoint.publicCidrs: must have at most 40 ranges (got 41)",
    ],
    [{ accessEntries: [] }, locked],
    [{ accessEntries: [{ principalArn: deployer, policy: "Admin" }] }, locked],
    [{ accessEntries: [{ principalArn: deployer, policy: "ClusterAdmin", namespaces: ["web"] }] }, locked],
    [
      access({ principalArn: `arn:aws:sts::${account}:assumed-role/team/me`, policy: "View" }),
      'accessEntries[1].principalArn: must be the ARN of an IAM role or user, such as arn:aws:iam::<account>:role/deployer (got "arn:aws:sts::<account>:assumed-role/team/me"). This is a session; use the ARN of its role',
    ],
    [
      access({ principalArn: `arn:aws:iam::${account}:root`, policy: "View" }),
      'accessEntries[1].principalArn: must be the ARN of an IAM role or user, such as arn:aws:iam::<account>:role/deployer (got "arn:aws:iam::<account>:root")',
    ],
    [
      access({ principalArn: team, policy: "Owner" as "View" }),
      'accessEntries[1].policy: must be one of ClusterAdmin, Admin, Edit, View (got "Owner")',
    ],
    [
      access({ principalArn: team, policy: "View", namespaces: ["a"] }, { principalArn: team, policy: "View" }),
      "accessEntries[2]: must not repeat the policy View for the same principal. Put all namespaces into one entry",
    ],
    [
      access({ principalArn: team, policy: "View", namespaces: [] }),
      "accessEntries[1].namespaces: must not be empty. Omit it for the whole cluster",
    ],
    [
      access({ principalArn: team, policy: "View", namespaces: ["A"] }),
      'accessEntries[1].namespaces[0]: must be lower-case letters, digits and "-", starting with a letter and ending with a letter or digit (got "A")',
    ],
    [
      { kubeconfig: { roleArn: team } },
      'kubeconfig.roleArn: must have an access entry (got "arn:aws:iam::<account>:role/team"). Add it to accessEntries',
    ],
    [
      { nodeGroups: {} },
      "nodeGroups: must have a group that has no taints and starts with at least one node. CoreDNS and other add-ons run there",
    ],
    [
      group({ taints: [{ key: "a", effect: "NO_SCHEDULE" }] }, {}),
      "nodeGroups: must have a group that has no taints and starts with at least one node. CoreDNS and other add-ons run there",
    ],
    [
      group({ minSize: 0 }, {}),
      "nodeGroups: must have a group that has no taints and starts with at least one node. CoreDNS and other add-ons run there",
    ],
    [
      { ...group({ capacityType: "SPOT" }, {}), deletionProtection: true },
      "nodeGroups: must have an ON_DEMAND group without taints if deletionProtection is true. CoreDNS and other add-ons must not run on Spot Instances only",
    ],
    [
      { nodeGroups: { "a b": pool } },
      'nodeGroups["a b"]: the name must be 1 to 36 letters, digits, "-" and "_", starting with a letter or digit',
    ],
    [group({ instanceTypes: [] }), "nodeGroups.g.instanceTypes: must have at least one EC2 instance type, such as m8g.large"],
    [group({ instanceTypes: ["large"] }), 'nodeGroups.g.instanceTypes[0]: must be an EC2 instance type, such as m8g.large (got "large")'],
    [
      group({ instanceTypes: ["z9.large"] }),
      'nodeGroups.g.instanceTypes[0]: must have a known EC2 instance family, such as m8g or c8i (got "z9.large")',
    ],
    [
      group({ instanceTypes: ["m8g.huge"] }),
      'nodeGroups.g.instanceTypes[0]: must have a known EC2 instance size, such as large or 2xlarge (got "m8g.huge")',
    ],
    [
      group({ instanceTypes: ["m8g.large", "m8i.large"] }),
      'nodeGroups.g.instanceTypes: must all have the processor architecture of the machine image, x86 (got "m8g.large"). Move it to another group',
    ],
    [
      group({ amiType: "BOTTLEROCKET_x86_64" }),
      'nodeGroups.g.instanceTypes: must all have the processor architecture of the machine image, x86 (got "m8g.large"). Move it to another group',
    ],
    [
      group({ amiType: "AL2_ARM_64" as "AL2023_ARM_64_STANDARD" }),
      'nodeGroups.g.amiType: must be one of AL2023_x86_64_STANDARD, AL2023_ARM_64_STANDARD, AL2023_x86_64_NVIDIA, AL2023_ARM_64_NVIDIA, AL2023_x86_64_NEURON, BOTTLEROCKET_x86_64, BOTTLEROCKET_ARM_64, BOTTLEROCKET_x86_64_NVIDIA, BOTTLEROCKET_ARM_64_NVIDIA (got "AL2_ARM_64")',
    ],
    [group({ minSize: -1 }), "nodeGroups.g.minSize: must be at least 0 (got -1)"],
    [group({ maxSize: 1 }), "nodeGroups.g.maxSize: must be at least 2 (got 1)"],
    [group({ desiredSize: 5 }), "nodeGroups.g.desiredSize: must be between 2 and 4 (got 5)"],
    [group({ capacityType: "FREE" as "SPOT" }), 'nodeGroups.g.capacityType: must be one of ON_DEMAND, SPOT (got "FREE")'],
    [group({ diskSize: 8 }), "nodeGroups.g.diskSize: must be between 20 and 16384 (got 8)"],
    [
      group({ labels: { use: "a b" } }),
      'nodeGroups.g.labels.use: must be a valid label value: at most 63 letters, digits and ".-_" (got "a b")',
    ],
    [
      group({ taints: [{ key: "a", effect: "NoSchedule" as "NO_SCHEDULE" }] }),
      'nodeGroups.g.taints[0].effect: must be one of NO_SCHEDULE, NO_EXECUTE, PREFER_NO_SCHEDULE (got "NoSchedule")',
    ],
  ])("%j", (args, ...messages) => {
    const problems = problemsWithEksCluster("prod", { ...required, ...args });
    expect(problems.map(formatProblem)).toEqual(messages.map((message) => `${message}.`));
  });

  test("all at once, before any resource is registered", async () => {
    const attempt = build({ region: "", accessEntries: [], endpoint: { publicCidrs: ["0.0.0.0/0"] } });
    const { message } = (await attempt.catch((error: unknown) => error)) as Error;
    expect(message.split("\n").map((line) => line.split(": must")[0])).toEqual([
      'EksCluster "prod":',
      "  - region",
      "  - endpoint.publicCidrs[0]",
      "  - accessEntries",
    ]);
  });

  test("names that AWS rejects", () => {
    const message = 'the name must be 1 to 46 letters, digits, "-" and "_", starting with a letter or digit';
    for (const name of ["a b", "-a", "", "a".repeat(47)])
      expect(problemsWithEksCluster(name, required)).toEqual([{ path: [], message: `${message} (got "${name}")` }]);
  });
});

describe("the private address of the API", () => {
  test("accepts connections from the given ranges: EKS itself only lets the cluster's security group connect", async () => {
    const rules = await inputsOf("SecurityGroupIngressRule", {
      endpoint: { privateCidrs: ["10.0.0.0/16", "10.200.0.0/16"] },
      tags: { team: "a" },
    });
    const rule = (cidrIpv4: string) => ({
      securityGroupId: "sg-1",
      description: "Kubernetes API",
      ipProtocol: "tcp",
      fromPort: 443,
      toPort: 443,
      cidrIpv4,
      tags: { team: "a" },
    });
    expect(rules).toEqual({ "prod-api-10.0.0.0/16": rule("10.0.0.0/16"), "prod-api-10.200.0.0/16": rule("10.200.0.0/16") });
    expect(await inputsOf("SecurityGroupIngressRule")).toEqual({});
  });
});

test("EKS has as long as it needs for a cluster, and an autoscaler may change the number of nodes", async () => {
  const options = await optionsOf(() => create({ nodeGroups: { system: { instanceTypes: ["m8g.large"], minSize: 2, maxSize: 4 } } }), {
    outputs,
  });
  expect(options["Cluster prod"]!.timeouts).toEqual(["60m", "60m", "30m"]);
  expect(options["NodeGroup prod-system"]!.ignoreChanges).toEqual(["scalingConfig.desiredSize"]);
});

import * as pulumi from "@pulumi/pulumi";
import { EksCluster, type EksClusterArgs, type NodeGroupArgs } from "../../../components/eks-cluster.ts";
import * as iam from "../../../components/internal/eks/iam.ts";
import { isArm } from "../../../components/instance-types.ts";
import { problemsWithEksCluster } from "../../../components/rules/eks-cluster.ts";
import { defaultVersion, standardSupportEnds, supportWarning } from "../../../components/eks-versions.ts";
import { record, register, settle, tree, type Outputs, type Recorded } from "../harness.ts";

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
/** What there is in any case. */
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

describe("what it consists of, all its children", () => {
  const listed = async (args: Partial<EksClusterArgs>, preview = false) => tree((await build(args, preview)).urns);

  test("by default: cluster, roles with their rights, key, log group, access of the deployer, metrics", async () => {
    expect(await listed({})).toEqual([...common, ...ownKey, ...autoMode].sort());
  });
  test("with a given key none of its own", async () => {
    const kmsKeyArn = `arn:aws:kms:${region}:${account}:key/1-2`;
    expect(await listed({ kmsKeyArn })).toEqual([...common, ...autoMode].sort());
  });
  test("with tags the right of Auto Mode to set them", async () => {
    expect(await listed({ tags: { team: "a" } })).toEqual(
      [...common, ...ownKey, ...autoMode, `${child}:iam/rolePolicy:RolePolicy prod-cluster`].sort(),
    );
  });
  test("with node groups these and their launch templates, and the add-ons that Auto Mode has built in, with roles", async () => {
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
  ])("in a preview, where nothing is known yet, the same: with %s", async (_, more) => {
    const args = { ...more, subnetIds: pulumi.output(subnetIds), tags: { team: "a" } };
    expect(await listed(args, true)).toEqual(await listed(args));
  });
});

describe("the cluster", () => {
  test("of Auto Mode has exactly these arguments", async () => {
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

  test("with node groups has all three parts of Auto Mode off", async () => {
    const { prod } = await inputsOf("Cluster", { nodeGroups: { system: pool } });
    expect([prod!.computeConfig, prod!.kubernetesNetworkConfig, prod!.storageConfig]).toEqual([
      { enabled: false },
      { elasticLoadBalancing: { enabled: false } },
      { blockStorage: { enabled: false } },
    ]);
  });

  test("is reached by the named ranges, and from the VPC as before", async () => {
    const { prod } = await inputsOf("Cluster", { endpoint: { publicCidrs: ["198.51.100.0/24"] } });
    expect(prod!.vpcConfig).toEqual({
      subnetIds,
      endpointPrivateAccess: true,
      endpointPublicAccess: true,
      publicAccessCidrs: ["198.51.100.0/24"],
    });
  });

  test("is kept with its key and its logs where it is protected, and nothing else is", async () => {
    const of = async (deletionProtection?: boolean) =>
      Object.entries(await registrations({ deletionProtection }))
        .filter(([, { protect }]) => protect)
        .map(([key]) => key);
    expect((await of(true)).sort()).toEqual(["Alias prod", "Cluster prod", "Key prod", "LogGroup prod"]);
    expect(await of()).toEqual([]);
    expect((await inputsOf("Cluster", { deletionProtection: true })).prod!.deletionProtection).toBe(true);
    expect((await inputsOf("LogGroup", { deletionProtection: true })).prod!.deletionProtectionEnabled).toBe(true);
  });

  test("has its logs encrypted in a group of the name that EKS writes to", async () => {
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

  test("has a key whose material is renewed", async () => {
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

  test("uses a given key for secrets and logs alike", async () => {
    const kmsKeyArn = `arn:aws:kms:${region}:${account}:key/1-2`;
    const { resources } = await build({ kmsKeyArn });
    expect(ofKind(resources, "Cluster").prod!.encryptionConfig.provider.keyArn).toBe(kmsKeyArn);
    expect(ofKind(resources, "LogGroup").prod!.kmsKeyId).toBe(kmsKeyArn);
  });
});

describe("who gets in", () => {
  test("only those with an entry: each principal one, with its policies and namespaces", async () => {
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

  test("no name of a resource has an account id", async () => {
    const { urns } = await build({
      nodeGroups: { system: pool },
      accessEntries: [...required.accessEntries, { principalArn: team, policy: "View" }],
    });
    expect(urns.filter((urn) => urn.includes(account))).toEqual([]);
  });

  test("by a kubeconfig that is secret, has no token, and names region, profile and role", async () => {
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

  test("and it tells what others need of it", async () => {
    const { result } = await build();
    const { clusterName, arn, endpoint, clusterSecurityGroupId, version, nodeRoleArn } = result;
    const told = await settle(pulumi.all([clusterName, arn, endpoint, clusterSecurityGroupId, version, nodeRoleArn]));
    expect(told).toEqual({
      value: [
        ...["prod", `arn:aws:eks:${region}:${account}:cluster/prod`, "https://api.example", "sg-1", "1.36"],
        `arn:aws:iam::${account}:role/prod-node`,
      ],
      secret: false,
    });
  });
});

describe("nodes of groups", () => {
  test("are of the cluster's version and in its subnets, and are mended", async () => {
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

  test("keep the rights of their role from pods, and their disks are encrypted", async () => {
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

  test("of Bottlerocket have two disks, both encrypted, of which the second has the size", async () => {
    const system: NodeGroupArgs = { ...pool, amiType: "BOTTLEROCKET_ARM_64", diskSize: 80 };
    const { "prod-system": template } = await inputsOf("LaunchTemplate", { nodeGroups: { system } });
    const ebs = { volumeType: "gp3", encrypted: "true", deleteOnTermination: "true" };
    expect(template!.blockDeviceMappings).toEqual([
      { deviceName: "/dev/xvda", ebs },
      { deviceName: "/dev/xvdb", ebs: { ...ebs, volumeSize: 80 } },
    ]);
  });

  test("get their image by the processor of the instance types", () => {
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

test("add-ons enforce network policies, and call AWS by roles of their own", async () => {
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
    "prod-cluster": iam.clusterTrust(identity),
    "prod-vpc-cni": iam.podTrust(identity, "kube-system", "aws-node"),
    "prod-ebs-csi": iam.podTrust(identity, "kube-system", "ebs-csi-controller-sa"),
  });
});

test("all that can have tags has them", async () => {
  const { resources } = await build({ nodeGroups: { system: pool }, tags: { team: "a" } });
  const without = resources.filter(({ type, inputs }) => type.startsWith("aws:") && inputs.tags?.team !== "a").map(({ type }) => type);
  expect([...new Set(without)].sort()).toEqual([
    "aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    "aws:kms/alias:Alias",
  ]);
});

describe("what comes after what, and goes before it", () => {
  const nodeRights = (policy: string) => [
    "RolePolicyAttachment prod-node-AmazonEC2ContainerRegistryPullOnly",
    `RolePolicyAttachment prod-node-${policy}`,
  ];

  test("the cluster comes after the log group, the key, and all rights of its roles", async () => {
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

  test("nodes come after what makes them ready and their role's rights, the other add-ons after nodes", async () => {
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

  test("access comes after the cluster, a policy after its principal's entry", async () => {
    const found = await registrations({});
    expect(found["AccessEntry prod-deployer-8e3b"]!.waitsFor).toEqual(["Cluster prod"]);
    expect(found["AccessPolicyAssociation prod-deployer-8e3b-ClusterAdmin"]!.waitsFor).toEqual([
      "AccessEntry prod-deployer-8e3b",
      "Cluster prod",
    ]);
  });

  test("what depends on the component waits for all of it", async () => {
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
    clusterTrust: iam.clusterTrust(identity),
    nodeTrust: iam.nodeTrust(),
    podTrust: iam.podTrust(identity, "web", "sender"),
    keyPolicy: iam.keyPolicy(identity),
    taggingPolicy: iam.taggingPolicy(identity),
  };

  test.each(Object.entries(documents))(
    "%s is of the version with policy variables, and wide in actions or resources, never in both",
    (_, text) => {
      expect(iam.problemWithPolicyDocument(text)).toBeUndefined();
      const { Statement } = JSON.parse(text) as { Statement: iam.Statement[] };
      expect(Statement.flatMap(({ Action }) => Action).filter((action) => action.includes("*"))).toEqual([]);
      expect(Statement.map(({ Effect, Principal }) => [Effect, JSON.stringify(Principal ?? "").includes("*")])).toEqual(
        Statement.map(() => ["Allow", false]),
      );
    },
  );

  test("of trust name this cluster, and of pods the ServiceAccount", () => {
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

  test("of the key let the account administer it, and CloudWatch Logs encrypt these logs with it", () => {
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

  test("of the key for images and flow logs differ in the logs alone, and CloudWatch Logs has those whose names begin so", () => {
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

  test("of tags are for this cluster's volumes and load balancers", () => {
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
    ]);
  });

  test("are of the partition of the region", () => {
    const china = { region: "cn-north-1", account, cluster: "prod" };
    expect(["eu-west-1", "us-gov-west-1", "cn-north-1"].map(iam.partitionOf)).toEqual(["aws", "aws-us-gov", "aws-cn"]);
    expect(iam.managedPolicy("cn-north-1", "A")).toBe("arn:aws-cn:iam::aws:policy/A");
    expect(iam.keyPolicy(china)).toContain('"logs.cn-north-1.amazonaws.com.cn"');
    expect(iam.keyPolicy(china)).not.toContain("arn:aws:");
  });

  test.each([
    ["no JSON", "{", "must be an IAM policy document as JSON, and is no JSON"],
    ["null", "null", 'must have the Version "2012-10-17"; older ones know no policy variables'],
    ["an old version", '{"Version":"2008-10-17"}', 'must have the Version "2012-10-17"; older ones know no policy variables'],
    ["nothing in it", '{"Version":"2012-10-17"}', "must have a Statement"],
    ...[
      { Effect: "Allow", Action: "*", Resource: "*" },
      { Effect: "Allow", Action: ["s3:GetObject", "sqs:*"], Resource: ["*"] },
      { Effect: "Allow", NotAction: "iam:PassRole", Resource: "*" },
    ].map((statement) => [
      JSON.stringify(statement),
      JSON.stringify({ Version: "2012-10-17", Statement: statement }),
      'must not allow actions with "*" on all resources; name the actions, or the resources',
    ]),
  ])("of yours are refused with %s", (_, text, message) => {
    expect(iam.problemWithPolicyDocument(text)).toBe(message);
  });

  test.each([
    { Effect: "Allow", Action: "s3:*", Resource: "arn:aws:s3:::b/*" },
    { Effect: "Allow", Action: "s3:ListAllMyBuckets", Resource: "*" },
    { Effect: "Deny", Action: "*", Resource: "*" },
  ])("of yours may have %j", (statement) => {
    expect(iam.problemWithPolicyDocument(JSON.stringify({ Version: "2012-10-17", Statement: [statement] }))).toBeUndefined();
  });
});

describe("Kubernetes versions", () => {
  test("are those of standard support, the default the newest", () => {
    expect(standardSupportEnds).toEqual({ "1.35": "2027-03-27", "1.36": "2027-08-02" });
    expect(defaultVersion).toBe(Object.keys(standardSupportEnds).at(-1));
  });

  const then = "AWS then upgrades the cluster on its own. Set the next version before.";
  test.each([
    ["2027-01-25", undefined],
    ["2027-01-26", `EKS' standard support for Kubernetes 1.35 ends on 2027-03-27, in 60 days; ${then}`],
    ["2027-03-26", `EKS' standard support for Kubernetes 1.35 ends on 2027-03-27, in 1 day; ${then}`],
    ["2027-03-27", `EKS' standard support for Kubernetes 1.35 ended on 2027-03-27; ${then}`],
  ])("have a warning from 60 days before the end of support on: %s", (today, warning) => {
    expect(supportWarning("1.35", new Date(today))).toBe(warning);
  });

  test.each([
    ["2027-01-25", 0],
    ["2027-01-26", 1],
  ])("have it told by the cluster: on %s %d times", async (now, times) => {
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

describe("refused", () => {
  const cidr = (range: string) => ({ endpoint: { publicCidrs: [range] } });
  const group = (changes: Partial<NodeGroupArgs>, more: EksClusterArgs["nodeGroups"] = { system: pool }) => ({
    nodeGroups: { ...more, g: { ...pool, ...changes } },
  });
  const access = (...accessEntries: EksClusterArgs["accessEntries"]) => ({ accessEntries: [...required.accessEntries, ...accessEntries] });
  const locked =
    "accessEntries must have an entry with the policy ClusterAdmin and without namespaces, the deployer's; nobody else could get in, nor let others in";

  test.each<[Partial<EksClusterArgs>, ...string[]]>([
    [{ region: "" }, 'region must be a region of AWS such as eu-central-1 (got "")'],
    [{ version: "1.34" }, 'version must be a Kubernetes version in standard support of EKS, 1.35 or 1.36 (got "1.34")'],
    [{ version: "toString" }, 'version must be a Kubernetes version in standard support of EKS, 1.35 or 1.36 (got "toString")'],
    [{ subnetIds: ["subnet-a"] }, "subnetIds must be of two zones at least (got 1); EKS wants so"],
    [
      { kmsKeyArn: `arn:aws:kms:us-east-1:${account}:key/1` },
      `kmsKeyArn must be the ARN of a KMS key in ${region}, such as arn:aws:kms:${region}:<account>:key/… (got "arn:aws:kms:us-east-1:<account>:key/1")`,
    ],
    [
      { logRetentionDays: 100 },
      "logRetentionDays must be one of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653 (got 100): CloudWatch Logs has no others",
    ],
    [{ addonVersions: { coredns: "v1.13.1" } }, "addonVersions.coredns is no add-on of this cluster; it has metrics-server"],
    [{ addonVersions: { "metrics-server": "1" } }, 'addonVersions.metrics-server must be a version such as v1.13.1-eksbuild.1 (got "1")'],
    [cidr("0.0.0.0/0"), 'endpoint.publicCidrs.0 must be /8 or smaller (got "0.0.0.0/0"); name the ranges that you use, never the world'],
    [
      { endpoint: { publicCidrs: ["203.0.113.64/26", "203.0.113.0/24"] } },
      'endpoint.publicCidrs.1 must not overlap with 203.0.113.64/26 (got "203.0.113.0/24"); the larger of the two is enough',
    ],
    [cidr("8.0.0.0/7"), 'endpoint.publicCidrs.0 must be /8 or smaller (got "8.0.0.0/7"); name the ranges that you use, never the world'],
    ...["::/0", "2001:db8::/32", "world", "198.51.100.7"].map((range): [Partial<EksClusterArgs>, string] => [
      cidr(range),
      `endpoint.publicCidrs.0 must be an IPv4 range such as 203.0.113.0/24 (got "${range}"); a cluster with IPv4 addresses takes no others`,
    ]),
    [
      cidr("198.51.100.7/24"),
      'endpoint.publicCidrs.0 must begin where a range of its size can (got "198.51.100.7/24"); did you mean 198.51.100.0/24?',
    ],
    ...["10.1.0.0/16", "172.0.0.0/8"].map((range): [Partial<EksClusterArgs>, string] => [
      cidr(range),
      `endpoint.publicCidrs.0 must be public addresses (got "${range}"), some of which are reserved; from the VPC the API is reached anyway`,
    ]),
    [
      { endpoint: { publicCidrs: Array.from({ length: 41 }, (_, i) => `198.51.100.${i}/32`) } },
      "endpoint.publicCidrs must be at most 40 (got 41)",
    ],
    [{ accessEntries: [] }, locked],
    [{ accessEntries: [{ principalArn: deployer, policy: "Admin" }] }, locked],
    [{ accessEntries: [{ principalArn: deployer, policy: "ClusterAdmin", namespaces: ["web"] }] }, locked],
    [
      access({ principalArn: `arn:aws:sts::${account}:assumed-role/team/me`, policy: "View" }),
      'accessEntries.1.principalArn must be the ARN of an IAM role or user, such as arn:aws:iam::<account>:role/deployer (got "arn:aws:sts::<account>:assumed-role/team/me"), which is a session; name its role',
    ],
    [
      access({ principalArn: `arn:aws:iam::${account}:root`, policy: "View" }),
      'accessEntries.1.principalArn must be the ARN of an IAM role or user, such as arn:aws:iam::<account>:role/deployer (got "arn:aws:iam::<account>:root")',
    ],
    [
      access({ principalArn: team, policy: "Owner" as "View" }),
      'accessEntries.1.policy must be ClusterAdmin, Admin, Edit, View (got "Owner")',
    ],
    [
      access({ principalArn: team, policy: "View", namespaces: ["a"] }, { principalArn: team, policy: "View" }),
      "accessEntries.2 gives View twice to the same principal; put the namespaces into one entry",
    ],
    [
      access({ principalArn: team, policy: "View", namespaces: [] }),
      "accessEntries.1.namespaces must not be empty; leave it out for the whole cluster",
    ],
    [
      access({ principalArn: team, policy: "View", namespaces: ["A"] }),
      'accessEntries.1.namespaces.0 must be lower-case letters, digits and "-", starting with a letter and ending with a letter or digit (got "A")',
    ],
    [
      { kubeconfig: { roleArn: team } },
      'kubeconfig.roleArn must have an access entry, or the kubeconfig opens nothing; add it to accessEntries (got "arn:aws:iam::<account>:role/team")',
    ],
    [{ nodeGroups: {} }, "nodeGroups must have a group without taints that starts with a node at least, for CoreDNS and the other add-ons"],
    [
      group({ taints: [{ key: "a", effect: "NO_SCHEDULE" }] }, {}),
      "nodeGroups must have a group without taints that starts with a node at least, for CoreDNS and the other add-ons",
    ],
    [
      group({ minSize: 0 }, {}),
      "nodeGroups must have a group without taints that starts with a node at least, for CoreDNS and the other add-ons",
    ],
    [
      { ...group({ capacityType: "SPOT" }, {}), deletionProtection: true },
      "nodeGroups must have an ON_DEMAND group without taints in a protected cluster: CoreDNS and the other add-ons are not to go with spot instances",
    ],
    [
      { nodeGroups: { "a b": pool } },
      'nodeGroups.a b must be named with 1 to 36 letters, digits, "-" and "_", the first a letter or digit',
    ],
    [group({ instanceTypes: [] }), "nodeGroups.g.instanceTypes must have an EC2 instance type at least, such as m8g.large"],
    [group({ instanceTypes: ["large"] }), 'nodeGroups.g.instanceTypes.0 must be an EC2 instance type such as m8g.large (got "large")'],
    [
      group({ instanceTypes: ["z9.large"] }),
      'nodeGroups.g.instanceTypes.0 must be of a family of EC2 instance types, such as m8g or c8i (got "z9.large") of "z9"',
    ],
    [
      group({ instanceTypes: ["m8g.huge"] }),
      'nodeGroups.g.instanceTypes.0 must be of a size of EC2 instance types, such as large or 2xlarge (got "m8g.huge") of "huge"',
    ],
    [
      group({ instanceTypes: ["m8g.large", "m8i.large"] }),
      'nodeGroups.g.instanceTypes must all be of the processor architecture of the image, x86 (got "m8g.large"); make another group of it',
    ],
    [
      group({ amiType: "BOTTLEROCKET_x86_64" }),
      'nodeGroups.g.instanceTypes must all be of the processor architecture of the image, x86 (got "m8g.large"); make another group of it',
    ],
    [
      group({ amiType: "AL2_ARM_64" as "AL2023_ARM_64_STANDARD" }),
      'nodeGroups.g.amiType must be AL2023_x86_64_STANDARD, AL2023_ARM_64_STANDARD, AL2023_x86_64_NVIDIA, AL2023_ARM_64_NVIDIA, AL2023_x86_64_NEURON, BOTTLEROCKET_x86_64, BOTTLEROCKET_ARM_64, BOTTLEROCKET_x86_64_NVIDIA, BOTTLEROCKET_ARM_64_NVIDIA (got "AL2_ARM_64")',
    ],
    [group({ minSize: -1 }), "nodeGroups.g.minSize must be at least 0 (got -1)"],
    [group({ maxSize: 1 }), "nodeGroups.g.maxSize must be at least 2 (got 1)"],
    [group({ desiredSize: 5 }), "nodeGroups.g.desiredSize must be from 2 to 4 (got 5)"],
    [group({ capacityType: "FREE" as "SPOT" }), 'nodeGroups.g.capacityType must be ON_DEMAND, SPOT (got "FREE")'],
    [group({ diskSize: 8 }), "nodeGroups.g.diskSize must be from 20 to 16384 (got 8)"],
    [
      group({ labels: { use: "a b" } }),
      'nodeGroups.g.labels.use must be at most 63 letters, digits and ".-_", as a label wants it (got "a b")',
    ],
    [
      group({ taints: [{ key: "a", effect: "NoSchedule" as "NO_SCHEDULE" }] }),
      'nodeGroups.g.taints.0.effect must be NO_SCHEDULE, NO_EXECUTE, PREFER_NO_SCHEDULE (got "NoSchedule")',
    ],
  ])("%j", (args, ...messages) => {
    const problems = problemsWithEksCluster("prod", { ...required, ...args });
    expect(problems.map(({ path, message }) => `${path.join(".")} ${message}`)).toEqual(messages);
  });

  test("all at once, by the name of the component, before any resource", async () => {
    const attempt = build({ region: "", accessEntries: [], endpoint: { publicCidrs: ["0.0.0.0/0"] } });
    const { message } = (await attempt.catch((error: unknown) => error)) as Error;
    expect(message.split("\n").map((line) => line.split(" must")[0])).toEqual([
      'EksCluster "prod":',
      "  - region",
      "  - endpoint.publicCidrs.0",
      "  - accessEntries",
    ]);
  });

  test("a name that AWS does not take", () => {
    const message = 'the name must be 1 to 48 letters, digits, "-" and "_", the first a letter or digit, got ';
    for (const name of ["a b", "-a", "", "a".repeat(49)])
      expect(problemsWithEksCluster(name, required)).toEqual([{ path: [], message: `${message}"${name}"` }]);
  });
});

import type { MockInstance } from "vitest";
import * as pulumi from "@pulumi/pulumi";
import slipway from "../../../program.ts";
import { readStack } from "../../../config/stack-file.ts";
import { account, arn, awsOutputs, region } from "./aws-outputs.ts";
import { accountWithRoom, FakeAws } from "./fake-aws.ts";
import { optionsOf, record, register, settle, tree, type Recorded, type Registration } from "../harness.ts";

// Mocks record what is registered. They do not prove that AWS accepts it, and know nothing of provider schemas beyond what the compiler
// checks.

let aws: FakeAws;
let warn: MockInstance<typeof console.warn>;
beforeAll(() => {
  aws = accountWithRoom(new FakeAws(), region);
  warn = vi.spyOn(console, "warn").mockImplementation(() => {});
});
afterAll(() => {
  aws[Symbol.dispose]();
  warn.mockRestore();
});

/** The program for a stack file with changed settings. */
function programOf(stack: string, changes: Settings = {}) {
  const { config } = readStack(stack);
  const of = (key: string) => JSON.parse(config[`slipway:${key}`] ?? "{}") as Record<string, unknown>;
  const eks = { ...of("eks"), ...changes.eks };
  const services = changes.services ?? of("services");
  return () => {
    pulumi.runtime.setAllConfig({ ...config, "slipway:eks": JSON.stringify(eks), "slipway:services": JSON.stringify(services) });
    return slipway();
  };
}
interface Settings {
  eks?: Record<string, unknown>;
  services?: Record<string, unknown>;
}

const run = (stack: string, changes?: Settings, preview = false) =>
  record(programOf(stack, changes), { outputs: awsOutputs, stack, preview });

const inputsOf = ({ resources }: { resources: Recorded[] }, kind: string) =>
  Object.fromEntries(resources.filter(({ type }) => type.endsWith(`:${kind}`)).map(({ name, inputs }) => [name, inputs]));

const zones = ["a", "b", "c"].map((zone) => region + zone);

/** All resources of a stack with EKS Auto Mode, a domain and one service. */
function resourcesOf(stack: string, { zones, nat, endpoints, access, domain, host, hpa = false }: Shape): string[] {
  const name = `slipway-${stack}`;
  const under = (component: string, children: string[]) => [component, ...children.map((child) => `${component.split(" ")[0]}$${child}`)];
  return [
    `pulumi:providers:aws ${name}`,
    `pulumi:providers:kubernetes ${name}`,
    `aws:kms/key:Key ${name}-data`,
    `aws:kms/keyPolicy:KeyPolicy ${name}-data`,
    `aws:kms/alias:Alias ${name}-data`,
    ...under(`slipway:index:Network ${name}`, [
      `aws:ec2/vpc:Vpc ${name}`,
      `aws:ec2/defaultSecurityGroup:DefaultSecurityGroup ${name}`,
      `aws:ec2/internetGateway:InternetGateway ${name}`,
      ...["public", "intra", ...zones.map((zone) => `private-${zone}`)].map((table) => `aws:ec2/routeTable:RouteTable ${name}-${table}`),
      ...["public", ...zones.map((zone) => `private-${zone}`)].map((route) => `aws:ec2/route:Route ${name}-${route}`),
      ...["public", "private", "intra"].flatMap((kind) =>
        zones.flatMap((zone) => [
          `aws:ec2/subnet:Subnet ${name}-${kind}-${zone}`,
          `aws:ec2/routeTableAssociation:RouteTableAssociation ${name}-${kind}-${zone}`,
        ]),
      ),
      ...nat.flatMap((zone) => [`aws:ec2/eip:Eip ${name}-${zone}`, `aws:ec2/natGateway:NatGateway ${name}-${zone}`]),
      `aws:cloudwatch/logGroup:LogGroup ${name}-flow-logs`,
      `aws:ec2/flowLog:FlowLog ${name}-flow-logs`,
      `aws:iam/role:Role ${name}-flow-logs`,
      `aws:iam/rolePolicy:RolePolicy ${name}-flow-logs`,
      ...["s3", ...endpoints].map((endpoint) => `aws:ec2/vpcEndpoint:VpcEndpoint ${name}-${endpoint}`),
      ...(endpoints.length > 0
        ? [
            `aws:ec2/securityGroup:SecurityGroup ${name}-endpoints`,
            `aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule ${name}-endpoints`,
          ]
        : []),
    ]),
    ...under(`slipway:index:EksCluster ${name}`, [
      `aws:eks/cluster:Cluster ${name}`,
      `aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule ${name}-api-${vpcs[stack]}`,
      `aws:kms/key:Key ${name}`,
      `aws:kms/alias:Alias ${name}`,
      `aws:cloudwatch/logGroup:LogGroup ${name}`,
      `aws:eks/addon:Addon ${name}-metrics-server`,
      `aws:iam/role:Role ${name}-cluster`,
      `aws:iam/rolePolicy:RolePolicy ${name}-cluster`,
      ...["BlockStorage", "Cluster", "Compute", "LoadBalancing", "Networking"].map(
        (policy) => `aws:iam/rolePolicyAttachment:RolePolicyAttachment ${name}-cluster-AmazonEKS${policy}Policy`,
      ),
      `aws:iam/role:Role ${name}-node`,
      `aws:iam/rolePolicyAttachment:RolePolicyAttachment ${name}-node-AmazonEC2ContainerRegistryPullOnly`,
      `aws:iam/rolePolicyAttachment:RolePolicyAttachment ${name}-node-AmazonEKSWorkerNodeMinimalPolicy`,
      ...access.flatMap(([who, policy]) => [
        `aws:eks/accessEntry:AccessEntry ${name}-${who}`,
        `aws:eks/accessPolicyAssociation:AccessPolicyAssociation ${name}-${who}-${policy}`,
      ]),
    ]),
    ...under(`slipway:index:EksAddOns ${name}`, [
      `kubernetes:core/v1:ConfigMap ${name}-network-policy`,
      `kubernetes:eks.amazonaws.com/v1:IngressClassParams ${name}-alb`,
      `kubernetes:networking.k8s.io/v1:IngressClass ${name}-alb`,
      `kubernetes:storage.k8s.io/v1:StorageClass ${name}-gp3`,
    ]),
    ...under(`slipway:index:TlsCertificate ${name}`, [
      `aws:acm/certificate:Certificate ${name}`,
      `aws:acm/certificateValidation:CertificateValidation ${name}`,
      `aws:route53/record:Record ${name}-${domain}`,
    ]),
    ...under("slipway:index:EcrRepository web", ["aws:ecr/repository:Repository web", "aws:ecr/lifecyclePolicy:LifecyclePolicy web"]),
    ...under("slipway:index:GoImage web", ["pulumi-nodejs:dynamic/slipway:RegistryPush web"]),
    "kubernetes:core/v1:Namespace services",
    ...under("slipway:index:WebService web", [
      "kubernetes:apps/v1:Deployment web",
      "kubernetes:core/v1:Service web",
      "kubernetes:core/v1:ServiceAccount web",
      "kubernetes:networking.k8s.io/v1:Ingress web",
      "kubernetes:networking.k8s.io/v1:NetworkPolicy web",
      "kubernetes:policy/v1:PodDisruptionBudget web",
      ...(hpa ? ["kubernetes:autoscaling/v2:HorizontalPodAutoscaler web"] : []),
    ]),
    `aws:route53/record:Record ${host}`,
  ].sort();
}
/** Ranges of the VPCs, which reach the private address of the Kubernetes API. */
const vpcs: Record<string, string> = { dev: "10.10.0.0/16", staging: "10.20.0.0/16", prod: "10.30.0.0/16" };

interface Shape {
  zones: string[];
  /** Zones with a NAT gateway. */
  nat: string[];
  endpoints: string[];
  access: [who: string, policy: string][];
  domain: string;
  host: string;
  hpa?: boolean;
}

const shapes: Record<string, Shape> = {
  dev: {
    zones: zones.slice(0, 2),
    nat: zones.slice(0, 1),
    endpoints: [],
    access: [
      ["deployer-c9d3", "ClusterAdmin"],
      ["developers-a54e", "Edit"],
    ],
    domain: "dev.example.org",
    host: "web.dev.example.org",
  },
  staging: {
    zones,
    nat: zones.slice(0, 1),
    endpoints: [],
    access: [
      ["deployer-c9d3", "ClusterAdmin"],
      ["developers-a54e", "View"],
    ],
    domain: "staging.example.org",
    host: "web.staging.example.org",
  },
  prod: {
    zones,
    nat: zones,
    endpoints: ["ecr-api", "ecr-dkr"],
    access: [
      ["deployer-c9d3", "ClusterAdmin"],
      ["developers-a54e", "View"],
    ],
    domain: "example.org",
    host: "www.example.org",
    hpa: true,
  },
};
const stacks = Object.keys(shapes);

describe.each(stacks)("the stack %s", (stack) => {
  let made: Awaited<ReturnType<typeof run>>;
  beforeAll(async () => {
    made = await run(stack);
  });

  test("consists of exactly these resources", () => {
    expect(tree(made.urns)).toEqual(resourcesOf(stack, shapes[stack]!));
  });

  test("has a provider that identifies the cluster by the name of the stack, so that a new kubeconfig does not replace all objects", () => {
    expect(inputsOf(made, "kubernetes")[`slipway-${stack}`]).toMatchObject({
      clusterIdentifier: `slipway-${stack}`,
      upsertExistingObjects: "true",
    });
  });

  test("has the same resources in a preview, which does not call AWS", async () => {
    const before = aws.calls.length;
    expect(tree((await run(stack, {}, true)).urns)).toEqual(resourcesOf(stack, shapes[stack]!));
    expect(aws.calls.length).toBe(before);
  });

  test("encrypts logs, images, Secrets and volumes, and rotates its keys", () => {
    const name = `slipway-${stack}`;
    expect(Object.entries(inputsOf(made, "Key")).map(([key, { enableKeyRotation }]) => [key, enableKeyRotation])).toEqual([
      [`${name}-data`, true],
      [name, true],
    ]);
    const [dataKey, clusterKey] = [arn("kms", `key/${name}-data`), arn("kms", `key/${name}`)];
    const logs = Object.entries(inputsOf(made, "LogGroup")).map(([group, { kmsKeyId }]) => [group, kmsKeyId]);
    expect(logs).toEqual([
      [`${name}-flow-logs`, dataKey],
      [name, clusterKey],
    ]);
    expect(inputsOf(made, "Repository")["web"]!.encryptionConfigurations).toEqual([{ encryptionType: "KMS", kmsKey: dataKey }]);
    expect(inputsOf(made, "Cluster")[name]!.encryptionConfig).toEqual({ provider: { keyArn: clusterKey }, resources: ["secrets"] });
    expect(inputsOf(made, "StorageClass")[`${name}-gp3`]!.parameters).toMatchObject({ type: "gp3", encrypted: "true" });
  });

  test("makes the Kubernetes API reachable from the VPC and the listed ranges", () => {
    const subnetIds = shapes[stack]!.zones.map((zone) => `slipway-${stack}-private-${zone}-id`);
    const isPublic = stack !== "prod";
    expect(inputsOf(made, "Cluster")[`slipway-${stack}`]!.vpcConfig).toEqual({
      subnetIds,
      endpointPrivateAccess: true,
      endpointPublicAccess: isPublic,
      ...(isPublic && { publicAccessCidrs: ["203.0.113.0/24"] }),
    });
  });

  test("allows only its load balancer to reach the service", () => {
    const second = { dev: 10, staging: 20, prod: 30 }[stack];
    const ranges = [128, 136, 144].slice(0, shapes[stack]!.zones.length).map((third) => `10.${second}.${third}.0/21`);
    expect(inputsOf(made, "Subnet")).toMatchObject(
      Object.fromEntries(
        shapes[stack]!.zones.map((zone, i) => [
          `slipway-${stack}-public-${zone}`,
          { cidrBlock: ranges[i], tags: { "kubernetes.io/role/elb": "1" } },
        ]),
      ),
    );
    expect(inputsOf(made, "NetworkPolicy")["web"]!.spec).toEqual({
      podSelector: { matchLabels: { "app.kubernetes.io/name": "web" } },
      policyTypes: ["Ingress", "Egress"],
      ingress: [{ from: ranges.map((cidr) => ({ ipBlock: { cidr } })), ports: [{ port: 8080, protocol: "TCP" }] }],
      // In Auto Mode, CoreDNS runs on the nodes and not in pods.
      egress: [
        {
          ports: [
            { port: 53, protocol: "UDP" },
            { port: 53, protocol: "TCP" },
          ],
        },
      ],
    });
  });

  test("has a namespace that enforces the restricted profile and injects pod readiness gates for the load balancer", () => {
    expect(inputsOf(made, "Namespace")["services"]!.metadata).toEqual({
      name: `slipway-${stack}`,
      labels: {
        "eks.amazonaws.com/pod-readiness-gate-inject": "enabled",
        "pod-security.kubernetes.io/enforce": "restricted",
        "pod-security.kubernetes.io/enforce-version": "v1.36",
        "pod-security.kubernetes.io/warn": "restricted",
        "pod-security.kubernetes.io/warn-version": "v1.36",
      },
    });
  });

  test("serves HTTPS with a certificate for its domain and a DNS record for the load balancer", async () => {
    const { result } = made;
    const { domain, host } = shapes[stack]!;
    expect(inputsOf(made, "Certificate")[`slipway-${stack}`]).toMatchObject({
      domainName: domain,
      subjectAlternativeNames: [`*.${domain}`],
      validationMethod: "DNS",
    });
    expect(inputsOf(made, "IngressClassParams")[`slipway-${stack}-alb`]!.spec).toMatchObject({
      scheme: "internet-facing",
      certificateARNs: [arn("acm", "certificate/1")],
      group: { name: `slipway-${stack}` },
    });
    expect(inputsOf(made, "Ingress")["web"]!.metadata.annotations).toEqual({
      "alb.ingress.kubernetes.io/healthcheck-path": "/readyz",
      "alb.ingress.kubernetes.io/healthcheck-port": "8080",
      "alb.ingress.kubernetes.io/success-codes": "200-399",
      "alb.ingress.kubernetes.io/listen-ports": '[{"HTTP": 80}, {"HTTPS": 443}]',
      "alb.ingress.kubernetes.io/ssl-policy": "ELBSecurityPolicy-TLS13-1-2-2021-06",
      "alb.ingress.kubernetes.io/ssl-redirect": "443",
      "alb.ingress.kubernetes.io/target-group-attributes": "deregistration_delay.timeout_seconds=30",
      "alb.ingress.kubernetes.io/target-type": "ip",
    });
    expect(inputsOf(made, "Record")[host]).toEqual({
      zoneId: "Z0123456789ABCDEFGHIJ",
      name: host,
      type: "CNAME",
      ttl: 60,
      records: ["alb.example"],
    });
    const { digest } = inputsOf(made, "RegistryPush")["web"]!;
    const { urls, images } = result as Record<string, unknown>;
    expect(await settle(pulumi.output({ urls, images }))).toEqual({
      value: {
        urls: { web: `https://${host}/` },
        images: { web: `${account}.dkr.ecr.${region}.amazonaws.com/slipway-${stack}/web@${digest}` },
      },
      secret: false,
    });
  });

  test("outputs the values that other stacks need, and a secret kubeconfig", async () => {
    const { result } = made;
    const { kubeconfig, platform } = result as unknown as Record<string, pulumi.Output<unknown>>;
    expect((await settle(kubeconfig!)).secret).toBe(true);
    const { domain, zones } = shapes[stack]!;
    const { value, secret } = await settle(pulumi.output(platform) as pulumi.Output<Record<string, unknown>>);
    expect({ ...value, loadBalancerCidrs: (value["loadBalancerCidrs"] as string[]).length, secret }).toEqual({
      clusterArn: arn("eks", `cluster/slipway-${stack}`),
      endpoint: "https://api.example",
      certificateAuthority: "Q0E=",
      autoMode: true,
      domain: { name: domain, zoneId: "Z0123456789ABCDEFGHIJ" },
      loadBalancerCidrs: zones.length,
      loadBalancer: { scheme: "internet-facing" },
      nodePlatforms: ["linux/amd64"],
      secret: false,
    });
  });
});

test("the stacks differ in log retention and deletion protection", async () => {
  const facts = async (stack: string) => {
    const made = await run(stack);
    const registered = await register(programOf(stack), { outputs: awsOutputs, stack });
    const name = `slipway-${stack}`;
    return {
      retention: Object.values(inputsOf(made, "LogGroup")).map(({ retentionInDays }) => retentionInDays as number),
      cluster: inputsOf(made, "Cluster")[name]!.deletionProtection as boolean,
      logs: inputsOf(made, "LogGroup")[name]!.deletionProtectionEnabled as boolean,
      loadBalancer: (inputsOf(made, "IngressClassParams")[`${name}-alb`]!.spec.loadBalancerAttributes as { value: string }[])[0]!.value,
      imagesGoWithTheRepository: inputsOf(made, "Repository")["web"]!.forceDelete as boolean,
      protected: Object.keys(registered)
        .filter((key) => registered[key]!.protect)
        .sort(),
    };
  };
  const open = { cluster: false, logs: false, loadBalancer: "false", imagesGoWithTheRepository: true, protected: [] };
  expect(await facts("dev")).toEqual({ ...open, retention: [7, 7] });
  expect(await facts("staging")).toEqual({ ...open, retention: [30, 30] });
  expect(await facts("prod")).toEqual({
    retention: [365, 365],
    cluster: true,
    logs: true,
    loadBalancer: "true",
    imagesGoWithTheRepository: false,
    protected: [
      "Alias slipway-prod",
      "Alias slipway-prod-data",
      "Cluster slipway-prod",
      "EcrRepository web",
      "Key slipway-prod",
      "Key slipway-prod-data",
      "KeyPolicy slipway-prod-data",
      "LifecyclePolicy web",
      "LogGroup slipway-prod",
      "Repository web",
    ],
  });
});

test("a warning says how to reach a Kubernetes API that is private to the new VPC", async () => {
  const warnings = async (stack: string, eks: Record<string, unknown> = {}) => {
    warn.mockClear();
    await run(stack, { eks });
    return warn.mock.calls.map(([message]) => String(message));
  };
  const message =
    "warning: [runtime] The Kubernetes API is reachable only from the new VPC, and the deployment needs it. Set eks.endpoint.publicCidrs to the public IP range of the deployer, or connect the VPC with the deployer's network and add that network to eks.network.connectedCidrs.";
  expect(await warnings("prod")).toEqual([message]);
  expect(await warnings("prod", { network: { connectedCidrs: ["192.168.0.0/16"] } })).toEqual([]);
  expect(await warnings("dev")).toEqual([]);
});

/** All direct and indirect dependencies of a resource, including those of its provider and its parent. */
function dependenciesOf(found: Record<string, Registration>, key: string, seen = new Set<string>()): Set<string> {
  const { waitsFor, provider = "", parent = "" } = found[key]!;
  for (const other of [...waitsFor, provider, parent].filter((other) => other in found && !seen.has(other)))
    dependenciesOf(found, other, seen.add(other));
  return seen;
}

describe("dependencies", () => {
  let found: Record<string, Registration>;
  let urns: string[];
  beforeAll(async () => {
    found = await register(programOf("prod"), { outputs: awsOutputs, stack: "prod" });
    urns = tree((await run("prod")).urns);
  });
  /** Kinds and names of the children of a component. */
  const partsOf = (component: string) =>
    urns.filter((urn) => urn.startsWith(`slipway:index:${component}$`)).map((urn) => urn.split("$")[1]!.replace(/^.*:(?=\w+ )/, ""));

  test("objects in the cluster depend on all resources of the cluster and the network", () => {
    const inside = Object.keys(found).filter((key) => found[key]!.provider === "kubernetes slipway-prod");
    expect(inside.length).toBe(12);
    const all = [...partsOf("EksCluster"), ...partsOf("Network")];
    expect(all.length).toBe(65);
    for (const key of inside) expect(all.filter((part) => !dependenciesOf(found, key).has(part))).toEqual([]);
  });

  test("services depend on the ingress class and its certificate, the StorageClass and the network policies", () => {
    for (const key of partsOf("WebService")) {
      const dependencies = dependenciesOf(found, key);
      expect([...partsOf("EksAddOns"), "CertificateValidation slipway-prod"].filter((part) => !dependencies.has(part))).toEqual([]);
    }
  });

  test("flow logs depend on the policy of their key", () => {
    expect(found["LogGroup slipway-prod-flow-logs"]!.waitsFor).toContain("KeyPolicy slipway-prod-data");
  });

  test("the DNS record depends on the Ingress, which has the load balancer's address", () => {
    expect(found["Record www.example.org"]!.waitsFor).toEqual(["Ingress web"]);
  });
});

describe("variants", () => {
  const services = { web: { source: "app", host: "www.example.org" } };

  test("a service with AWS permissions has them before its pods start, and can reach AWS", async () => {
    const policyDocument = {
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Action: "sqs:SendMessage", Resource: `arn:aws:sqs:${region}:*:orders` }],
    };
    const changes = {
      services: { web: { source: "app", aws: { policyArns: ["arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"], policyDocument } } },
    };
    const made = await run("dev", changes);
    expect(inputsOf(made, "PodIdentityAssociation")).toMatchObject({
      "slipway-dev-web": { clusterName: "slipway-dev", namespace: "slipway-dev", serviceAccount: "web" },
    });
    expect(inputsOf(made, "RolePolicy")["slipway-dev-web"]!.policy).toBe(JSON.stringify(policyDocument));
    expect(inputsOf(made, "NetworkPolicy")["web"]!.spec.egress.slice(1)).toEqual([
      { to: [{ ipBlock: { cidr: "169.254.170.23/32" } }], ports: [{ port: 80, protocol: "TCP" }] },
      { to: [{ ipBlock: { cidr: "0.0.0.0/0" } }], ports: [{ port: 443, protocol: "TCP" }] },
    ]);
    const found = await register(programOf("dev", changes), { outputs: awsOutputs, stack: "dev" });
    expect(dependenciesOf(found, "Deployment web")).toContain("PodIdentityAssociation slipway-dev-web");
  });

  test("with an internal load balancer, requests come from the private subnets", async () => {
    const made = await run("dev", { eks: { loadBalancer: { scheme: "internal" } } });
    expect(inputsOf(made, "IngressClassParams")["slipway-dev-alb"]!.spec.scheme).toBe("internal");
    expect(inputsOf(made, "NetworkPolicy")["web"]!.spec.ingress[0].from).toEqual([
      { ipBlock: { cidr: "10.10.0.0/19" } },
      { ipBlock: { cidr: "10.10.32.0/19" } },
    ]);
  });

  test("in an existing VPC, no network is created, and the cluster and the load balancer are in its subnets", async () => {
    const network = {
      vpcId: "vpc-1",
      privateSubnetIds: ["subnet-1", "subnet-2"],
      loadBalancerSubnetIds: ["subnet-3", "subnet-4"],
      loadBalancerCidrs: ["10.0.3.0/24", "10.0.4.0/24"],
    };
    const subnets = [1, 2, 3, 4].map((n) => ({
      SubnetId: `subnet-${n}`,
      VpcId: "vpc-1",
      AvailabilityZone: region + (n % 2 ? "a" : "b"),
      CidrBlock: `10.0.${n}.0/24`,
      AvailableIpAddressCount: 200,
    }));
    aws.says("ec2 describe-subnets", { Subnets: subnets });
    const made = await run("dev", { eks: { network } });
    expect(tree(made.urns).filter((urn) => /:ec2|index:Network/.test(urn))).toEqual([]);
    expect(inputsOf(made, "Cluster")["slipway-dev"]!.vpcConfig.subnetIds).toEqual(["subnet-1", "subnet-2"]);
    expect(inputsOf(made, "IngressClassParams")["slipway-dev-alb"]!.spec.subnets).toEqual({ ids: ["subnet-3", "subnet-4"] });
    expect(inputsOf(made, "NetworkPolicy")["web"]!.spec.ingress[0].from).toEqual([
      { ipBlock: { cidr: "10.0.3.0/24" } },
      { ipBlock: { cidr: "10.0.4.0/24" } },
    ]);
  });

  test("on node groups, images have the nodes' architecture, and services query CoreDNS pods", async () => {
    const nodeGroups = { system: { instanceTypes: ["m8g.large"], minSize: 2, maxSize: 4 } };
    const made = await run("dev", { eks: { nodeGroups, domain: undefined }, services: { web: { source: "app" } } });
    expect(Object.keys(inputsOf(made, "NodeGroup"))).toEqual(["slipway-dev-system"]);
    expect(inputsOf(made, "NetworkPolicy")["web"]!.spec.egress[0].to).toEqual([
      {
        namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "kube-system" } },
        podSelector: { matchLabels: { "k8s-app": "kube-dns" } },
      },
    ]);
    const amd = await run("dev", { services: { web: { source: "app" } } });
    const digests = [made, amd].map((one) => inputsOf(one, "RegistryPush")["web"]!["digest"] as string);
    expect(new Set(digests).size).toBe(2);
  });

  test("published ports get a Network Load Balancer, and pods stop as late as behind the other one", async () => {
    const publish = { lines: { port: 5432, sourceRanges: ["203.0.113.0/24"] } };
    const made = await run("dev", { services: { web: { source: "app", publish } } });
    const { metadata, spec } = inputsOf(made, "Service")["web-published"]!;
    expect(spec).toMatchObject({
      type: "LoadBalancer",
      loadBalancerClass: "eks.amazonaws.com/nlb",
      loadBalancerSourceRanges: ["203.0.113.0/24"],
    });
    const prefix = "service.beta.kubernetes.io/aws-load-balancer";
    expect(metadata.annotations).toEqual({
      [`${prefix}-scheme`]: "internet-facing",
      [`${prefix}-additional-resource-tags`]: "dev.slipway/project=slipway,dev.slipway/stack=dev,environment=dev",
      [`${prefix}-nlb-target-type`]: "ip",
      [`${prefix}-target-group-attributes`]: "deregistration_delay.timeout_seconds=30",
      [`${prefix}-healthcheck-protocol`]: "http",
      [`${prefix}-healthcheck-port`]: "8080",
      [`${prefix}-healthcheck-path`]: "/readyz",
    });
    const from = (...cidrs: string[]) => cidrs.map((cidr) => ({ ipBlock: { cidr } }));
    const ofLoadBalancer = ["10.10.128.0/21", "10.10.136.0/21"];
    expect(inputsOf(made, "NetworkPolicy")["web"]!.spec.ingress).toEqual([
      { from: from("203.0.113.0/24", ...ofLoadBalancer), ports: [{ protocol: "TCP", port: 5432 }] },
      // Its health checks.
      { from: from(...ofLoadBalancer), ports: [{ protocol: "TCP", port: 8080 }] },
    ]);
    const pod = inputsOf(made, "Deployment")["web"]!.spec.template.spec;
    expect(pod.containers[0].lifecycle.preStop.sleep.seconds).toBe(20);
    const { addresses } = made.result as unknown as Record<string, pulumi.Input<unknown>>;
    expect((await settle(pulumi.output(addresses))).value).toEqual({ web: { lines: "tcp://nlb.example:5432" } });
  });

  test("the Kubernetes API is reachable from a new VPC and connected networks before anything is created in the cluster", async () => {
    const network = { cidr: "10.10.0.0/16", zones: zones.slice(0, 2), connectedCidrs: ["10.200.0.0/16"] };
    const made = await run("dev", { eks: { network } });
    const opened = (one: { resources: Recorded[] }) =>
      Object.keys(inputsOf(one, "SecurityGroupIngressRule")).filter((name) => name.includes("-api-"));
    expect(opened(made)).toEqual(["slipway-dev-api-10.10.0.0/16", "slipway-dev-api-10.200.0.0/16"]);
    const { "kubernetes slipway-dev": provider } = await register(programOf("dev"), { outputs: awsOutputs, stack: "dev" });
    expect(provider!.waitsFor).toContain("SecurityGroupIngressRule slipway-dev-api-10.10.0.0/16");
    const given = await run("dev", { eks: { endpoint: { privateCidrs: ["10.10.128.0/20"] } } });
    expect(opened(given)).toEqual(["slipway-dev-api-10.10.128.0/20"]);
  });

  test("AWS permissions of services have the path and boundary of the stack", async () => {
    const roles = { path: "/slipway/", permissionsBoundary: `arn:aws:iam::${account}:policy/boundary` };
    const aws = { policyArns: ["arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"] };
    const made = await run("dev", { eks: { roles }, services: { web: { source: "app", aws } } });
    const created = inputsOf(made, "Role");
    expect(Object.keys(created).sort()).toEqual(["slipway-dev-cluster", "slipway-dev-flow-logs", "slipway-dev-node", "slipway-dev-web"]);
    for (const role of Object.values(created)) expect(role).toMatchObject(roles);
  });

  test("without NAT, Container Insights has an endpoint for its metrics", async () => {
    const added = async (containerInsights: boolean) =>
      Object.keys(inputsOf(await run("dev", { eks: { network: { nat: "none" }, containerInsights } }), "VpcEndpoint"));
    const without = await added(false);
    expect((await added(true)).filter((name) => !without.includes(name))).toEqual(["slipway-dev-monitoring"]);
  });

  test("the versions of add-ons are those in the stack file", async () => {
    const made = await run("dev", { eks: { addonVersions: { "metrics-server": "v0.8.1-eksbuild.3" } } });
    expect(inputsOf(made, "Addon")["slipway-dev-metrics-server"]!["addonVersion"]).toBe("v0.8.1-eksbuild.3");
  });

  test("an Ingress whose load balancer AWS replaces is replaced before DNS records get its address", async () => {
    const annotation = async (eks: Record<string, unknown>) =>
      inputsOf(await run("dev", { eks, services }), "Ingress")["web"]!.metadata.annotations["dev.slipway/load-balancer"] as unknown;
    const domain = { name: "example.org", zoneId: "Z1" };
    expect(await annotation({ domain })).toBe(undefined);
    expect(await annotation({ domain, loadBalancer: { scheme: "internal" } })).toBe("internal");
    const network = {
      vpcId: "vpc-1",
      privateSubnetIds: ["subnet-1", "subnet-2"],
      loadBalancerSubnetIds: ["subnet-3", "subnet-4"],
      loadBalancerCidrs: ["10.0.3.0/24", "10.0.4.0/24"],
    };
    expect(await annotation({ domain, network })).toBe("internet-facing,subnet-3,subnet-4");
    const options = await optionsOf(programOf("dev"), { outputs: awsOutputs, stack: "dev" });
    expect(options["Ingress web"]).toMatchObject({
      replaceOnChanges: ['metadata.annotations["dev.slipway/load-balancer"]'],
      deleteBeforeReplace: true,
    });
  });

  test("rollouts may take ten minutes, because nodes start and pods wait for the load balancer", async () => {
    const options = await optionsOf(programOf("dev"), { outputs: awsOutputs, stack: "dev" });
    expect(options["Deployment web"]!.timeouts).toEqual(["600s", "600s", ""]);
  });

  test("a stack without services has only the platform", async () => {
    const { urns } = await run("dev", { services: {} });
    expect(tree(urns).filter((urn) => /WebService|GoImage|EcrRepository/.test(urn))).toEqual([]);
  });

  describe("on the cluster of another stack", () => {
    const platform = {
      clusterArn: arn("eks", "cluster/slipway-platform"),
      endpoint: "https://api.platform.example",
      certificateAuthority: "Q0E=",
      autoMode: true,
      loadBalancerCidrs: ["10.0.128.0/21"],
      nodePlatforms: ["linux/amd64"],
      domain: { name: "example.org", zoneId: "Z1" },
    };
    const eks = { region, stack: "organization/slipway/platform" };
    const only = Object.fromEntries(Object.keys(JSON.parse(readStack("prod").config["slipway:eks"]!)).map((key) => [key, undefined]));
    const join = (more: Settings = {}, outputs: Record<string, unknown> = { platform }) => {
      const reference = { "pulumi:pulumi:StackReference": () => ({ outputs, secretOutputNames: [] }) };
      const program = programOf("prod", { eks: { ...only, ...eks, ...more.eks }, services: more.services ?? services });
      return record(program, { outputs: { ...awsOutputs, ...reference }, stack: "team" });
    };

    test("only the resources of services are created", async () => {
      const { urns } = await join();
      const service = "slipway:index:WebService$kubernetes";
      expect(tree(urns).filter((urn) => !urn.startsWith(service))).toEqual(
        [
          "aws:kms/alias:Alias slipway-team-data",
          "aws:kms/key:Key slipway-team-data",
          "aws:kms/keyPolicy:KeyPolicy slipway-team-data",
          "aws:route53/record:Record www.example.org",
          "kubernetes:core/v1:Namespace services",
          "pulumi:providers:aws slipway-team",
          "pulumi:providers:kubernetes slipway-team",
          "pulumi:pulumi:StackReference organization/slipway/platform",
          "slipway:index:EcrRepository web",
          "slipway:index:EcrRepository$aws:ecr/lifecyclePolicy:LifecyclePolicy web",
          "slipway:index:EcrRepository$aws:ecr/repository:Repository web",
          "slipway:index:GoImage web",
          "slipway:index:GoImage$pulumi-nodejs:dynamic/slipway:RegistryPush web",
          "slipway:index:WebService web",
        ].sort(),
      );
    });

    test("services use the ranges, domain and hosted zone of that stack, and adopt no existing objects", async () => {
      const made = await join();
      expect(inputsOf(made, "NetworkPolicy")["web"]!.spec.ingress[0].from).toEqual([{ ipBlock: { cidr: "10.0.128.0/21" } }]);
      expect(inputsOf(made, "Record")["www.example.org"]).toMatchObject({ zoneId: "Z1", records: ["alb.example"] });
      const provider = inputsOf(made, "kubernetes")["slipway-team"]!;
      expect([provider.clusterIdentifier, provider.upsertExistingObjects]).toEqual([platform.clusterArn, "false"]);
      expect(inputsOf(made, "Namespace")["services"]!.metadata.name).toBe("slipway-team");
    });

    test("the kubeconfig uses the AWS profile of this stack, not of the other one", async () => {
      const { result } = await join({ eks: { profile: "team" } });
      const { value, secret } = await settle((result as unknown as { kubeconfig: pulumi.Output<string> }).kubeconfig);
      const { users, clusters } = JSON.parse(value);
      expect([secret, clusters[0].cluster.server, users[0].user.exec.args.slice(4)]).toEqual([
        true,
        "https://api.platform.example",
        ["--cluster-name", "slipway-platform", "--output", "json", "--profile", "team"],
      ]);
    });

    test("settings that do not fit the cluster are rejected before any resource is registered", async () => {
      const wrong = {
        services: { web: { source: "app", host: "www.example.com", platforms: ["linux/arm64"] } },
        eks: { region: "eu-west-1" },
      };
      await expect(join(wrong, { platform: { ...platform, autoMode: false } })).rejects.toThrow(
        [
          'Stack "team" does not fit the cluster of stack "organization/slipway/platform":',
          '  - slipway:eks.region: must be the region of the cluster, eu-central-1 (got "eu-west-1").',
          '  - slipway:services.web.host: must be a subdomain of example.org, the domain of the certificate and the hosted zone (got "www.example.com").',
          "  - slipway:services.web.platforms: must include linux/amd64 for the nodes (got linux/arm64). Add it, or omit platforms.",
          "  - slipway:services.web.ingressClassName: must be the class of an ingress controller that you install: node groups have none built in. Set its class, or use EKS Auto Mode.",
        ].join("\n"),
      );
    });

    test("a stack without a cluster is rejected", async () => {
      await expect(join({}, { urls: {} })).rejects.toThrow(
        'slipway:eks.stack: must be a deployed stack with an EKS cluster (got "organization/slipway/platform", which has no output "platform"). Deploy that stack first, or correct the name: pulumi stack ls --all lists the stacks.',
      );
    });
  });
});

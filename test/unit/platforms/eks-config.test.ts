import * as pulumi from "@pulumi/pulumi";
import { check } from "../check.ts";

const region = "eu-central-1";
const deployer = { principalArn: "arn:aws:iam::111122223333:role/deployer", policy: "ClusterAdmin" };
const eks = { region, access: [deployer], domain: { name: "example.org", zoneId: "Z1" } };
const web = { source: "app", host: "www.example.org" };
beforeAll(() => pulumi.runtime.setMocks({ newResource: () => ({ id: "", state: {} }), call: () => ({}) }, "slipway", "prod"));

const problemsWith = async (changes: object, services: object = { web }) =>
  (await check({ platform: "eks", eks: { ...eks, ...changes }, services })).problems;

test("a region and a deployer are enough, and a stack may have no services", async () => {
  expect(await problemsWith({ domain: undefined }, { web: { source: "app" } })).toEqual([]);
  expect(await problemsWith({}, {})).toEqual([]);
});

test("services get the defaults for the load balancer and the nodes", async () => {
  const { value } = await check({ platform: "eks", eks, services: { web, worker: { source: "app" } } });
  expect(value?.services).toEqual({
    web: {
      ...web,
      platforms: ["linux/amd64"],
      ingressClassName: "alb",
      tls: {},
      shutdown: { sleepSeconds: 20 },
      network: { dnsAnywhere: true, ingressCidrs: ["10.0.128.0/21", "10.0.136.0/21", "10.0.144.0/21"] },
    },
    worker: { source: "app", platforms: ["linux/amd64"], network: { dnsAnywhere: true } },
  });
});

test("settings of a service take precedence over the defaults", async () => {
  const own = { shutdown: { sleepSeconds: 30, drainSeconds: 60 }, tls: { redirect: false }, network: { ingressCidrs: ["10.9.0.0/16"] } };
  const { value } = await check({
    platform: "eks",
    eks,
    services: { web: { ...web, ...own, platforms: ["linux/amd64", "linux/arm64"] } },
  });
  expect(value?.services["web"]).toMatchObject({ ...own, platforms: ["linux/amd64", "linux/arm64"] });
});

describe("invalid settings are rejected with path, rule and remedy", () => {
  const group = (changes: object, name = "system") => ({
    nodeGroups: { [name]: { instanceTypes: ["m8g.large"], minSize: 2, maxSize: 4, ...changes } },
    domain: undefined,
  });
  const worker = { web: { source: "app" } };
  const table: [string, object, object | undefined, string[]][] = [
    ["no region", { region: undefined }, undefined, ["eks.region: is missing: it must be a string."]],
    [
      "an invalid region",
      { region: "Frankfurt" },
      undefined,
      ['eks.region: must be an AWS region such as "eu-central-1" (got "Frankfurt").'],
    ],
    [
      "no access entries",
      { access: undefined },
      undefined,
      ["eks.access: is required. Add the IAM role or user that deploys, with the policy ClusterAdmin."],
    ],
    [
      "no administrator",
      { access: [{ ...deployer, policy: "View" }] },
      undefined,
      ["eks.access: must have an entry with the policy ClusterAdmin and without namespaces. Add the IAM role or user that deploys."],
    ],
    [
      "a session instead of a role",
      { access: [deployer, { principalArn: "arn:aws:sts::111122223333:assumed-role/dev/me", policy: "View" }] },
      undefined,
      [
        'eks.access[1].principalArn: must be the ARN of an IAM role or user, such as arn:aws:iam::<account>:role/deployer (got "arn:aws:sts::<account>:assumed-role/dev/me"). This is a session; use the ARN of its role.',
      ],
    ],
    [
      "a version out of support",
      { version: "1.33" },
      undefined,
      ['eks.version: must be a Kubernetes version in EKS standard support: 1.35, 1.36 or newer (got "1.33").'],
    ],
    [
      "an API that is open to the internet",
      { endpoint: { publicCidrs: ["0.0.0.0/0"] } },
      undefined,
      ['eks.endpoint.publicCidrs[0]: must be /8 or smaller (got "0.0.0.0/0"). List only the ranges that need access.'],
    ],
    [
      "overlapping API ranges",
      { endpoint: { publicCidrs: ["203.0.113.0/24", "203.0.113.64/26"] } },
      undefined,
      ['eks.endpoint.publicCidrs[1]: must not overlap with 203.0.113.0/24 (got "203.0.113.64/26"). Keep only the larger range.'],
    ],
    [
      "a network that is too small",
      { network: { cidr: "10.0.0.0/25" } },
      undefined,
      ['eks.network.cidr: must be between /16 and /24 (got "10.0.0.0/25"). The subnets do not fit into a smaller range.'],
    ],
    [
      "overlapping networks",
      { network: { connectedCidrs: ["192.168.0.0/16", "10.0.64.0/18", "10.1.0.0"] } },
      undefined,
      [
        `eks.network.connectedCidrs[1]: must not overlap with the VPC's range 10.0.0.0/16 (got "10.0.64.0/18"). Set another cidr.`,
        'eks.network.connectedCidrs[2]: must be an IPv4 range, such as 10.1.0.0/16 (got "10.1.0.0").',
      ],
    ],
    [
      "one zone",
      { network: { zones: [`${region}a`] } },
      undefined,
      ["eks.network.zones: must be 2 to 4 availability zones (got 1). EKS requires two; three are usual."],
    ],
    [
      "zones of another region",
      { network: { zones: ["eu-west-1a", "eu-west-1b"] } },
      undefined,
      ['eks.network.zones: must be availability zones of eu-central-1, such as eu-central-1a (got "eu-west-1a").'],
    ],
    [
      "an unknown nat",
      { network: { nat: "two" } },
      undefined,
      ['eks.network.nat: must be "none" or "single" or "perAz" or "regional" (got "two").'],
    ],
    [
      "neither NAT nor endpoints",
      { network: { nat: "none", interfaceEndpoints: false } },
      undefined,
      [
        "eks.network.interfaceEndpoints: must be true with nat: none (got false), or nodes reach neither AWS nor their images. Omit it, or choose another nat.",
      ],
    ],
    [
      "an unsupported log retention",
      { logRetentionDays: 42 },
      undefined,
      [
        "eks.logRetentionDays: must be one of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653 (got 42). CloudWatch Logs accepts no other values.",
      ],
    ],
    [
      "an incomplete existing VPC",
      { network: { vpcId: "vpc-1", cidr: "10.0.0.0/16", loadBalancerSubnetIds: ["subnet-1"], loadBalancerCidrs: ["10.0.1.0/24"] } },
      undefined,
      [
        "eks.network.privateSubnetIds: must be at least 2 subnets in different zones (got 0).",
        "eks.network.privateSubnetIds: is required with vpcId. Set it, or omit vpcId.",
        "eks.network.loadBalancerSubnetIds: must be at least 2 subnets in different zones (got 1).",
        "eks.network.cidr: is only for a new VPC. Omit it, or omit vpcId.",
      ],
    ],
    [
      "subnet ranges without a VPC",
      { network: { loadBalancerCidrs: ["10.0.1.0/24"] } },
      undefined,
      ["eks.network.loadBalancerCidrs: requires vpcId. Set vpcId, or omit it."],
    ],
    [
      "only Spot Instances in a protected cluster",
      { ...group({ capacityType: "SPOT" }), deletionProtection: true },
      worker,
      [
        "eks.nodeGroups: must have an ON_DEMAND group without taints if deletionProtection is true. CoreDNS and other add-ons must not run on Spot Instances only.",
      ],
    ],
    [
      "an unknown instance family",
      group({ instanceTypes: ["z99.large"] }),
      worker,
      ['eks.nodeGroups.system.instanceTypes[0]: must have a known EC2 instance family, such as m8g or c8i (got "z99.large").'],
    ],
    [
      "a host on node groups without an ingress controller",
      group({}),
      { web },
      [
        'services.web.host: requires eks.domain, for the certificate and the DNS record (got "www.example.org"). Set eks.domain, or omit the host.',
        "services.web.ingressClassName: must be the class of an ingress controller that you install: node groups have none built in. Set its class, or use EKS Auto Mode.",
      ],
    ],
    [
      "published ports on node groups",
      group({}),
      { worker: { source: "app", publish: { lines: { port: 5432, sourceRanges: ["10.0.0.0/8"] } } } },
      ["services.worker.publish: requires EKS Auto Mode, which creates its load balancer. Remove it, or omit eks.nodeGroups."],
    ],
    [
      "a port published over TCP and UDP",
      {},
      {
        worker: {
          source: "app",
          publish: {
            lines: { port: 53, sourceRanges: ["10.0.0.0/8"] },
            packets: { port: 53, protocol: "UDP", sourceRanges: ["10.0.0.0/8"] },
          },
        },
      },
      [
        "services.worker.publish.packets.port: must differ from that of lines (got 53): the load balancer serves a port over TCP or UDP, not both.",
      ],
    ],
    [
      "published ports without clients, and UDP that the load balancer cannot check",
      {},
      {
        worker: {
          source: "app",
          publish: { lines: { port: 5432 }, packets: { port: 53, protocol: "UDP" } },
          probes: { kind: "exec", command: ["/app"] },
        },
      },
      [
        "services.worker.publish.lines.sourceRanges: is required: the IP ranges of the clients, such as 203.0.113.0/24, or 0.0.0.0/0 for everyone.",
        "services.worker.publish.packets.sourceRanges: is required: the IP ranges of the clients, such as 203.0.113.0/24, or 0.0.0.0/0 for everyone.",
        "services.worker.publish.packets.protocol: is UDP, and the load balancer checks its targets over TCP or HTTP, which the service does not answer (probes.kind is exec). Set probes.kind: http or tcp.",
      ],
    ],
    [
      "an Auto Mode load balancer with node groups",
      { ...group({}), loadBalancer: {} },
      worker,
      ["eks.loadBalancer: requires EKS Auto Mode. Omit it, or omit nodeGroups."],
    ],
    [
      "a host without a domain",
      { domain: undefined },
      undefined,
      [
        'services.web.host: requires eks.domain, for the certificate and the DNS record (got "www.example.org"). Set eks.domain, or omit the host.',
      ],
    ],
    [
      "an invalid hosted zone",
      { domain: { name: "Example", zoneId: "z" } },
      worker,
      ['eks.domain.zoneId: must be the ID of a hosted zone, such as Z0123456789ABC (got "z").'],
    ],
    [
      "an invalid domain",
      { domain: { name: "Example", zoneId: "Z1" } },
      worker,
      ['eks.domain.name: must be a lower-case domain, such as example.org (got "Example").'],
    ],
    [
      "hosts that the certificate does not cover",
      {},
      {
        web: {
          source: "app",
          host: "example.org",
          routes: [{ host: "a.b.example.org" }, { host: "www.example.com" }, { host: "*.example.org" }],
        },
      },
      [
        'services.web.host: must be a subdomain of example.org, such as www.example.org (got "example.org"). The domain itself cannot have a CNAME record.',
        'services.web.routes[0].host: must be directly below example.org (got "a.b.example.org"). The certificate covers *.example.org only.',
        'services.web.routes[1].host: must be a subdomain of example.org, the domain of the certificate and the hosted zone (got "www.example.com").',
      ],
    ],
    [
      "a custom certificate for the class alb",
      {},
      { web: { ...web, tls: { secretName: "own" } } },
      ["services.web.tls.secretName: must be omitted for the ingress class alb, which uses the certificate of eks.domain."],
    ],
    [
      "an image for another architecture",
      {},
      { web: { ...web, platforms: ["linux/arm64"] } },
      ["services.web.platforms: must include linux/amd64 for the nodes (got linux/arm64). Add it, or omit platforms."],
    ],
    [
      "all AWS permissions",
      {},
      { web: { ...web, aws: { policyDocument: { Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }] } } } },
      ["services.web.aws.policyDocument: must not allow wildcard actions on all resources. Name the actions or the resources."],
    ],
    ["no AWS permissions", {}, { web: { ...web, aws: {} } }, ["services.web.aws: must have policyArns or a policyDocument."]],
    [
      "cluster settings with the cluster of another stack",
      { stack: "organization/slipway/platform", version: "1.36" },
      {},
      [
        'eks.version: belongs to the stack with the cluster, "organization/slipway/platform". Omit it, or omit stack to create a cluster in this stack.',
        'eks.access: belongs to the stack with the cluster, "organization/slipway/platform". Omit it, or omit stack to create a cluster in this stack.',
        'eks.domain: belongs to the stack with the cluster, "organization/slipway/platform". Omit it, or omit stack to create a cluster in this stack.',
        "services: must have at least one service, because the cluster belongs to another stack.",
      ],
    ],
    [
      "a stack name without the project",
      { stack: "platform" },
      undefined,
      ['eks.stack: must be "<organization>/<project>/<stack>"; without Pulumi Cloud the organization is "organization" (got "platform").'],
    ],
  ];
  test.each(table)("%s", async (_case, changes, services, problems) => {
    expect((await problemsWith(changes, services)).sort()).toEqual(problems.sort());
  });

  test("no settings at all", async () => {
    expect((await check({ platform: "eks", services: {} })).problems).toEqual(["eks.region: is missing: it must be a string."]);
  });

  test("AWS permissions on another platform", async () => {
    const policyArns = ["arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"];
    expect((await check({ services: { web: { source: "app", aws: { policyArns } } } })).problems).toEqual([
      "services.web.aws: is not supported on local (supported on eks): it needs AWS. Remove it.",
    ]);
  });
});

import * as pulumi from "@pulumi/pulumi";
import { checkSettings } from "../../../config/load.ts";

const region = "eu-central-1";
const deployer = { principalArn: "arn:aws:iam::111122223333:role/deployer", policy: "ClusterAdmin" };
const eks = { region, access: [deployer], domain: { name: "example.org", zoneId: "Z1" } };
const web = { source: "app", host: "www.example.org" };
beforeAll(() => pulumi.runtime.setMocks({ newResource: () => ({ id: "", state: {} }), call: () => ({}) }, "slipway", "prod"));

const problemsWith = async (changes: object, services: object = { web }) =>
  (await checkSettings({ platform: "eks", eks: { ...eks, ...changes }, services })).problems;

test("a region and a deployer are enough, and a stack may be there for the services of others", async () => {
  expect(await problemsWith({ domain: undefined }, { web: { source: "app" } })).toEqual([]);
  expect(await problemsWith({}, {})).toEqual([]);
});

test("a service gets what a load balancer of AWS and its nodes want", async () => {
  const { value } = await checkSettings({ platform: "eks", eks, services: { web, worker: { source: "app" } } });
  expect(value?.services).toEqual({
    web: {
      ...web,
      builder: "go",
      platforms: ["linux/amd64"],
      ingressClassName: "alb",
      tls: {},
      shutdown: { sleepSeconds: 20 },
      network: { dnsAnywhere: true, ingressCidrs: ["10.0.128.0/21", "10.0.136.0/21", "10.0.144.0/21"] },
    },
    worker: { source: "app", builder: "go", platforms: ["linux/amd64"], network: { dnsAnywhere: true } },
  });
});

test("what a service says itself stays", async () => {
  const own = { shutdown: { sleepSeconds: 30, drainSeconds: 60 }, tls: { redirect: false }, network: { ingressCidrs: ["10.9.0.0/16"] } };
  const { value } = await checkSettings({
    platform: "eks",
    eks,
    services: { web: { ...web, ...own, platforms: ["linux/amd64", "linux/arm64"] } },
  });
  expect(value?.services["web"]).toMatchObject({ ...own, platforms: ["linux/amd64", "linux/arm64"] });
});

describe("what cannot be is refused, with path, rule and remedy", () => {
  const group = (changes: object, name = "system") => ({
    nodeGroups: { [name]: { instanceTypes: ["m8g.large"], minSize: 2, maxSize: 4, ...changes } },
    domain: undefined,
  });
  const worker = { web: { source: "app" } };
  const table: [string, object, object | undefined, string[]][] = [
    ["no region", { region: undefined }, undefined, ["eks.region: is missing; it must be text"]],
    [
      "no such region",
      { region: "Frankfurt" },
      undefined,
      ['eks.region: must be a region of AWS such as "eu-central-1" (got "Frankfurt")'],
    ],
    [
      "nobody with access",
      { access: undefined },
      undefined,
      ["eks.access: is missing; it must be a list, with a ClusterAdmin at least: who deploys"],
    ],
    [
      "no administrator",
      { access: [{ ...deployer, policy: "View" }] },
      undefined,
      [
        "eks.access: must have an entry with the policy ClusterAdmin and without namespaces, the deployer's; nobody else could get in, nor let others in",
      ],
    ],
    [
      "a session for a role",
      { access: [deployer, { principalArn: "arn:aws:sts::111122223333:assumed-role/dev/me", policy: "View" }] },
      undefined,
      [
        'eks.access[1].principalArn: must be the ARN of an IAM role or user, such as arn:aws:iam::<account>:role/deployer (got "arn:aws:sts::<account>:assumed-role/dev/me"), which is a session; name its role',
      ],
    ],
    [
      "a version out of support",
      { version: "1.33" },
      undefined,
      ['eks.version: must be a Kubernetes version in standard support of EKS, 1.35 or 1.36 (got "1.33")'],
    ],
    [
      "an API for the world",
      { endpoint: { publicCidrs: ["0.0.0.0/0"] } },
      undefined,
      ['eks.endpoint.publicCidrs[0]: must be /8 or smaller (got "0.0.0.0/0"); name the ranges that you use, never the world'],
    ],
    [
      "ranges of the API that overlap",
      { endpoint: { publicCidrs: ["203.0.113.0/24", "203.0.113.64/26"] } },
      undefined,
      ['eks.endpoint.publicCidrs[1]: must not overlap with 203.0.113.0/24 (got "203.0.113.64/26"); the larger of the two is enough'],
    ],
    [
      "a network too small",
      { network: { cidr: "10.0.0.0/25" } },
      undefined,
      ['eks.network.cidr: must be from /16 to /24, the least with room for all subnets (got "10.0.0.0/25"); make it larger'],
    ],
    [
      "networks that overlap",
      { network: { connectedCidrs: ["192.168.0.0/16", "10.0.64.0/18", "10.1.0.0"] } },
      undefined,
      [
        'eks.network.connectedCidrs[1]: must not overlap with the network\'s own 10.0.0.0/16 (got "10.0.64.0/18"); set another cidr',
        'eks.network.connectedCidrs[2]: must be an IPv4 range such as 10.1.0.0/16 (got "10.1.0.0")',
      ],
    ],
    [
      "one zone",
      { network: { zones: [`${region}a`] } },
      undefined,
      ["eks.network.zones: must be 2 to 4 availability zones (got 1): an EKS cluster wants at least two; three is usual"],
    ],
    [
      "zones of another region",
      { network: { zones: ["eu-west-1a", "eu-west-1b"] } },
      undefined,
      ['eks.network.zones: must be zones of eu-central-1 such as eu-central-1a (got "eu-west-1a")'],
    ],
    [
      "another way out",
      { network: { nat: "two" } },
      undefined,
      ['eks.network.nat: must be "none" or "single" or "perAz" or "regional" (got "two")'],
    ],
    [
      "no way out and no endpoints",
      { network: { nat: "none", interfaceEndpoints: false } },
      undefined,
      [
        "eks.network.interfaceEndpoints: must be true with nat: none (got false): nodes would reach neither AWS nor their images; leave it out, or choose another nat",
      ],
    ],
    [
      "days that no log is kept",
      { logRetentionDays: 42 },
      undefined,
      [
        "eks.logRetentionDays: must be one of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653 (got 42): CloudWatch Logs has no others",
      ],
    ],
    [
      "half of a VPC that exists",
      { network: { vpcId: "vpc-1", cidr: "10.0.0.0/16", loadBalancerSubnetIds: ["subnet-1"], loadBalancerCidrs: ["10.0.1.0/24"] } },
      undefined,
      [
        "eks.network.privateSubnetIds: must be of two zones at least (got 0); EKS wants so",
        "eks.network.privateSubnetIds: is missing; a VPC that exists is told about by vpcId and its subnets",
        "eks.network.loadBalancerSubnetIds: must be of two zones at least (got 1); a load balancer wants so",
        "eks.network.cidr: is for a VPC that is made; leave it out, or leave out vpcId",
      ],
    ],
    [
      "subnets of no VPC",
      { network: { loadBalancerCidrs: ["10.0.1.0/24"] } },
      undefined,
      ["eks.network.loadBalancerCidrs: is for a VPC that exists; give vpcId, too, or leave it out"],
    ],
    [
      "spot for what runs the cluster, in one that is protected",
      { ...group({ capacityType: "SPOT" }), deletionProtection: true },
      worker,
      [
        "eks.nodeGroups: must have an ON_DEMAND group without taints in a protected cluster: CoreDNS and the other add-ons are not to go with spot instances",
      ],
    ],
    [
      "an unknown family of instances",
      group({ instanceTypes: ["z99.large"] }),
      worker,
      ['eks.nodeGroups.system.instanceTypes[0]: must be of a family of EC2 instance types, such as m8g or c8i (got "z99.large") of "z99"'],
    ],
    [
      "a host on node groups without an ingress controller",
      group({}),
      { web },
      [
        'services.web.host: needs eks.domain, for the certificate and the DNS record (got "www.example.org"); set that, or leave it out',
        "services.web.ingressClassName: is needed on node groups, where no ingress controller is built in; install one and name its class, or use EKS Auto Mode",
      ],
    ],
    [
      "a load balancer of Auto Mode on node groups",
      { ...group({}), loadBalancer: {} },
      worker,
      ["eks.loadBalancer: is of EKS Auto Mode; leave it out, or leave out nodeGroups"],
    ],
    [
      "no domain that hosts could be in",
      { domain: undefined },
      undefined,
      ['services.web.host: needs eks.domain, for the certificate and the DNS record (got "www.example.org"); set that, or leave it out'],
    ],
    [
      "no domain at all",
      { domain: { name: "Example", zoneId: "z" } },
      worker,
      ['eks.domain.zoneId: must be the id of a hosted zone, such as Z0123456789ABC (got "z")'],
    ],
    [
      "a name that is no domain",
      { domain: { name: "Example", zoneId: "Z1" } },
      worker,
      ['eks.domain.name: must be a domain in lower case such as example.org (got "Example")'],
    ],
    [
      "hosts that the certificate is not for",
      {},
      {
        web: {
          source: "app",
          host: "example.org",
          routes: [{ host: "a.b.example.org" }, { host: "www.example.com" }, { host: "*.example.org" }],
        },
      },
      [
        'services.web.host: must be below example.org, such as www.example.org (got "example.org"): a zone\'s own name cannot lead to a load balancer by CNAME',
        'services.web.routes[0].host: must be directly below example.org, as the certificate for *.example.org wants it (got "a.b.example.org")',
        'services.web.routes[1].host: must be below example.org, which the certificate is for and the zone has (got "www.example.com")',
      ],
    ],
    [
      "a certificate of one's own",
      {},
      { web: { ...web, tls: { secretName: "own" } } },
      ["services.web.tls.secretName: is not for the class alb, whose certificate is that of eks.domain; leave it out"],
    ],
    [
      "an image for other processors",
      {},
      { web: { ...web, platforms: ["linux/arm64"] } },
      ["services.web.platforms: must have linux/amd64, which the nodes are (got linux/arm64); add it, or leave platforms out"],
    ],
    [
      "rights to everything",
      {},
      { web: { ...web, aws: { policyDocument: { Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }] } } } },
      ['services.web.aws.policyDocument: must not allow actions with "*" on all resources; name the actions, or the resources'],
    ],
    ["no rights", {}, { web: { ...web, aws: {} } }, ["services.web.aws: gives no rights; give policyArns or policyDocument"]],
    [
      "settings of a cluster beside another stack's",
      { stack: "organization/slipway/platform", version: "1.36" },
      {},
      [
        'eks.version: is for the stack that has the cluster, "organization/slipway/platform"; leave it out, or leave out stack to have a cluster here',
        'eks.access: is for the stack that has the cluster, "organization/slipway/platform"; leave it out, or leave out stack to have a cluster here',
        'eks.domain: is for the stack that has the cluster, "organization/slipway/platform"; leave it out, or leave out stack to have a cluster here',
        "services: needs at least one service, where the cluster is another stack's",
      ],
    ],
    [
      "a stack without its project",
      { stack: "platform" },
      undefined,
      ['eks.stack: must be "<organization>/<project>/<stack>"; without Pulumi Cloud the first is organization (got "platform")'],
    ],
  ];
  test.each(table)("%s", async (_what, changes, services, problems) => {
    expect((await problemsWith(changes, services)).sort()).toEqual(problems.sort());
  });

  test("the settings as a whole missing", async () => {
    expect((await checkSettings({ platform: "eks", services: {} })).problems).toEqual(["eks.region: is missing; it must be text"]);
  });

  test("AWS rights where there is no AWS", async () => {
    const policyArns = ["arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"];
    expect((await checkSettings({ services: { web: { source: "app", aws: { policyArns } } } })).problems).toEqual([
      "services.web.aws: only the platform eks supports this key. Remove it",
    ]);
  });
});

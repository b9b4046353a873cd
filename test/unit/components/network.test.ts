import * as pulumi from "@pulumi/pulumi";
import { Network, type NatStrategy, type NetworkArgs } from "../../../components/network.ts";
import { record, settle, tree, type Outputs, type Recorded } from "../harness.ts";

const region = "eu-central-1";
const zones = ["eu-central-1a", "eu-central-1b", "eu-central-1c"];
const outputs: Outputs = {
  "aws:ec2/vpc:Vpc": () => ({ arn: `arn:aws:ec2:${region}:111122223333:vpc/vpc-1`, ownerId: "111122223333" }),
  "aws:cloudwatch/logGroup:LogGroup": ({ name }) => ({ arn: `arn:aws:logs:${region}:111122223333:log-group:${name}` }),
  "aws:iam/role:Role": ({ name }) => ({ arn: `arn:aws:iam::111122223333:role/${name}` }),
};
const build = (args: Partial<NetworkArgs> = {}, preview = false) =>
  record(() => new Network("net", { region, zones, ...args }), { outputs, preview });

/** Type without package and module, and name. */
const briefly = ({ type, name }: Recorded) => `${type.split(":").at(-1)} ${name}`;
const ofKind = (resources: Recorded[], kind: string) => resources.filter((r) => r.type.endsWith(`:${kind}`));
const inputsOf = (resources: Recorded[], kind: string) =>
  Object.fromEntries(ofKind(resources, kind).map(({ name, inputs }) => [name, inputs]));

/** Resources of every network with three zones and ECR endpoints, whatever its NAT strategy. */
const common = [
  "DefaultSecurityGroup net",
  "FlowLog net-flow-logs",
  "InternetGateway net",
  "LogGroup net-flow-logs",
  "Role net-flow-logs",
  "RolePolicy net-flow-logs",
  "Route net-public",
  "RouteTable net-intra",
  "RouteTable net-private-eu-central-1a",
  "RouteTable net-private-eu-central-1b",
  "RouteTable net-private-eu-central-1c",
  "RouteTable net-public",
  ...["RouteTableAssociation", "Subnet"].flatMap((kind) =>
    ["intra", "private", "public"].flatMap((of) => zones.map((zone) => `${kind} net-${of}-${zone}`)),
  ),
  "SecurityGroup net-endpoints",
  "SecurityGroupIngressRule net-endpoints",
  "Vpc net",
  "VpcEndpoint net-ecr-api",
  "VpcEndpoint net-ecr-dkr",
  "VpcEndpoint net-s3",
];
const privateRoutes = zones.map((zone) => `Route net-private-${zone}`);

describe("resources", () => {
  const table: [NatStrategy | undefined, string[]][] = [
    [undefined, ["Eip net-eu-central-1a", "NatGateway net-eu-central-1a", ...privateRoutes]],
    ["single", ["Eip net-eu-central-1a", "NatGateway net-eu-central-1a", ...privateRoutes]],
    ["perAz", [...zones.flatMap((zone) => [`Eip net-${zone}`, `NatGateway net-${zone}`]), ...privateRoutes]],
    ["regional", ["NatGateway net", ...privateRoutes]],
    ["none", ["ec2", "eks", "eks-auth", "elasticloadbalancing", "logs", "sts"].map((service) => `VpcEndpoint net-${service}`)],
  ];
  test.each(table)("with nat %s", async (nat, more) => {
    const { resources, urns } = await build({ nat });
    const own = resources.filter((r) => r.type.startsWith("aws:"));
    expect(own.map(briefly).sort()).toEqual([...common, ...more].sort());
    // Each is the Network's child.
    expect(tree(urns)).toEqual(
      ["slipway:index:Network net", ...own.map(({ type, name }) => `slipway:index:Network$${type} ${name}`)].sort(),
    );
  });

  test("are the same in a preview, in which ids are unknown", async () => {
    expect(tree((await build({}, true)).urns)).toEqual(tree((await build()).urns));
  });

  test("have no interface endpoints and no security group for them if they are disabled", async () => {
    const { resources } = await build({ interfaceEndpoints: false });
    const names = resources.map(briefly).filter((r) => /Endpoint|SecurityGroup/.test(r));
    expect(names.sort()).toEqual(["DefaultSecurityGroup net", "VpcEndpoint net-s3"]);
  });
});

test("additional endpoints are created for the given services", async () => {
  const { resources } = await build({ additionalEndpoints: ["monitoring", "sqs"] });
  const endpoints = inputsOf(resources, "VpcEndpoint");
  expect([endpoints["net-monitoring"]!["serviceName"], endpoints["net-sqs"]!["serviceName"]]).toEqual([
    "com.amazonaws.eu-central-1.monitoring",
    "com.amazonaws.eu-central-1.sqs",
  ]);
  expect(endpoints["net-sqs"]!["privateDnsEnabled"]).toBe(true);
});

test("the role for flow logs has the given path and permissions boundary", async () => {
  const roles = { path: "/slipway/", permissionsBoundary: "arn:aws:iam::111122223333:policy/boundary" };
  const { resources } = await build({ roles });
  expect(inputsOf(resources, "Role")["net-flow-logs"]).toMatchObject(roles);
});

test("a /24 without NAT has a warning, because endpoints take most of its addresses", async () => {
  const warn = vi.spyOn(pulumi.log, "warn").mockResolvedValue();
  for (const args of [{ cidr: "10.0.0.0/24" }, { nat: "none" }, { nat: "none", cidr: "10.0.0.0/23" }] as const) await build(args);
  expect(warn.mock.calls).toEqual([]);
  await build({ nat: "none", cidr: "10.0.0.0/24" });
  expect(warn.mock.calls.map(([message]) => message)).toEqual([
    "The range 10.0.0.0/24 is small for nat: none: in each zone, the private subnet has 27 addresses, of which the interface endpoints take 8, and each node takes a range of 16 for its pods. Set a larger cidr, such as 10.0.0.0/20, or another nat. The range cannot be changed later.",
  ]);
  await build({ nat: "none", cidr: "10.0.0.0/24", additionalEndpoints: ["sqs"] });
  expect(warn.mock.calls[1]![0]).toContain("the interface endpoints take 9,");
  warn.mockRestore();
});

test("the VPC has the given range, and DNS", async () => {
  const { resources } = await build({ cidr: "10.7.0.0/20" });
  expect(inputsOf(resources, "Vpc")).toEqual({
    net: { cidrBlock: "10.7.0.0/20", enableDnsSupport: true, enableDnsHostnames: true, tags: { Name: "net" } },
  });
  expect(inputsOf((await build()).resources, "Vpc")["net"]!.cidrBlock).toBe("10.0.0.0/16");
});

test("the default security group allows no traffic", async () => {
  const { resources } = await build();
  expect(inputsOf(resources, "DefaultSecurityGroup")).toEqual({
    net: { vpcId: "net-id", ingress: [], egress: [], tags: { Name: "net-default" } },
  });
});

test("subnets are in their zones, assign no public addresses, and have the tags for load balancers", async () => {
  const { resources } = await build({ zones: zones.slice(0, 2) });
  const subnet = (kind: string, zone: number, cidrBlock: string, tags: object) => {
    const name = `net-${kind}-${zones[zone]}`;
    const inputs = { vpcId: "net-id", availabilityZone: zones[zone], cidrBlock, mapPublicIpOnLaunch: false, tags: { Name: name, ...tags } };
    return { [name]: inputs };
  };
  const expected = [
    subnet("public", 0, "10.0.128.0/21", { "kubernetes.io/role/elb": "1" }),
    subnet("public", 1, "10.0.136.0/21", { "kubernetes.io/role/elb": "1" }),
    subnet("private", 0, "10.0.0.0/19", { "kubernetes.io/role/internal-elb": "1" }),
    subnet("private", 1, "10.0.32.0/19", { "kubernetes.io/role/internal-elb": "1" }),
    subnet("intra", 0, "10.0.160.0/21", {}),
    subnet("intra", 1, "10.0.168.0/21", {}),
  ];
  expect(inputsOf(resources, "Subnet")).toEqual(Object.assign({}, ...expected));
});

/** The target of each subnet's default route, by association, table and route. */
function defaultRoutes(resources: Recorded[]): Record<string, string> {
  const routes = ofKind(resources, "Route").map((r) => r.inputs);
  return Object.fromEntries(
    ofKind(resources, "RouteTableAssociation").map(({ inputs: { subnetId, routeTableId } }) => {
      const [route, ...others] = routes.filter((r) => r.routeTableId === routeTableId);
      expect(others).toEqual([]);
      return [subnetId, route ? `${route.destinationCidrBlock} ${route.gatewayId ?? route.natGatewayId}` : "none"];
    }),
  );
}
const routesOf = (publicRoute: string, privateRoutes: string[]) =>
  Object.fromEntries(
    zones.flatMap((zone, i) => [
      [`net-public-${zone}-id`, publicRoute],
      [`net-private-${zone}-id`, privateRoutes[i]],
      [`net-intra-${zone}-id`, "none"],
    ]),
  );

describe("public subnets use the internet gateway, intra subnets have no egress, and private subnets use NAT", () => {
  const [a, b, c] = zones.map((zone) => `0.0.0.0/0 net-${zone}-id`) as [string, string, string];
  const table: [NatStrategy, string[]][] = [
    ["single", [a, a, a]],
    ["perAz", [a, b, c]],
    ["regional", Array<string>(3).fill("0.0.0.0/0 net-id")],
    ["none", Array<string>(3).fill("none")],
  ];
  test.each(table)("with nat %s", async (nat, expected) => {
    const { resources } = await build({ nat });
    expect(defaultRoutes(resources)).toEqual(routesOf("0.0.0.0/0 net-id", expected));
    const byNat = ofKind(resources, "Route").filter((r) => r.inputs.natGatewayId !== undefined);
    expect(byNat.map(({ name }) => name)).toEqual(nat === "none" ? [] : zones.map((zone) => `net-private-${zone}`));
  });
});

test("a zonal NAT gateway is in the public subnet of its zone, with an Elastic IP address", async () => {
  const { resources } = await build({ nat: "perAz" });
  expect(inputsOf(resources, "NatGateway")).toEqual(
    Object.fromEntries(
      zones.map((zone) => [
        `net-${zone}`,
        { allocationId: `net-${zone}-id`, subnetId: `net-public-${zone}-id`, tags: { Name: `net-${zone}` } },
      ]),
    ),
  );
  expect(inputsOf(resources, "Eip")).toEqual(
    Object.fromEntries(zones.map((zone) => [`net-${zone}`, { domain: "vpc", tags: { Name: `net-${zone}` } }])),
  );
});

test("a regional NAT gateway belongs to the VPC and gets its addresses from AWS", async () => {
  const { resources } = await build({ nat: "regional" });
  expect(inputsOf(resources, "NatGateway")).toEqual({
    net: { vpcId: "net-id", availabilityMode: "regional", connectivityType: "public", tags: { Name: "net" } },
  });
});

/** The dependencies of each resource, by type and name, without the Network itself. Uses internals of the SDK. */
async function dependenciesOf(args: Partial<NetworkArgs>): Promise<Record<string, string[]>> {
  const found: Record<string, string[]> = {};
  await record(
    () => {
      type Request = { getType(): string; getName(): string; getDependenciesList(): string[] };
      type Monitor = { registerResource(request: Request, callback: unknown): unknown };
      const monitor = (pulumi.runtime as unknown as { getMonitor(): Monitor }).getMonitor();
      const register = monitor.registerResource.bind(monitor);
      monitor.registerResource = (request, callback) => {
        const key = `${request.getType().split(":").at(-1)} ${request.getName()}`;
        found[key] = request.getDependenciesList().map((urn) => `${urn.split("::").at(-2)!.split(":").at(-1)} ${urn.split("::").at(-1)}`);
        return register(request, callback);
      };
      new Network("net", { region, zones, ...args });
    },
    { outputs },
  );
  return found;
}

test("NAT gateways and addresses depend on the internet gateway, endpoints on the ingress rule, and flow logs on their policy", async () => {
  const zonal = await dependenciesOf({ nat: "single" });
  expect(zonal["Eip net-eu-central-1a"]).toEqual(["InternetGateway net"]);
  expect(zonal["NatGateway net-eu-central-1a"]).toContain("InternetGateway net");
  expect(zonal["VpcEndpoint net-ecr-dkr"]).toContain("SecurityGroupIngressRule net-endpoints");
  expect(zonal["FlowLog net-flow-logs"]).toContain("RolePolicy net-flow-logs");
  expect((await dependenciesOf({ nat: "regional" }))["NatGateway net"]).toContain("InternetGateway net");
});

test("private and intra subnets reach S3 through a gateway endpoint", async () => {
  const { resources } = await build({ interfaceEndpoints: false });
  expect(inputsOf(resources, "VpcEndpoint")).toEqual({
    "net-s3": {
      vpcId: "net-id",
      serviceName: "com.amazonaws.eu-central-1.s3",
      vpcEndpointType: "Gateway",
      routeTableIds: [...zones.map((zone) => `net-private-${zone}-id`), "net-intra-id"],
      tags: { Name: "net-s3" },
    },
  });
});

test("interface endpoints are in the private subnets, with private DNS, and accept only HTTPS from the VPC", async () => {
  const { resources } = await build({ nat: "none", cidr: "10.7.0.0/20" });
  const { "net-s3": _s3, ...endpoints } = inputsOf(resources, "VpcEndpoint");
  const services = ["ecr.api", "ecr.dkr", "ec2", "eks", "eks-auth", "elasticloadbalancing", "logs", "sts"];
  expect(Object.values(endpoints)).toEqual(
    services.map((service) => ({
      vpcId: "net-id",
      serviceName: `com.amazonaws.eu-central-1.${service}`,
      vpcEndpointType: "Interface",
      subnetIds: zones.map((zone) => `net-private-${zone}-id`),
      securityGroupIds: ["net-endpoints-id"],
      privateDnsEnabled: true,
      tags: { Name: `net-${service.replace(".", "-")}` },
    })),
  );
  const named = { tags: { Name: "net-endpoints" } };
  expect(inputsOf(resources, "SecurityGroup")).toEqual({
    "net-endpoints": { vpcId: "net-id", description: "Endpoints of AWS services", ...named },
  });
  expect(inputsOf(resources, "SecurityGroupIngressRule")).toEqual({
    "net-endpoints": {
      securityGroupId: "net-endpoints-id",
      description: "HTTPS from the network",
      ipProtocol: "tcp",
      fromPort: 443,
      toPort: 443,
      cidrIpv4: "10.7.0.0/20",
      ...named,
    },
  });
});

test("flow logs record all traffic for 30 days, with a role that only flow logs of this account may use to write to the log group", async () => {
  const { resources } = await build();
  const group = "arn:aws:logs:eu-central-1:111122223333:log-group:net-flow-logs";
  expect(inputsOf(resources, "FlowLog")["net-flow-logs"]).toEqual({
    vpcId: "net-id",
    trafficType: "ALL",
    logDestinationType: "cloud-watch-logs",
    logDestination: group,
    iamRoleArn: "arn:aws:iam::111122223333:role/net-flow-logs",
  });
  expect(inputsOf(resources, "LogGroup")["net-flow-logs"]).toEqual({ retentionInDays: 30 });
  expect(inputsOf(resources, "Role")["net-flow-logs"]!.assumeRolePolicy).toEqual({
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Principal: { Service: "vpc-flow-logs.amazonaws.com" },
        Action: "sts:AssumeRole",
        Condition: {
          StringEquals: { "aws:SourceAccount": "111122223333" },
          ArnLike: { "aws:SourceArn": "arn:aws:ec2:eu-central-1:111122223333:vpc-flow-log/*" },
        },
      },
    ],
  });
  expect(inputsOf(resources, "RolePolicy")["net-flow-logs"]).toEqual({
    role: "net-flow-logs-id",
    policy: {
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Allow",
          Action: ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
          Resource: [group, `${group}:*`],
        },
        { Effect: "Allow", Action: ["logs:DescribeLogGroups"], Resource: ["*"] },
      ],
    },
  });
});

test("flow logs have the given retention and key", async () => {
  const { resources } = await build({ flowLogRetentionDays: 365, kmsKeyArn: pulumi.output("arn:aws:kms:key") });
  expect(inputsOf(resources, "LogGroup")["net-flow-logs"]).toEqual({ retentionInDays: 365, kmsKeyId: "arn:aws:kms:key" });
});

test("every taggable resource has the given tags", async () => {
  for (const nat of ["perAz", "regional", "none"] as const) {
    const { resources } = await build({ nat, tags: { team: "a", stack: pulumi.output("prod") } });
    const without = resources.filter(({ inputs }) => inputs.tags?.team !== "a" || inputs.tags?.stack !== "prod");
    const untaggable = ["Network", "Route", "RouteTableAssociation", "RolePolicy"];
    expect(without.filter(({ type }) => !untaggable.includes(type.split(":").at(-1)!))).toEqual([]);
  }
});

test("the outputs are the ids and ranges in the order of the zones", async () => {
  const { result } = await build();
  const ids = (kind: string) => zones.map((zone) => `net-${kind}-${zone}-id`);
  expect(await settle(result.vpcId)).toEqual({ value: "net-id", secret: false });
  expect(await settle(result.cidr)).toEqual({ value: "10.0.0.0/16", secret: false });
  expect(await settle(result.publicCidrs)).toEqual({ value: ["10.0.128.0/21", "10.0.136.0/21", "10.0.144.0/21"], secret: false });
  expect(await settle(result.publicSubnetIds)).toEqual({ value: ids("public"), secret: false });
  expect(await settle(result.privateSubnetIds)).toEqual({ value: ids("private"), secret: false });
  expect(await settle(result.intraSubnetIds)).toEqual({ value: ids("intra"), secret: false });
});

describe("invalid arguments are rejected before any resource is registered", () => {
  test("a name that is too long for the IAM role of flow logs", async () => {
    const create = (length: number) => record(() => new Network("n".repeat(length), { region, zones }), { outputs });
    expect((await create(46)).resources.find(({ type }) => type.endsWith(":Role"))!.name.length + 8).toBe(64);
    await expect(create(47)).rejects.toThrow(
      `the name must be 1 to 46 letters, digits, "-" and "_" (got "${"n".repeat(47)}"). The IAM role for flow logs has it, too.`,
    );
  });
  const table: [string, Partial<NetworkArgs>, string[]][] = [
    ["a missing region", { region: "" }, ['region: must be an AWS region, such as eu-central-1 (got "")']],
    ["one zone", { zones: ["eu-central-1a"] }, ["zones: must be 2 to 4 availability zones (got 1). EKS requires two; three are usual"]],
    [
      "five zones",
      { zones: ["a", "b", "c", "d", "e"].map((letter) => region + letter) },
      ["zones: must be 2 to 4 availability zones (got 5). EKS requires two; three are usual"],
    ],
    ["a duplicate zone", { zones: [zones[0]!, zones[1]!, zones[0]!] }, ['zones: must be different zones (got "eu-central-1a" twice)']],
    [
      "a zone of another region",
      { zones: ["eu-central-1a", "eu-west-1b"] },
      ['zones: must be availability zones of eu-central-1, such as eu-central-1a (got "eu-west-1b")'],
    ],
    [
      "a zone letter without the region",
      { zones: ["a", "b"] },
      ['zones: must be availability zones of eu-central-1, such as eu-central-1a (got "a")'],
    ],
    [
      "a local zone",
      { zones: ["eu-central-1a", "eu-central-1-ham-1a"] },
      ['zones: must be availability zones of eu-central-1, such as eu-central-1a (got "eu-central-1-ham-1a")'],
    ],
    [
      "a range that does not start at its network address",
      { cidr: "10.0.1.0/16" },
      ['cidr: must start at its network address (got "10.0.1.0/16"). Use 10.0.0.0/16'],
    ],
    [
      "additional endpoints that are no services, and without interface endpoints",
      { additionalEndpoints: ["sqs", "com.amazonaws/sqs"], interfaceEndpoints: false },
      [
        'additionalEndpoints[1]: must be an AWS service, such as monitoring (got "com.amazonaws/sqs")',
        "additionalEndpoints: requires interfaceEndpoints (got false). Omit one of them",
      ],
    ],
    [
      "roles with an invalid path and boundary",
      { roles: { path: "slipway", permissionsBoundary: "boundary" } },
      [
        'roles.path: must start and end with a slash, such as /slipway/, and have at most 512 characters (got "slipway")',
        'roles.permissionsBoundary: must be the ARN of an IAM policy, such as arn:aws:iam::<account>:policy/boundary (got "boundary")',
      ],
    ],
    ["an unknown nat", { nat: "both" as NatStrategy }, ['nat: must be one of none, single, perAz, regional (got "both")']],
    [
      "a connected network that overlaps",
      { connectedCidrs: ["10.0.64.0/18"] },
      ['connectedCidrs[0]: must not overlap with the VPC\'s range 10.0.0.0/16 (got "10.0.64.0/18"). Set another cidr'],
    ],
    [
      "neither NAT nor endpoints",
      { nat: "none", interfaceEndpoints: false },
      [
        "interfaceEndpoints: must be true with nat: none (got false), or nodes reach neither AWS nor their images. Omit it, or choose another nat",
      ],
    ],
    [
      "an unsupported retention",
      { flowLogRetentionDays: 31 },
      [
        "flowLogRetentionDays: must be one of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653 (got 31). CloudWatch Logs accepts no other values",
      ],
    ],
    [
      "several problems at once",
      { zones: ["eu-central-1a"], cidr: "10.0.0.0/8", nat: "" as NatStrategy },
      [
        "zones: must be 2 to 4 availability zones (got 1). EKS requires two; three are usual",
        'cidr: must be between /16 and /24 (got "10.0.0.0/8"). AWS allows no larger VPC',
        'nat: must be one of none, single, perAz, regional (got "")',
      ],
    ],
  ];
  test.each(table)("%s", async (_case, args, problems) => {
    const { result, resources } = await record(
      () => {
        try {
          new Network("net", { region, zones, ...args });
        } catch (error) {
          return (error as Error).message;
        }
        return "accepted";
      },
      { outputs },
    );
    expect(result).toBe(['Network "net":', ...problems.map((problem) => `  - ${problem}.`)].join("\n"));
    expect(resources.filter((r) => r.type.startsWith("aws:"))).toEqual([]);
  });
});

import type { Manifest } from "../../lib/kubernetes-client.ts";
import type { Registered } from "../render.ts";
import { region } from "../unit/platforms/aws-outputs.ts";
import { startApiServer, type ApiServer } from "./api-server.ts";
import { forOpenSourceController } from "./auto-mode-names.ts";
import { AwsSimulator, type Answer } from "./aws-simulator.ts";
import { eventually, otherPort } from "./checkout.ts";
import { createEksNetwork, type EksNetwork } from "./eks-network.ts";
import { writePods } from "./eks-pods.ts";
import { registerStack } from "./eks-stack.ts";
import { startLoadBalancerController } from "./load-balancer-controller.ts";

// What a load balancer controller makes of the objects of a stack with EKS Auto Mode: the open-source AWS Load Balancer Controller, on a real
// Kubernetes API and a simulated AWS account. The tests do not prove that
// - the controller of Auto Mode, which AWS does not publish, reads the objects in the same way. Its names for kinds and labels are translated
//   (auto-mode-names.ts), and the permissions of its role are not used;
// - AWS accepts each call. moto checks less, ignores what it does not know, and calls every registered target healthy at once;
// - a request gets through: there are no load balancers, and pods are only written down.

const cluster = "slipway-test";
const namespace = "slipway-test";
const web = {
  source: "app",
  host: "web.staging.example.org",
  ports: { admin: 9000 },
  // Load balancers know no names of ports. The defaults are other paths and the port http.
  probes: { readiness: { port: "admin", path: "/ready" } },
  publish: { lines: { port: 5432, sourceRanges: ["203.0.113.0/24"] } },
};

const running = new AsyncDisposableStack();
let aws: AwsSimulator;
let api: ApiServer;
let network: EksNetwork;
let objects: Manifest[];
let certificate: string;

const requestCertificate = async (domain: string): Promise<string> =>
  (await aws.call("acm", "request_certificate", { DomainName: domain, SubjectAlternativeNames: [`*.${domain}`] }))["CertificateArn"];
const object = (kind: string, name?: string) =>
  objects.find((one) => one.kind === kind && (name ?? one.metadata?.name) === one.metadata?.name)!;
const apply = (manifest: Manifest) => api.cluster.apply(forOpenSourceController(manifest), false);
const hostname = async (manifest: Manifest) => (await api.cluster.find(manifest))?.["status"].loadBalancer?.ingress?.[0].hostname;

beforeAll(async () => {
  aws = running.use(await AwsSimulator.start(otherPort));
  api = running.use(await startApiServer("slipway-integration-api-server", otherPort + 1));
  certificate = await requestCertificate("staging.example.org");
  const registered: Registered[] = await registerStack({ web }, certificate);
  network = await createEksNetwork(aws, registered, cluster);
  const args = { cluster, region, vpcId: network.vpcId, port: otherPort + 4 };
  const controller = running.use(await startLoadBalancerController(api, aws, args));
  objects = registered.filter(({ type }) => type.startsWith("kubernetes:")).map(({ inputs }) => inputs);
  for (const kind of ["Namespace", "ServiceAccount", "Service", "IngressClassParams", "IngressClass", "Ingress"])
    // The controller rejects an Ingress until its own copy of the cluster has the class.
    for (const one of objects.filter((one) => one.kind === kind)) await eventually(() => apply(one), Boolean);
  const published = [object("Ingress"), object("Service", "web-published")];
  await eventually(
    () => Promise.all(published.map(hostname)),
    (hostnames) => hostnames.every(Boolean),
  ).catch((error: Error) => {
    throw new Error(`${error.message}\n${controller.log()}`);
  });
  await writePods(api, network, { deployment: object("Deployment"), services: objects.filter(({ kind }) => kind === "Service"), gates: 2 });
}, 900_000);

afterAll(() => running.disposeAsync());

const elb = (operation: string, parameters?: object): Promise<Answer> => aws.call("elbv2", operation, parameters);
const keysAndValues = (list: { Key: string; Value: string }[]) => Object.fromEntries(list.map(({ Key, Value }) => [Key, Value]));

type LoadBalancerType = "application" | "network";

async function loadBalancer(type: LoadBalancerType): Promise<Answer> {
  const { LoadBalancers } = await elb("describe_load_balancers");
  const found: Answer[] = LoadBalancers.filter(({ Type }: Answer) => Type === type);
  expect(found.length).toBe(1);
  return found[0]!;
}

async function targetGroup(type: LoadBalancerType): Promise<Answer> {
  const { LoadBalancerArn } = await loadBalancer(type);
  const { TargetGroups } = await elb("describe_target_groups", { LoadBalancerArn });
  expect(TargetGroups.length).toBe(1);
  return TargetGroups[0];
}

async function listeners(type: LoadBalancerType): Promise<Answer[]> {
  const { LoadBalancerArn } = await loadBalancer(type);
  return (await elb("describe_listeners", { LoadBalancerArn }))["Listeners"];
}

/** The rules of a load balancer's own security group: the ranges by port. */
async function allowed(type: LoadBalancerType): Promise<Record<number, string[]>> {
  const { SecurityGroups: GroupIds } = await loadBalancer(type);
  const { SecurityGroups } = await aws.call("ec2", "describe_security_groups", { GroupIds });
  const permissions: Answer[] = SecurityGroups.flatMap(({ IpPermissions }: Answer) => IpPermissions);
  return Object.fromEntries(permissions.map(({ FromPort, IpRanges }) => [FromPort, IpRanges.map(({ CidrIp }: Answer) => CidrIp)]));
}

test.each(["application", "network"] as const)(
  "the load balancer of type %s is public, in the public subnet of each zone, and has the tags of the stack",
  async (type) => {
    const { Scheme, IpAddressType, AvailabilityZones, LoadBalancerArn } = await loadBalancer(type);
    expect([Scheme, IpAddressType]).toEqual(["internet-facing", "ipv4"]);
    const names = AvailabilityZones.map(({ SubnetId }: Answer) => network.subnets[SubnetId]);
    expect(names.sort()).toEqual(["a", "b", "c"].map((zone) => `slipway-test-public-${region}${zone}`));
    const { TagDescriptions } = await elb("describe_tags", { ResourceArns: [LoadBalancerArn] });
    expect(keysAndValues(TagDescriptions[0].Tags)).toMatchObject({
      "dev.slipway/project": "slipway",
      "dev.slipway/stack": "test",
      environment: "staging",
    });
  },
);

test("HTTP is redirected to HTTPS, which has the certificate of the stack and a current policy, and knows the service's host", async () => {
  const [http, https, ...others] = await listeners("application");
  expect(others).toEqual([]);
  const redirect = { Type: "redirect", Order: 1, RedirectConfig: { Protocol: "HTTPS", Port: "443", StatusCode: "HTTP_301" } };
  expect([http!["Port"], http!["Protocol"], http!["DefaultActions"]]).toEqual([80, "HTTP", [redirect]]);
  expect([https!["Port"], https!["Protocol"], https!["Certificates"], https!["SslPolicy"]]).toEqual([
    443,
    "HTTPS",
    [{ CertificateArn: certificate }],
    "ELBSecurityPolicy-TLS13-1-2-2021-06",
  ]);
  const { TargetGroupArn } = await targetGroup("application");
  const { Rules } = await elb("describe_rules", { ListenerArn: https!["ListenerArn"] });
  expect(Rules).toMatchObject([
    {
      Priority: "1",
      Conditions: [
        { Field: "host-header", HostHeaderConfig: { Values: ["web.staging.example.org"] } },
        { Field: "path-pattern", PathPatternConfig: { Values: ["/*"] } },
      ],
      Actions: [{ Type: "forward", ForwardConfig: { TargetGroups: [{ TargetGroupArn, Weight: 1 }] } }],
    },
    { Priority: "default", Actions: [{ Type: "fixed-response", FixedResponseConfig: { StatusCode: "404" } }] },
  ]);
});

test("the load balancer has the attributes of its class, and rejects invalid headers", async () => {
  const { LoadBalancerArn } = await loadBalancer("application");
  expect(keysAndValues((await elb("describe_load_balancer_attributes", { LoadBalancerArn }))["Attributes"])).toMatchObject({
    "deletion_protection.enabled": "false",
    "idle_timeout.timeout_seconds": "60",
    "routing.http.drop_invalid_header_fields.enabled": "true",
    "access_logs.s3.enabled": "false",
  });
});

/** A health check as the readiness probe. */
const readiness = {
  HealthCheckEnabled: true,
  HealthCheckProtocol: "HTTP",
  HealthCheckPort: "9000",
  HealthCheckPath: "/ready",
  Matcher: { HttpCode: "200-399" },
};

test.each([
  { type: "application", protocol: "HTTP", port: 8080 },
  { type: "network", protocol: "TCP", port: 5432 },
] as const)(
  "the load balancer of type $type sends directly to pods, checks them as the readiness probe does, and lets them go after 30 s",
  async ({ type, protocol, port }) => {
    const group = await targetGroup(type);
    expect(group).toMatchObject({ TargetType: "ip", Protocol: protocol, ...readiness });
    const { TargetGroupArn } = group;
    const { Attributes } = await elb("describe_target_group_attributes", { TargetGroupArn });
    expect(keysAndValues(Attributes)["deregistration_delay.timeout_seconds"]).toBe("30");
    const { TargetHealthDescriptions } = await eventually(
      () => elb("describe_target_health", { TargetGroupArn }),
      ({ TargetHealthDescriptions }) => TargetHealthDescriptions.length === 2,
    );
    const targets = TargetHealthDescriptions.map(({ Target }: Answer) => [Target.Id, Target.Port]);
    expect(targets.sort()).toEqual(network.node.podAddresses.map((address) => [address, port]).sort());
  },
);

test("anyone reaches the Ingress, and only the source ranges a published port", async () => {
  expect(await allowed("application")).toEqual({ 80: ["0.0.0.0/0"], 443: ["0.0.0.0/0"] });
  expect(await allowed("network")).toEqual({ 5432: ["203.0.113.0/24"] });
  expect((await listeners("network")).map(({ Port, Protocol }) => [Port, Protocol])).toEqual([[5432, "TCP"]]);
});

test("the network policy lets the load balancers reach the ports to which they send requests and health checks", async () => {
  const rulesIn = (manifests: Manifest[]): Answer[] => manifests.find(({ kind }) => kind === "NetworkPolicy")!["spec"].ingress;
  // Without a host, nothing but the published port and its health check is open.
  const published = (await registerStack({ web: { ...web, host: undefined } }, certificate)).map(({ inputs }) => inputs as Manifest);
  for (const [type, rules] of [
    ["application", rulesIn(objects)],
    ["network", rulesIn(objects)],
    ["network", rulesIn(published)],
  ] as const) {
    const { TargetGroupArn, HealthCheckPort } = await targetGroup(type);
    const { TargetHealthDescriptions } = await elb("describe_target_health", { TargetGroupArn });
    const { AvailabilityZones } = await loadBalancer(type);
    const { Subnets } = await aws.call("ec2", "describe_subnets", { SubnetIds: AvailabilityZones.map(({ SubnetId }: Answer) => SubnetId) });
    const ports = new Set([Number(HealthCheckPort), ...TargetHealthDescriptions.map(({ Target }: Answer) => Target.Port)]);
    const blocked = Subnets.flatMap(({ CidrBlock }: Answer) => [...ports].filter((port) => !lets(rules, CidrBlock, port)));
    expect([type, ports.size, blocked]).toEqual([type, 2, []]);
  }
});

function lets(rules: Answer[], range: string, port: number): boolean {
  return rules.some(
    ({ from, ports }) =>
      from.some(({ ipBlock }: Answer) => ipBlock?.cidr === range) &&
      ports.some((one: Answer) => one["port"] === port && one["protocol"] === "TCP"),
  );
}

test("pods have a readiness gate for each load balancer, which becomes true when their targets are healthy", async () => {
  const names = await Promise.all((["application", "network"] as const).map(async (type) => (await targetGroup(type))["TargetGroupName"]));
  const gates = names.map((name) => `target-health.elbv2.k8s.aws/${name}`);
  const pods = await eventually(
    () => api.cluster.select("v1", "Pod", namespace, "app.kubernetes.io/name=web"),
    (pods) => pods.length === 2 && pods.every(({ status }) => status.conditions.length === 4),
  );
  for (const { spec, status } of pods) {
    expect(spec.readinessGates.map(({ conditionType }: { conditionType: string }) => conditionType).sort()).toEqual(gates);
    const conditions = Object.fromEntries(status.conditions.map(({ type, status }: { type: string; status: string }) => [type, status]));
    expect(conditions).toEqual({ [gates[0]!]: "True", [gates[1]!]: "True", ContainersReady: "True", Ready: "False" });
  }
});

// The last test, because it changes the objects: each of the values above follows from them.
test("without the annotations, the load balancers check other ports and paths, and another certificate replaces that of the stack", async () => {
  const without = (manifest: Manifest, ...names: string[]): Manifest => {
    const annotations = Object.entries(manifest.metadata!.annotations!).filter(([key]) => !names.some((name) => key.endsWith(`/${name}`)));
    const metadata: object = manifest.metadata!;
    return { ...manifest, metadata: { ...metadata, annotations: Object.fromEntries(annotations) } };
  };
  const other = await requestCertificate("example.net");
  const params = object("IngressClassParams");
  await apply({ ...params, spec: { ...params["spec"], certificateARNs: [other] } });
  await apply(without(object("Ingress"), "healthcheck-path", "healthcheck-port", "success-codes", "ssl-redirect", "ssl-policy"));
  const prefix = "aws-load-balancer-healthcheck";
  await apply(without(object("Service", "web-published"), `${prefix}-protocol`, `${prefix}-port`, `${prefix}-path`));

  const changed = (group: Answer) => group["HealthCheckPort"] === "traffic-port";
  expect(await eventually(() => targetGroup("application"), changed)).toMatchObject({
    HealthCheckProtocol: "HTTP",
    HealthCheckPath: "/",
    Matcher: { HttpCode: "200" },
  });
  expect((await eventually(() => targetGroup("network"), changed))["HealthCheckProtocol"]).toBe("TCP");
  const [http, https] = await eventually(
    () => listeners("application"),
    ([, https]) => https!["SslPolicy"] !== "ELBSecurityPolicy-TLS13-1-2-2021-06",
  );
  expect(http!["DefaultActions"][0].Type).toBe("fixed-response");
  expect([https!["Certificates"], https!["SslPolicy"]]).toEqual([[{ CertificateArn: other }], "ELBSecurityPolicy-2016-08"]);
});

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import emptyProto from "google-protobuf/google/protobuf/empty_pb.js";
import * as components from "../../../components/index.ts";
import { plain, secret, unknown, type Properties } from "../../../lib/values.ts";
import { output, PluginHost } from "../../plugin-host.ts";
import { image } from "../docker-inputs.ts";
import { record, type Outputs } from "../harness.ts";
import { Answer, HttpApi } from "../http-api.ts";

let host: PluginHost;
let project: string;

beforeAll(async () => {
  project = mkdtempSync(join(tmpdir(), "slipway-plugin-"));
  host = await PluginHost.start(resolve("components"), project);
});
afterAll(async () => {
  await host[Symbol.asyncDispose]();
  rmSync(project, { recursive: true });
});
beforeEach(() => host.clear());

const accountId = "111122223333";
const role = `arn:aws:iam::${accountId}:role/deployer`;
const cluster = `arn:aws:eks:eu-central-1:${accountId}:cluster/prod`;
const providers = { kubernetes: "urn:pulumi:test::slipway::pulumi:providers:kubernetes::cluster::provider-id" };

/** Arguments of every component. */
const examples: Record<string, () => Properties> = {
  ContainerHost: () => ({ labels: { team: "shop" } }),
  ContainerJob: () => ({ image, on: { dockerHost: "ssh://deploy@host" }, args: ["migrate"], files: { "/etc/job": "text" } }),
  ContainerService: () => ({
    image,
    on: { proxy: "proxy-id", helper: "helper" },
    host: "web.example.org",
    secretFiles: { "/run/key": "k3y" },
  }),
  EcrRepository: () => ({ tags: { team: "shop" } }),
  EksAddOns: () => ({}),
  EksCluster: () => ({
    region: "eu-central-1",
    subnetIds: ["subnet-a", "subnet-b"],
    accessEntries: [{ principalArn: role, policy: "ClusterAdmin" }],
  }),
  GoImage: () => ({ source: resolve("app"), repository: "registry.example/web" }),
  IrsaRole: () => ({
    oidcProviderArn: `arn:aws:iam::${accountId}:oidc-provider/oidc.eks.eu-central-1.amazonaws.com/id/A1`,
    namespace: "web",
    serviceAccount: "web",
    policyArns: ["arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"],
  }),
  Job: () => ({ image, args: ["migrate"], retries: 2, secretEnv: { KEY: "k3y" } }),
  LocalCluster: () => ({ folder: join(project, "cluster") }),
  Network: () => ({ region: "eu-central-1", zones: ["eu-central-1a", "eu-central-1b"] }),
  PodIdentity: () => ({
    clusterArn: cluster,
    namespace: "web",
    serviceAccount: "web",
    policyArns: ["arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"],
  }),
  SwarmHost: () => ({}),
  SwarmJob: () => ({ image, args: ["migrate"], secretEnv: { KEY: "k3y" }, constraints: ["node.role == worker"] }),
  SwarmService: () => ({ image, on: { helper: "helper" }, network: "network-id" }),
  TlsCertificate: () => ({ hosts: ["web.example.org"], zoneId: "Z1" }),
  WebService: () => ({ image, host: "web.example.org", replicas: 3, secretEnv: { KEY: "k3y" } }),
};

const outputs: Outputs = {
  "aws:acm/certificate:Certificate": ({ inputs: { domainName } }) => ({
    domainValidationOptions: [{ domainName, resourceRecordName: "_proof", resourceRecordType: "CNAME", resourceRecordValue: "_value" }],
  }),
  "kubernetes:core/v1:Secret": ({ inputs }) => ({ metadata: { ...inputs["metadata"], uid: "1" } }),
};

test("the plugin tells its version, which is that of the package", async () => {
  const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };
  expect((await host.call("getPluginInfo", new emptyProto.Empty())).getVersion()).toBe(version);
});

test("the schema has all components that the package exports", async () => {
  const { name, resources } = await host.schema();
  expect(name).toBe("slipway");
  expect(Object.keys(resources)).toEqual(Object.keys(examples).map((component) => `slipway:index:${component}`));
  const exported = Object.entries(components).filter(([, value]) => typeof value === "function" && "isInstance" in value);
  expect(exported.map(([component]) => component).sort()).toEqual(Object.keys(examples));
});

test("the schema asks for the input types without which an SDK for Go does not compile", async () => {
  expect((await host.schema()).language.go).toEqual({ respectSchemaVersion: true, generateExtraInputTypes: true });
});

/** Inputs by type and name, without what only Node programs have, dynamic resources, and what only the SDK's mocks have. */
const comparable = (resources: { type: string; name: string; inputs: Properties }[]) =>
  Object.fromEntries(
    resources.map(({ type, name, inputs: { __provider, ...inputs } }) => [
      `${type.replace("pulumi-nodejs:dynamic/slipway:", "slipway:index:")} ${name}`,
      JSON.parse(JSON.stringify(plain(inputs), (_key, value) => (value?.__pulumiUnknown === true ? unknown : value))),
    ]),
  );

test.each(Object.keys(examples))(
  "a preview of a %s from another language has the same resources as one from a Node program",
  async (component) => {
    const args = examples[component]!();
    const Component = (components as unknown as Record<string, new (name: string, args: Properties) => unknown>)[component]!;
    const { resources } = await record(() => new Component("web", args), { preview: true, outputs });
    host.outputs = outputs;
    host.preview = true;
    await host.construct(component, "web", args);
    expect(resources.length).toBeGreaterThan(1);
    expect(comparable(host.registered)).toEqual(comparable(resources));
    expect(host.errors).toEqual([]);
  },
);

test("children get the caller's provider", async () => {
  host.preview = false;
  const state = await host.construct("WebService", "web", examples["WebService"]!(), { providers });
  expect(state).toEqual({ address: "", namespace: "web", serviceName: "web" });
  const children = host.registered.filter(({ type }) => type.startsWith("kubernetes:"));
  expect(new Set(children.map(({ provider }) => provider))).toEqual(new Set([providers.kubernetes]));
});

test("values that are known only later, and secrets, reach the resources as such", async () => {
  host.preview = true;
  const env = { LATER: output(unknown), NOW: output("now", { dependencies: ["urn:pulumi:test::slipway::a:b:C::other"] }) };
  await host.construct("WebService", "web", { image: output(unknown), env, secretEnv: { KEY: output("k3y", { secret: true }) } });
  const [container] = host.inputsOf("kubernetes:apps/v1:Deployment", "web")["spec"].template.spec.containers;
  expect(container.image).toBe(unknown);
  expect(container.env.slice(2, 4)).toEqual([
    { name: "LATER", value: unknown },
    { name: "NOW", value: "now" },
  ]);
  const deployment = host.registered.find(({ type }) => type === "kubernetes:apps/v1:Deployment")!;
  expect(deployment.dependencies).toContain("urn:pulumi:test::slipway::a:b:C::other");
});

test("all problems of the arguments are reported at once, and without a stack trace", async () => {
  await expect(host.construct("WebService", "web", { image: "web", replicas: 0 })).rejects.toMatchObject({
    details: [
      'WebService "web":',
      '  - image: must be an image by digest such as "registry.example/web@sha256:…" (got "web").',
      "  - replicas: must be at least 1 (got 0).",
    ].join("\n"),
  });
});

test("an output where a component needs a plain value is reported with its path", async () => {
  host.preview = true;
  const args = {
    image,
    resources: { memory: output(unknown), cpu: output("100m", { secret: true }) },
    volumes: { data: { kind: "persistent", mountPath: "/data", size: output(unknown) } },
    tolerations: [{ key: output(unknown) }],
    partOf: output("shop", { dependencies: ["urn:pulumi:test::slipway::a:b:C::other"] }),
  };
  const unknownValue = "must be known when the program runs (got an output). Pass a plain value.";
  const details: string = await host.construct("WebService", "web", args).catch((error) => error.details);
  expect(details.split("\n").sort()).toEqual([
    `  - resources.cpu: is secret, but would not stay so. Pass a plain value.`,
    `  - resources.memory: ${unknownValue}`,
    `  - tolerations[0].key: ${unknownValue}`,
    `  - volumes.data.size: ${unknownValue}`,
    'WebService "web":',
  ]);
});

test("an object that another language wraps as an output is taken apart", async () => {
  const other = "urn:pulumi:test::slipway::a:b:C::other";
  const ingressOf = async (tls: object) => {
    host.clear();
    await host.construct("WebService", "web", { image, host: "web.example.org", ingressClassName: "nginx", tls });
    return host.registered.find(({ type }) => type === "kubernetes:networking.k8s.io/v1:Ingress")!;
  };
  host.preview = true;
  const unknownName = await ingressOf({ secretName: output(unknown), redirect: output(true) });
  expect(unknownName.inputs["spec"].tls).toEqual([{ hosts: ["web.example.org"], secretName: unknown }]);
  host.preview = false;
  const known = await ingressOf(output({ secretName: "web-tls", redirect: true }, { dependencies: [other] }));
  expect(known.inputs["spec"].tls).toEqual([{ hosts: ["web.example.org"], secretName: "web-tls" }]);
  expect(known.dependencies).toContain(other);
});

test("a problem that is found late is reported without a stack trace", async () => {
  // Its own process, because the SDK ends all calls that are in progress at an error in an `apply`.
  await using broken = await PluginHost.start(resolve("components"), project);
  const env = { TOKEN: output("t0ken", { secret: true }) };
  const message = 'WebService "web": env.TOKEN: is secret, but anyone who can see the object can read it. Move it to secretEnv.';
  await expect(broken.construct("WebService", "web", { image, env })).rejects.toMatchObject({ details: message });
  const printed = broken.printed.trim().split("\n");
  expect(printed.filter((line) => !line.endsWith(message))).toEqual([]);
});

test("a component that the version does not have is rejected", async () => {
  await expect(host.construct("WebSite", "web", {})).rejects.toMatchObject({
    details: `slipway:index:WebSite: is not in version 0.1.0 of Slipway, which has ${Object.keys(examples).join(", ")}. Use one of them, or another version.`,
  });
});

describe("the push of a GoImage is a resource of the plugin", () => {
  const urn = "urn:pulumi:test::slipway::slipway:index:GoImage$slipway:index:RegistryPush::app";
  let registry: HttpApi;
  let args: Properties;
  let digest: string;
  const construct = () => host.construct("GoImage", "app", args);
  const operation = () => host.registered.find((resource) => resource.urn === urn)?.operation;
  const pushed = () => registry.requests.map(({ call }) => call).filter((call) => call.startsWith("PUT /v2/team/web/manifests/"));

  beforeAll(async () => {
    registry = await new HttpApi().open("tcp");
    const repository = `${registry.host.slice("http://".length)}/team/web`;
    args = { source: resolve("app"), repository, credentials: { username: "ci", password: output("s3cret", { secret: true }) } };
  });
  afterAll(() => registry.close());
  beforeEach(() => (registry.requests.length = 0));

  test("a preview knows the image and pushes nothing", async () => {
    host.preview = true;
    const { ref } = await construct();
    digest = host.inputsOf("slipway:index:RegistryPush", "app")["digest"];
    expect(ref).toBe(`${args["repository"]}@${digest}`);
    expect([operation(), registry.requests]).toEqual(["create", []]);
  });

  test("an update pushes it, and keeps the password secret", async () => {
    const tag = digest.slice(7, 19);
    registry.answers = {
      "POST /v2/team/web/blobs/uploads/": new Answer(202, "", { location: "/v2/team/web/blobs/uploads/1" }),
      "PUT /v2/team/web/blobs/uploads/1": new Answer(201),
      [`PUT /v2/team/web/manifests/${digest}`]: new Answer(201, "", { "docker-content-digest": digest, location: "/" }),
      [`PUT /v2/team/web/manifests/${tag}`]: new Answer(201, "", { "docker-content-digest": digest, location: "/" }),
    };
    host.preview = false;
    expect(await construct()).toEqual({ ref: `${args["repository"]}@${digest}` });
    expect(operation()).toBe("create");
    expect(pushed().at(-1)).toBe(`PUT /v2/team/web/manifests/${tag}`);
    const { outputs: state } = host.states.get(urn)!;
    expect(state["password"]).toEqual(secret({ value: "s3cret" }));
    expect(host.registered.find((resource) => resource.urn === urn)!.additionalSecretOutputs).toEqual(["password"]);
  });

  test("an update without a change pushes nothing", async () => {
    await construct();
    expect([operation(), registry.requests]).toEqual(["same", []]);
  });

  test("a refresh notices that the registry no longer has the image, and the next update pushes it again", async () => {
    const headers = { "docker-content-digest": digest, "content-type": "application/vnd.oci.image.manifest.v1+json" };
    registry.answers[`HEAD /v2/team/web/manifests/${digest}`] = new Answer(200, "", headers);
    expect(await host.read(urn)).toBe(true);
    expect(host.states.get(urn)!.outputs["password"]).toEqual(secret({ value: "s3cret" }));
    delete registry.answers[`HEAD /v2/team/web/manifests/${digest}`];
    expect(await host.read(urn)).toBe(false);
    await construct();
    expect([operation(), pushed().length > 0]).toEqual(["create", true]);
  });

  test("another repository replaces it", async () => {
    host.preview = true;
    await host.construct("GoImage", "app", { ...args, repository: "registry.example/web" });
    expect(operation()).toBe("replace");
  });
});

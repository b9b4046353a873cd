import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { stringify } from "yaml";
import { checkSettings } from "../../../config/check.ts";
import { accessOf } from "../../../config/registry-access.ts";
import type { Configuration } from "../../../config/settings.ts";
import { KubernetesCluster } from "../../../lib/kubernetes-client.ts";
import { withoutPreflight } from "../../../lib/preflight.ts";
import { loadPlatform } from "../../../platforms/platform.ts";
import { dockerNodesOf } from "../../../platforms/kubernetes/docker-nodes.ts";
import { problemsWithStoredCredentials } from "../../../platforms/kubernetes/pull-credentials.ts";
import { findRegistry, imageAsPulled, isOnThisMachine, problemsWithRegistry } from "../../../platforms/kubernetes/registry.ts";
import { imageDefaults } from "../../../platforms/kubernetes/kubernetes.ts";
import { whyShortLived } from "../../../platforms/kubernetes/short-lived.ts";
import slipway from "../../../program.ts";
import { rolesOf } from "../../../review/render/permissions.ts";
import { selfSigned } from "../../integration/tls.ts";
import { inTemporaryFolder } from "../cluster-outputs.ts";
import { image } from "../docker-inputs.ts";
import { record } from "../harness.ts";
import { Answer, apiError, HttpApi } from "../http-api.ts";

// Registries of the platform `kubernetes`. That images are pushed and pulled is tested in test/integration/registries.test.ts.

inTemporaryFolder();
beforeEach(() => {
  for (const name of ["DOCKER_AUTH_CONFIG", "SLIPWAY_REGISTRY_USERNAME", "SLIPWAY_REGISTRY_PASSWORD"]) vi.stubEnv(name, "");
  vi.stubEnv("DOCKER_CONFIG", process.cwd());
});
afterEach(() => vi.unstubAllEnvs());

const base = { context: "shop", registry: "registry.example/team" };
const puller = { username: "puller", password: "pa55word" };
const encode = (text: string) => Buffer.from(text).toString("base64");

function clusterAt(server: string): KubernetesCluster {
  const content = {
    clusters: [{ name: "c", cluster: { server, "insecure-skip-tls-verify": true } }],
    users: [{ name: "u", user: {} }],
    contexts: [{ name: "shop", context: { cluster: "c", user: "u" } }],
  };
  writeFileSync("kubeconfig.yaml", stringify(content));
  return new KubernetesCluster(`${process.cwd()}/kubeconfig.yaml`, "shop");
}

async function run(kubernetes: object) {
  const program = async () => {
    pulumi.runtime.setAllConfig({
      "slipway:platform": "kubernetes",
      "slipway:services": JSON.stringify({ web: { image } }),
      "slipway:jobs": JSON.stringify({ migrate: { image } }),
      "slipway:kubernetes": JSON.stringify({ ...base, ...kubernetes }),
    });
    return withoutPreflight(slipway);
  };
  return (await record(program)).resources;
}

describe("a pull Secret", () => {
  test("has the credentials for the registry only, and is that of all pods, in the stack's namespace or a given one", async () => {
    for (const [given, namespace] of [
      [{}, "slipway-test"],
      [{ namespace: "team" }, "team"],
    ] as const) {
      const resources = await run({ ...given, pullCredentials: puller });
      const secret = resources.find(({ type }) => type === "kubernetes:core/v1:Secret")!;
      expect(secret.inputs["metadata"]).toMatchObject({ name: "slipway-test-registry", namespace });
      expect(secret.inputs["type"]).toBe("kubernetes.io/dockerconfigjson");
      const auths = { "registry.example": { ...puller, auth: encode("puller:pa55word") } };
      expect(JSON.stringify(secret.inputs["stringData"])).toContain(JSON.stringify(JSON.stringify({ auths })));
      const accounts = resources.filter(({ type }) => type === "kubernetes:core/v1:ServiceAccount");
      expect(accounts.map(({ name, inputs }) => [name, inputs["imagePullSecrets"]]).sort()).toEqual([
        ["migrate", [{ name: "slipway-test-registry" }]],
        ["web", [{ name: "slipway-test-registry" }]],
      ]);
    }
  });

  test("takes the credentials of Docker, which have another name for Docker Hub", async () => {
    const hub = "https://index.docker.io/v1/";
    writeFileSync("config.json", JSON.stringify({ auths: { [hub]: { auth: encode("ci:token") } } }));
    const resources = await run({ registry: "docker.io/acme", pullCredentials: { fromDocker: true } });
    const secret = resources.find(({ type }) => type === "kubernetes:core/v1:Secret")!;
    const auths = { [hub]: { username: "ci", password: "token", auth: encode("ci:token") } };
    expect(JSON.stringify(secret.inputs["stringData"])).toContain(JSON.stringify(JSON.stringify({ auths })));
  });

  test("is among the rights that a deployer needs", async () => {
    const secrets = async (kubernetes: object) => {
      const resources = await run({ namespace: "team", ...kubernetes });
      const objects = resources.map((one) => {
        const [, apiVersion, kind] = /^kubernetes:(?:core\/)?(.+):(\w+)$/.exec(one.type) ?? [];
        return { ...one, inputs: { ...one.inputs, apiVersion, kind } };
      });
      const [role] = rolesOf(objects as never, "slipway-test", { namespace: "team", hasState: false });
      return (role["rules"] as { resources: string[] }[]).flatMap(({ resources }) => resources).filter((one) => one === "secrets");
    };
    expect(await secrets({ pullCredentials: puller })).toEqual(["secrets"]);
    expect(await secrets({})).toEqual([]);
  });
});

test("settings of registries that do not fit together are reported", async () => {
  const problemsOf = async (kubernetes: object) => {
    const services = { web: { image } };
    const { problems } = await checkSettings({ platform: "kubernetes", services, kubernetes: { ...base, ...kubernetes } }, loadPlatform);
    return problems.map(({ path, message }) => `${path.join(".")}: ${message}`);
  };
  expect(await problemsOf({ registryAccess: { username: "a" } })).toEqual([
    "kubernetes.registryAccess: must have both username and password, or neither. Set the other one",
  ]);
  expect(await problemsOf({ registry: undefined, namespace: "team", pullSecret: "a", pullCredentials: { username: "a" } })).toEqual([
    "kubernetes.pullCredentials: cannot be combined with pullSecret, which is a Secret that exists. Remove one of them",
    "kubernetes.pullCredentials: requires kubernetes.registry, whose credentials they are. Set the registry, or remove them",
    "kubernetes.pullCredentials: must have either username and password, or fromDocker: true. Correct it",
  ]);
  expect(await problemsOf({ pullCredentials: { ...puller, fromDocker: true } })).toHaveLength(1);
  expect(await problemsOf({ pullCredentials: puller, registryAccess: { ...puller, plainHttp: true } })).toEqual([]);
  expect(await problemsOf({ pullCredentials: { username: "oauth2accesstoken", password: "secret" } })).toEqual([
    "kubernetes.pullCredentials: cannot be used, because what it has for registry.example is an access token of Google Cloud, which expires after one hour: nodes could not pull any more. Give the nodes an identity that may pull, or set credentials that do not expire",
  ]);
});

describe("credentials for pulling that expire are recognised", () => {
  const jwt = (claims: object) =>
    ["{}", JSON.stringify(claims), "signature"].map((part) => Buffer.from(part).toString("base64url")).join(".");
  test.each([
    ["111122223333.dkr.ecr.eu-central-1.amazonaws.com", "AWS", "x", "is a login for Amazon ECR, which expires after 12 hours"],
    ["111122223333.dkr-ecr.eu-central-1.on.aws", "AWS", "x", "is a login for Amazon ECR, which expires after 12 hours"],
    ["europe-docker.pkg.dev", "oauth2accesstoken", "x", "is an access token of Google Cloud, which expires after one hour"],
    ["acme.azurecr.io", "00000000-0000-0000-0000-000000000000", "x", "is a login of az acr login, which expires after 3 hours"],
    ["ghcr.io", "acme", "ghs_x", "is a token of a GitHub App or a workflow run, which expires after one hour or with the run"],
    ["registry.gitlab.com", "gitlab-ci-token", "x", "is the token of a GitLab job, which expires with the job"],
    ["registry.example", "<token>", "x", "is an identity token, which the registry exchanges for one that expires"],
    ["registry.example", "a", jwt({ exp: 1_700_000_000 }), "is a token that expires (2023-11-14T22:13:20.000Z)"],
    ["registry.example", "a", jwt({ sub: "a" }), undefined],
    ["registry.example", "a", "a.b.c", undefined],
    ["registry.example", "AWS", "x", undefined],
    ["ghcr.io", "acme", "ghp_x", undefined],
    ["europe-docker.pkg.dev", "_json_key", "{}", undefined],
    ["registry.gitlab.com", "gitlab+deploy-token-1", "gldt-x", undefined],
  ])("%s as %s", (host, username, password, why) => {
    expect(whyShortLived({ host, username, password })).toBe(why);
  });

  test("among those of Docker, which may also be missing", () => {
    const settings = { ...base, pullCredentials: { fromDocker: true } };
    expect(problemsWithStoredCredentials(settings)).toEqual([
      "is true, and Docker has no credentials for registry.example on this machine. Run slipway login registry.example, or set username and password",
    ]);
    writeFileSync("config.json", JSON.stringify({ auths: { "registry.example": { auth: encode("gitlab-ci-token:x") } } }));
    expect(problemsWithStoredCredentials(settings)).toEqual([expect.stringContaining("is the token of a GitLab job")]);
    writeFileSync("config.json", JSON.stringify({ auths: { "registry.example": { auth: encode("a:b") } } }));
    expect(problemsWithStoredCredentials(settings)).toEqual([]);
  });
});

test("the user of the registry is that of the settings, otherwise of the environment, otherwise Docker's", () => {
  const { certificate } = selfSigned("registry.example");
  writeFileSync("ca.pem", certificate);
  expect(accessOf({})).toBeUndefined();
  expect(accessOf(base)).toEqual({ host: "registry.example", access: {} });
  vi.stubEnv("SLIPWAY_REGISTRY_USERNAME", "robot");
  vi.stubEnv("SLIPWAY_REGISTRY_PASSWORD", "pa55");
  expect(accessOf({ ...base, registryAccess: { ca: "ca.pem" } })!.access).toEqual({ username: "robot", password: "pa55", ca: certificate });
  expect(accessOf({ ...base, registryAccess: { ...puller, plainHttp: true } })!.access).toEqual({ ...puller, plainHttp: true });
});

describe("the registry of a stack", () => {
  const configMap = "GET /api/v1/namespaces/kube-public/configmaps/local-registry-hosting";
  const discovery = { "GET /api/v1": { resources: [{ kind: "ConfigMap", name: "configmaps", namespaced: true }] } };
  async function found(answer: unknown) {
    using api = await new HttpApi().open("tcp");
    api.answers = { ...discovery, [configMap]: answer };
    return await findRegistry({ context: "shop" }, clusterAt(api.host));
  }
  const hosting = (text: string) => ({ data: { "localRegistryHosting.v1": text } });

  test("is the one that the cluster names, with its name for pods", async () => {
    expect(await found(hosting('host: "localhost:5001"\n'))).toEqual({ push: "localhost:5001", pull: "localhost:5001" });
    expect(await found(hosting("host: localhost:32000\nhostFromContainerRuntime: registry:5000\n"))).toEqual({
      push: "localhost:32000",
      pull: "registry:5000",
    });
    for (const none of [hosting("help: https://example.org\n"), hosting("[]"), {}, apiError(404, "not found"), apiError(403, "forbidden")])
      expect(await found(none)).toBeUndefined();
  });

  test("changes the name of what was pushed there, and of nothing else", async () => {
    const target = { push: "localhost:5001", pull: "registry:5000" };
    const pulled = (ref: string) =>
      (imageAsPulled(target, ref) as pulumi.Output<string>).apply((text) => text) as unknown as { promise(): Promise<string> };
    expect(await pulled("localhost:5001/web@sha256:1").promise()).toBe("registry:5000/web@sha256:1");
    expect(await pulled("localhost:50010/web@sha256:1").promise()).toBe("localhost:50010/web@sha256:1");
    expect(imageAsPulled({ push: "a", pull: "a" }, "a/web")).toBe("a/web");
  });
});

describe("before an up, the registry is asked whether it accepts the images", () => {
  const services = { web: { source: "app" }, db: { image } };
  const jobs = { migrate: { source: "app", calls: ["db"] } };
  // The cluster is not asked for anything here.
  const ask = (push: string, more: object = {}) => {
    const configuration = { kubernetes: { ...base, registry: push, ...more }, services, jobs };
    return problemsWithRegistry(configuration as unknown as Configuration & { kubernetes: typeof base }, undefined as never);
  };
  const upload = (name: string) => `POST /v2/team/${name}/blobs/uploads/`;

  test("for each image that is built, and the upload is cancelled", async () => {
    using registry = await new HttpApi().open("tcp");
    const host = registry.host.replace("http://", "");
    const accepted = new Answer(202, "", { location: "/v2/uploads/1" });
    registry.answers = { "GET /v2/": {}, "DELETE /v2/uploads/1": {} };
    for (const name of ["web", "migrate", "slipway-helper"]) registry.answers[upload(name)] = accepted;
    expect(await ask(`${host}/team`)).toEqual([]);
    const calls = registry.changes.map(({ call }) => call);
    expect(calls.filter((call) => call.startsWith("POST")).sort()).toEqual(["migrate", "slipway-helper", "web"].map(upload));
    expect(calls.filter((call) => call === "DELETE /v2/uploads/1")).toHaveLength(3);
    delete registry.answers[upload("web")];
    registry.answers[upload("migrate")] = new Answer(403, "{}");
    registry.answers[upload("slipway-helper")] = new Answer(403, "{}");
    expect(await ask(`${host}/team`)).toEqual([
      `slipway:kubernetes.registry: ${host} does not have a place for ${host}/team/web. Create the repository or project there, or correct the registry.`,
      `slipway:kubernetes.registry: ${host} does not allow a push to ${host}/team/migrate, ${host}/team/slipway-helper with these credentials. Run slipway login ${host} as a user who may push, or set registryAccess.username and password.`,
    ]);
  });

  test("and one that does not answer, and a file without certificates are reported", async () => {
    expect(await ask("registry.invalid/team")).toEqual([
      "slipway:kubernetes.registry: the host name registry.invalid is unknown. Correct the registry, or connect to its network or VPN.",
    ]);
    expect(await ask("127.0.0.1:1/team")).toEqual([
      expect.stringMatching(
        /^slipway:kubernetes\.registry: 127\.0\.0\.1:1 cannot be asked whether it accepts a push to 127\.0\.0\.1:1\/team\/web, .* \(.*connection refused.*\)\. Make sure that this machine reaches it\.$/,
      ),
    ]);
    writeFileSync("ca.pem", "none");
    for (const ca of ["ca.pem", "missing.pem"])
      expect(await ask("registry.invalid/team", { registryAccess: { ca } })).toEqual([
        `slipway:kubernetes.registryAccess.ca: must be a file with certificates in PEM form (got "${ca}"). Correct the path, which is relative to the project.`,
      ]);
  });
});

describe("images that are loaded into nodes", () => {
  const nodes = (...all: [name: string, address: string, runtime?: string][]) => ({
    items: all.map(([name, address, runtime = "containerd://2.1.0"]) => {
      const nodeInfo = { containerRuntimeVersion: runtime };
      return { metadata: { name }, status: { addresses: [{ type: "InternalIP", address }], nodeInfo } };
    }),
  });
  const container = (Id: string, IPAddress: string) => ({ Id, NetworkSettings: { Networks: { kind: { IPAddress } } } });

  /** What is found in a cluster with these nodes. Docker has the containers kind-control-plane, 172.18.0.2, and other, 172.18.0.3. */
  async function found(answer: unknown) {
    using api = await new HttpApi().open("tcp");
    using docker = await new HttpApi().open();
    vi.stubEnv("DOCKER_HOST", docker.host);
    api.answers = { "GET /api/v1": { resources: [{ kind: "Node", name: "nodes", namespaced: false }] }, "GET /api/v1/nodes": answer };
    docker.answers = {
      "GET /containers/json": [container("1", "172.18.0.2"), container("2", "172.18.0.3")],
      "GET /containers/1/json": { Name: "/kind-control-plane", Config: { Hostname: "kind-control-plane" } },
      "GET /containers/2/json": { Name: "/other", Config: { Hostname: "2" } },
    };
    return await dockerNodesOf(clusterAt(api.host));
  }

  test("need nodes that are containers here, with the same name and address", async () => {
    expect(await found(nodes(["kind-control-plane", "172.18.0.2"]))).toEqual({ containers: ["kind-control-plane"] });
    expect(await found(nodes(["kind-control-plane", "172.18.0.2"], ["other", "172.18.0.3"], ["away", "10.0.0.1"]))).toEqual({
      problem: "these nodes are no containers of this machine's Docker Engine: away, other. Set registry instead",
    });
    expect(await found(nodes(["kind-control-plane", "172.18.0.2", "docker://28.0.4"]))).toEqual({
      problem: "needs nodes with containerd (got docker://28.0.4). Create the cluster with containerd, or set registry",
    });
    expect(await found(apiError(403, "forbidden"))).toEqual({
      problem: "the nodes cannot be listed with these rights. Get the right to list nodes, or set registry",
    });
  });

  test("have a name that no registry has, and are built by Go", async () => {
    const program = async () => {
      pulumi.runtime.setAllConfig({
        "slipway:platform": "kubernetes",
        "slipway:services": JSON.stringify({ web: { source: resolve(import.meta.dirname, "../../../app") } }),
        "slipway:kubernetes": JSON.stringify({ context: "shop", loadImages: true }),
      });
      return withoutPreflight(slipway);
    };
    const { resources } = await record(program, {
      outputs: { "pulumi-nodejs:dynamic/slipway:NodeImage": ({ inputs }) => ({ ref: `${inputs["repository"]}@${inputs["digest"]}` }) },
    });
    const { inputs } = resources.find(({ type }) => type === "pulumi-nodejs:dynamic/slipway:NodeImage")!;
    expect([inputs["repository"], inputs["nodes"]]).toEqual(["slipway.local/slipway-test/web", []]);
    const services = { web: { source: "app", builder: "dockerfile" } };
    const kubernetes = { ...base, loadImages: true };
    const { problems } = await checkSettings({ platform: "kubernetes", services, kubernetes }, loadPlatform);
    expect(problems.map(({ path, message }) => `${path.join(".")}: ${message}`)).toEqual([
      "kubernetes.loadImages: cannot be combined with registry. Remove one of them",
      "services.web.builder: must be go, because kubernetes.loadImages loads only such images. Set registry instead of loadImages",
    ]);
  });
});

test.each([
  [{ registry: "127.0.0.1:5000/shop" }, true],
  [{ registry: "localhost:5000" }, true],
  [{ registry: "[::1]:5000/shop" }, true],
  [{ loadImages: true }, true],
  [{}, true],
  [{ registry: "ghcr.io/acme/shop" }, false],
  [{ registry: "localhost.example.org/shop" }, false],
  [{ registry: "10.0.0.1:5000/127.0.0.1" }, false],
])("images of %j are on this machine: %s", (settings, expected) => {
  expect(isOnThisMachine({ context: "shop", ...settings })).toBe(expected);
  expect(imageDefaults({ kubernetes: { context: "shop", ...settings } } as Configuration)).toEqual(expected ? { compression: "none" } : {});
});

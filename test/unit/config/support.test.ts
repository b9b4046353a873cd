import { checkSettings, stackFileSchema } from "../../../config/load.ts";
import { dockerPlatforms, kubernetesPlatforms, problemsWithSupport, support } from "../../../config/support.ts";

interface Node {
  properties?: Record<string, Node>;
  additionalProperties?: Node | boolean;
  items?: Node;
  enum?: string[];
}

const schema = stackFileSchema() as { properties: { config: { properties: Record<string, Node> } } };
const config = schema.properties.config.properties;

/** Paths of all that a service may set, with `*` for any name. */
function leaves(node: Node, path: string[] = []): string[] {
  if (node.properties) return Object.entries(node.properties).flatMap(([key, below]) => leaves(below, [...path, key]));
  const any = node.items ?? (typeof node.additionalProperties === "object" ? node.additionalProperties : undefined);
  if (any?.properties) return leaves(any, [...path, "*"]);
  return [path.join(".")];
}

const all = leaves((config["slipway:services"] as { additionalProperties: Node }).additionalProperties);
const isAbove = (key: string, leaf: string) => leaf === key || leaf.startsWith(`${key}.`);

test("the table decides on every key of a service, and has none that there is not", () => {
  expect(all.filter((leaf) => !Object.keys(support).some((key) => isAbove(key, leaf)))).toEqual([]);
  expect(Object.keys(support).filter((key) => !all.some((leaf) => isAbove(key, leaf)))).toEqual([]);
  // Each cell says how, or why not.
  const mute = Object.entries(support).flatMap(([key, cells]) =>
    dockerPlatforms.filter((p) => cells[p].how === undefined && cells[p].refuse === undefined).map((p) => `${key} ${p}`),
  );
  expect(mute).toEqual([]);
});

test("every platform is either Kubernetes' or Docker's", () => {
  expect(config["slipway:platform"]?.enum).toEqual(["local", "docker", "swarm", "eks"]);
  expect([...kubernetesPlatforms, ...dockerPlatforms].sort()).toEqual(["docker", "eks", "local", "swarm"]);
});

test("what a platform does not have is refused by path, with those that do and the way out", async () => {
  const service = {
    source: "app",
    host: "web.localhost",
    autoscaling: { maxReplicas: 3 },
    nodeSelector: { disk: "ssd" },
    network: { destinations: [{ cidr: "0.0.0.0/0" }, { cidr: "10.0.0.0/8", ports: [443] }] },
    tls: { secretName: "web-tls" },
    volumes: { data: { kind: "persistent", mountPath: "/data", size: "1Gi", storageClass: "fast", accessMode: "ReadWriteMany" } },
  };
  const { problems } = await checkSettings({ platform: "docker", services: { web: service } });
  expect(problems).toEqual([
    "services.web.network.destinations[1].cidr: docker does not have this, local, eks do: there is a way out to anywhere or to nowhere; set 0.0.0.0/0 or ::/0",
    "services.web.network.destinations[1].ports: docker does not have this, local, eks do: networks of Docker do not tell ports apart; leave it out",
    "services.web.tls.secretName: docker does not have this, local, eks do: there are no Secrets; put certificates into docker.certificates",
    "services.web.autoscaling: docker does not have this, local, eks do: Docker does not follow the load; set replicas",
    "services.web.nodeSelector: docker does not have this, local, eks, swarm do: there is one machine; leave it out",
    "services.web.volumes.data.storageClass: docker does not have this, local, eks do: there are no StorageClasses; set a driver in docker.volumes",
  ]);
});

test("what only tunes Kubernetes and holds anyway is taken", () => {
  const service = { topologySpread: "preferred", ingressClassName: "traefik", expose: "ingress", network: { isolated: false } };
  for (const platform of dockerPlatforms) expect(problemsWithSupport(platform, { web: service })).toEqual([]);
});

test.each(dockerPlatforms)("settings of %s that lead nowhere are refused", async (platform) => {
  const web = { source: "app", volumes: { cache: { kind: "emptyDir", mountPath: "/cache", size: "1Mi" } } };
  const settings = {
    host: "ssh://deploy@host.example",
    ports: { http: 80, https: 80 },
    networks: { lan: { services: ["web", "nobody"] } },
    volumes: { "web.cache": {} },
  };
  const { problems } = await checkSettings({ platform, services: { web }, [platform]: settings });
  expect(problems).toEqual([
    `${platform}.ports.https: http and https must be different ports (got 80)`,
    `${platform}.networks.lan.services[1]: must be a service of the stack (got "nobody"). Known services: web`,
    `${platform}.registry: is required, because the Docker host is another machine (ssh://deploy@host.example). Set a registry that both machines can reach`,
    `${platform}.volumes.web.cache: must be <service>.<volume> of a persistent volume. Known volumes: none`,
  ]);
  expect((await checkSettings({ platform, services: { web }, [platform]: { host: "host.example" } })).problems).toEqual([
    `${platform}.host: must be an endpoint of a Docker engine such as "ssh://deploy@host.example" (got "host.example")`,
  ]);
});

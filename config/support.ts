import type { Problem } from "../lib/problem.ts";

/** Platforms whose services Kubernetes runs: they have everything. */
export const kubernetesPlatforms = ["local", "eks"];

/** The others. */
export const dockerPlatforms = ["docker", "swarm"] as const;
export type DockerPlatform = (typeof dockerPlatforms)[number];

/** What becomes of a key of a service: how it is honoured, or why and with what remedy (some of) its values are refused. */
interface Cell {
  how?: string;
  refuse?: (value: unknown) => string | undefined;
}

const same: Cell = { how: "the same" };
const as = (how: string): Cell => ({ how });
const no = (why: string): Cell => ({ refuse: () => why });
const only = (values: unknown[], how: string, why: string): Cell => ({ how, refuse: (v) => (values.includes(v) ? undefined : why) });

const noApi = "there is no Kubernetes API; leave it out";
const noNodes = "there is one machine; leave it out";
const anyAddress = ["0.0.0.0/0", "::/0"];
const wayOut = only(anyAddress, "a way out to anywhere", `there is a way out to anywhere or to nowhere; set ${anyAddress.join(" or ")}`);

/**
 * Every key of a service, and what it means where Docker runs it: rules, README and docs/DOCKER.md come from this one table.
 * A key stands for those below it that are not listed; `*` is any name.
 */
export const support: Record<string, Record<DockerPlatform, Cell>> = {
  source: { docker: same, swarm: same },
  image: { docker: same, swarm: same },
  builder: { docker: same, swarm: same },
  package: { docker: same, swarm: same },
  platforms: { docker: same, swarm: same },
  version: { docker: same, swarm: same },
  port: { docker: same, swarm: same },
  ports: { docker: same, swarm: same },
  calls: { docker: as("networks that only callers share"), swarm: as("overlay networks that only callers share") },
  "network.isolated": { docker: as("false: all services may call it, and it has a way out"), swarm: as("as on docker") },
  "network.peers": {
    docker: no("there are no namespaces; name an existing network and the service in docker.networks"),
    swarm: no("there are no namespaces; name an existing network and the service in swarm.networks"),
  },
  "network.destinations.*.service": { docker: as("as calls"), swarm: as("as calls") },
  "network.destinations.*.cidr": { docker: wayOut, swarm: wayOut },
  "network.destinations.*.ports": {
    docker: no("networks of Docker do not tell ports apart; leave it out"),
    swarm: no("networks of Docker do not tell ports apart; leave it out"),
  },
  "network.ingressController": {
    docker: no("the proxy is the stack's own; leave it out"),
    swarm: no("the proxy is the stack's own; leave it out"),
  },
  "network.ingressCidrs": {
    docker: no("the proxy is the stack's own; leave it out"),
    swarm: no("the proxy is the stack's own; leave it out"),
  },
  "network.dnsAnywhere": {
    docker: no("Docker answers names itself; leave it out"),
    swarm: no("Docker answers names itself; leave it out"),
  },
  serviceAccount: { docker: no(noApi), swarm: no(noApi) },
  expose: {
    docker: only(["ingress", "none"], "ingress: by Traefik", "there is no Gateway API; set ingress or none"),
    swarm: only(["ingress", "none"], "ingress: by Traefik", "there is no Gateway API; set ingress or none"),
  },
  host: { docker: same, swarm: same },
  routes: { docker: same, swarm: same },
  "tls.secretName": {
    docker: no("there are no Secrets; put certificates into docker.certificates"),
    swarm: no("there are no Secrets; put certificates into swarm.certificates"),
  },
  "tls.clusterIssuer": {
    docker: no("there is no cert-manager; put certificates into docker.certificates"),
    swarm: no("there is no cert-manager; put certificates into swarm.certificates"),
  },
  "tls.redirect": { docker: same, swarm: same },
  ingressClassName: {
    docker: only(["traefik"], "traefik", "the proxy is Traefik; leave it out"),
    swarm: only(["traefik"], "traefik", "the proxy is Traefik; leave it out"),
  },
  connectRetries: { docker: same, swarm: same },
  ingressAnnotations: { docker: no("there is no Ingress; leave it out"), swarm: no("there is no Ingress; leave it out") },
  awaitAddress: { docker: no("there is no Ingress; leave it out"), swarm: no("there is no Ingress; leave it out") },
  gateway: { docker: no("there is no Gateway API; leave it out"), swarm: no("there is no Gateway API; leave it out") },
  kind: { docker: same, swarm: as("stateful: a volume and a host name for each slot") },
  replicas: { docker: same, swarm: same },
  autoscaling: {
    docker: no("Docker does not follow the load; set replicas"),
    swarm: no("Swarm does not follow the load; set replicas"),
  },
  maxUnavailable: { docker: no(noNodes), swarm: no("Swarm takes all tasks off a node that is drained; leave it out") },
  topologySpread: {
    docker: only(["preferred", "none"], "preferred and none: there is one machine", "there is one machine; set preferred"),
    swarm: only(
      ["preferred"],
      "preferred: over nodes, and over what swarm.spread names",
      "Swarm spreads as evenly as there is room; set preferred",
    ),
  },
  "rollout.maxSurge": { docker: as("how many new replicas start at a time"), swarm: as("how many tasks are replaced at a time") },
  "rollout.minReadySeconds": { docker: same, swarm: same },
  "rollout.progressDeadlineSeconds": { docker: same, swarm: same },
  probes: { docker: as("the health check, by a program of Slipway's"), swarm: as("the health check, by a program of Slipway's") },
  shutdown: { docker: same, swarm: as("sleepSeconds: the 2 s that Swarm takes itself") },
  "resources.cpu": { docker: as("CPU shares"), swarm: as("a reservation") },
  "resources.cpuLimit": { docker: same, swarm: same },
  "resources.memory": { docker: as("a soft limit"), swarm: as("a reservation") },
  "resources.memoryLimit": { docker: same, swarm: same },
  "resources.ephemeralStorage": {
    docker: no("the root is read-only, logs rotate, and emptyDir volumes have a size; leave it out"),
    swarm: no("the root is read-only, logs rotate, and emptyDir volumes have a size; leave it out"),
  },
  "resources.ephemeralStorageLimit": {
    docker: no("the root is read-only, logs rotate, and emptyDir volumes have a size; leave it out"),
    swarm: no("the root is read-only, logs rotate, and emptyDir volumes have a size; leave it out"),
  },
  priorityClassName: { docker: no("there are no priorities; leave it out"), swarm: no("there are no priorities; leave it out") },
  nodeSelector: { docker: no(noNodes), swarm: as("constraints on labels of nodes") },
  tolerations: { docker: no(noNodes), swarm: no("nodes have no taints; name labels in nodeSelector") },
  affinity: { docker: no(noNodes), swarm: no("there are constraints alone; name labels in nodeSelector") },
  command: { docker: same, swarm: same },
  args: { docker: same, swarm: same },
  aws: { docker: no("there is no AWS; leave it out"), swarm: no("there is no AWS; leave it out") },
  user: {
    docker: no("files and volumes are those of the user 65532; leave it out"),
    swarm: no("files and volumes are those of the user 65532; leave it out"),
  },
  env: { docker: same, swarm: same },
  secretEnv: { docker: as("variables; who may use the engine can read them"), swarm: as("variables; managers can read them") },
  envFromSecret: {
    docker: no("there are no Secrets; put values into secretEnv"),
    swarm: no("there are no Secrets; put values into secretEnv"),
  },
  files: { docker: same, swarm: as("configs, a new one for each content") },
  secretFiles: { docker: as("files in a volume of the container's own"), swarm: as("secrets, a new one for each content") },
  secretFolders: {
    docker: no("there are no Secrets; put files into secretFiles"),
    swarm: no("there are no Secrets; put files into secretFiles"),
  },
  "volumes.*.kind": {
    docker: as("emptyDir: in memory; persistent: a named volume"),
    swarm: as("emptyDir: in memory; persistent: a named volume on each node"),
  },
  "volumes.*.mountPath": { docker: same, swarm: same },
  "volumes.*.size": {
    docker: as("of an emptyDir; nothing bounds a persistent one"),
    swarm: as("of an emptyDir; nothing bounds a persistent one"),
  },
  "volumes.*.storageClass": {
    docker: no("there are no StorageClasses; set a driver in docker.volumes"),
    swarm: no("there are no StorageClasses; set a driver in swarm.volumes"),
  },
  "volumes.*.accessMode": { docker: same, swarm: as("ReadWriteMany needs a driver in swarm.volumes that shares over nodes") },
};

/** What the services of a stack ask of a platform that it does not have. */
export function problemsWithSupport(platform: DockerPlatform, services: Record<string, object>): Problem[] {
  return Object.entries(services).flatMap(([service, given]) =>
    Object.entries(support).flatMap(([key, cells]) =>
      valuesAt(given, key.split(".")).flatMap(({ path, value }) => {
        const cell = cells[platform];
        const why = cell.refuse?.(value);
        const there = dockerPlatforms.filter((other) => !support[key]![other].refuse?.(value));
        const has = [...(key === "aws" ? ["eks"] : kubernetesPlatforms), ...there].join(", ");
        return why === undefined
          ? []
          : [
              {
                path: ["services", service, ...path],
                message: `${platform} does not have this, ${has} ${has.includes(",") ? "do" : "does"}: ${why}`,
              },
            ];
      }),
    ),
  );
}

/** What is given at a path, wherever its `*` leads. */
function valuesAt(value: unknown, path: string[]): { path: (string | number)[]; value: unknown }[] {
  const [key, ...rest] = path;
  if (value === undefined) return [];
  if (key === undefined) return [{ path: [], value }];
  if (value === null || typeof value !== "object") return [];
  const keys = key === "*" ? Object.keys(value) : [key];
  const at = (k: string) => (Array.isArray(value) ? Number(k) : k);
  return keys.flatMap((k) =>
    valuesAt((value as Record<string, unknown>)[k], rest).map((found) => ({ ...found, path: [at(k), ...found.path] })),
  );
}

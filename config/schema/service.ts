import { z } from "zod";
import { defaultDockerfile, ImageBuilder } from "../../components/image-builder.ts";
import {
  AccessMode,
  Exposure,
  ProbeKind,
  Protocol,
  TolerationEffect,
  TolerationOperator,
  TopologySpread,
  VolumeKind,
  WorkloadKind,
} from "../../components/web-service-enums.ts";
import { baselineCapabilities, rootCapabilities, SecurityLevel } from "../../lib/security-level.ts";
import { goMemoryShare, graceMarginSeconds, serviceDefaults as defaults, writableRootSize } from "../../components/web-service-defaults.ts";
import { isById } from "../../lib/image-reference.ts";
import { always, onDockerAndSwarm, required, setting, unsupported, type Support } from "./setting.ts";

// The one definition of a service. What values must satisfy beyond their shape is in components/rules/web-service.ts, because programs must
// satisfy it too. components/service-args.ts, stacks/schema.json and the tables in docs/ are generated from this file (npm run fix).

const text = z.string().min(1);
const quantity = z.string();
const seconds = z.int().min(0);
const labels = z.record(text, z.string());
const port = z.int();
/** A part of a Kubernetes object, as its API has it. */
const manifest = z.record(z.string(), z.unknown());

const noKubernetes = unsupported("there is no Kubernetes API. Remove it");
const noSecrets = (instead: string) => unsupported(`there are no Kubernetes Secrets. ${instead}`);
const noGateway = unsupported("there is no Gateway API. Remove it");
const noIngress = unsupported("there is no Ingress. Remove it");
const oneHost = unsupported("there is one machine. Remove it");
const ownProxy = unsupported("the stack has its own proxy. Remove it");
const diskLimit = unsupported("the root file system is read-only, logs are rotated, and emptyDir volumes have a size. Remove it");
const pulled: Support = {
  reject: (value) => (isById(String(value)) ? "images are pulled from registries. Push it, and set its name there" : undefined),
};
const anyAddress = ["0.0.0.0/0", "::/0"];
const allOrNothing: Support = {
  how: "egress to any address",
  reject: (value) =>
    anyAddress.includes(String(value)) ? undefined : `egress is to any address or to none. Set ${anyAddress.join(" or ")}`,
};

/** Names are replaced when a stack file is read, if the service has an existing image. */
const userId = {
  error: ({ input }: { input?: unknown }) =>
    `must be a user ID such as 1000, or for an existing image a name such as postgres (got ${JSON.stringify(input)}). Set the group in group`,
};

const image = {
  source: setting(text, {
    meaning: "Folder with the Go module or the Dockerfile to build, relative to the project's root",
    stackFileOnly: true,
  }),
  image: setting(text, {
    meaning:
      "Existing image, instead of `source`: by tag, with its digest in the lock file (`slipway lock`), or by digest. On docker also an image that only the Docker Engine has",
    example: `registry.example/web@sha256:${"0".repeat(64)}`,
    on: { local: pulled, swarm: pulled, kubernetes: pulled, eks: pulled },
    stackFileOnly: true,
  }),
  builder: setting(z.enum(ImageBuilder), {
    meaning: "How `source` becomes an image: go uses the Go toolchain alone, dockerfile the Dockerfile in `source`",
    default: ImageBuilder.Go,
    stackFileOnly: true,
  }),
  dockerfile: setting(
    z.strictObject({
      file: setting(text, {
        meaning: "The Dockerfile, relative to `source`",
        default: defaultDockerfile,
        example: "build/Dockerfile",
        stackFileOnly: true,
      }),
      target: setting(text, {
        meaning: "Stage of the Dockerfile to build",
        without: "the last one",
        example: "production",
        stackFileOnly: true,
      }),
      args: setting(z.record(text, z.string()), {
        meaning: "Values of the Dockerfile's ARGs. Whoever can pull the image can read them",
        without: "those in the Dockerfile",
        example: { GO_VERSION: "1.26" },
        stackFileOnly: true,
      }),
      secrets: setting(z.record(z.string().regex(/^[\w.-]+$/, "must be an id of letters, digits, dots and dashes"), z.string()), {
        meaning:
          "Values of the Dockerfile's secret mounts (`RUN --mount=type=secret,id=…`) by their ids. Needs BuildKit. They are in no layer of the image, and a new value alone builds nothing. Set them with pulumi config set --secret --path",
        without: "none",
        example: { npmrc: "example" },
        stackFileOnly: true,
      }),
    }),
    { meaning: "How the Dockerfile is built. Requires `builder: dockerfile`", stackFileOnly: true },
  ),
  build: setting(
    z.strictObject({
      ldflags: setting(text, {
        meaning:
          "Link flags, as after `-ldflags=`. `{{version}}` (git describe), `{{revision}}` (the commit) and `{{date}}` (its time) are replaced. `version` takes precedence over git",
        without: "none",
        example: "-X main.version={{version}} -X main.commit={{revision}}",
        stackFileOnly: true,
      }),
      tags: setting(z.array(z.string().regex(/^[\w.]+$/, "must be a build tag of letters, digits, dots and underscores")).min(1), {
        meaning: "Build tags",
        without: "none",
        example: ["netgo"],
        stackFileOnly: true,
      }),
      env: setting(z.record(z.string(), z.string()), {
        meaning: "Environment variables of the compiler: `GO…` and `CGO_…`, such as GOEXPERIMENT or GOPRIVATE",
        without: "none",
        example: { GOFLAGS: "-mod=vendor" },
        stackFileOnly: true,
      }),
      assets: setting(z.array(text).min(1), {
        meaning:
          "Files and folders, relative to `source`, that the program reads from its working directory. They are next to it in the image",
        without: "none",
        example: ["ui", "products.json"],
        stackFileOnly: true,
      }),
      base: setting(text, {
        meaning:
          "Image that the program is added to: by tag, with its digest in the lock file (`slipway lock`), or by digest. Its variables and labels are kept; the user and the entrypoint are those of the program",
        without: "CA certificates, a non-root user and an empty /tmp",
        example: `registry.example/distroless/static@sha256:${"0".repeat(64)}`,
        stackFileOnly: true,
      }),
    }),
    {
      meaning: "How the Go toolchain builds the program, and what is in the image besides it. Requires `builder: go`",
      stackFileOnly: true,
    },
  ),
  package: setting(text, {
    meaning: "Package to compile, relative to the module's folder",
    without: "the module's root",
    stackFileOnly: true,
  }),
  platforms: setting(z.array(z.string().regex(/^linux\/[a-z0-9]+(\/v\d+)?$/, 'must be a platform such as "linux/arm64"')).min(1), {
    meaning: "Platforms of the image. Several make a multi-platform image index",
    without: "this machine's, on Linux",
    example: ["linux/amd64", "linux/arm64"],
    stackFileOnly: true,
  }),
  version: setting(
    z.string().regex(/^[A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?$/, 'must be a valid label value: at most 63 letters, digits and ".-_"'),
    {
      meaning: "Version: the value of `main.version` in the program, and a label of every object",
      without: "none",
      example: "1.2.3",
      on: onDockerAndSwarm({ how: "`main.version` in the program" }),
    },
  ),
  command: setting(z.array(z.string()), {
    meaning: "Program to run, instead of the image's entrypoint",
    without: "the image's",
    example: ["/app", "serve"],
    input: true,
  }),
  args: setting(z.array(z.string()), {
    meaning: "Arguments of the program, instead of the image's",
    without: "the image's",
    example: ["--verbose"],
    input: true,
  }),
  workingDir: setting(text, {
    meaning: "Working directory of the program",
    without: "the image's",
    example: "/srv",
  }),
  user: setting(z.union([z.int(), text]).pipe(z.int(userId)), {
    meaning:
      "User ID of the program. In a stack file, with `image`, also a name in the image's passwd file: `slipway lock` looks it up. The user must be able to read the image's files. 0 (root) requires `security.level: baseline`",
    without: `${defaults.user}; with security.level baseline, the image's`,
    example: 1000,
    type: "number",
  }),
  group: setting(z.int(), {
    meaning: "Group ID of the program. It owns the volumes too",
    without: "the ID of the user; for a name, its group in the image's passwd file",
    example: 1001,
  }),
  security: setting(
    z.strictObject({
      level: setting(z.enum(SecurityLevel), {
        meaning:
          "restricted: no root, no capabilities, and a read-only root file system. baseline allows root, the capabilities below and a writable root file system, and requires a reason",
        default: SecurityLevel.Restricted,
        example: "baseline",
        type: "SecurityLevel",
      }),
      reason: setting(text, {
        meaning: "Why the service needs the level baseline. The scorecard and the report show it",
        without: "none, at level restricted",
        example: "The image starts as root to set the owner of its data",
      }),
      capabilities: setting(z.array(z.string()), {
        meaning: `Linux capabilities, at level baseline: ${baselineCapabilities.join(", ")}`,
        without: `${rootCapabilities.join(", ")} for root and the image's user, otherwise none`,
        example: ["CHOWN", "SETGID", "SETUID"],
      }),
      readOnlyRootFilesystem: setting(z.boolean(), {
        meaning: "Whether the program can write to volumes only. false requires level baseline",
        without: "true at level restricted, false at level baseline",
        example: true,
      }),
    }),
    { meaning: "What the program may do on its node", type: "SecurityArgs" },
  ),
};

const network = {
  port: setting(port, {
    meaning: "Port that the program listens on, and the port of its Service. Ports below 1024 need no root. The program gets it as PORT",
    default: defaults.port,
    example: 9090,
    input: true,
  }),
  ports: setting(z.record(text, port), {
    meaning: "Further ports of the container and its Service, by name",
    without: "none",
    example: { metrics: 9100 },
    on: onDockerAndSwarm({ how: "names for probes; every port is reachable in the service's networks", always: true }),
  }),
  publish: setting(
    z.record(
      text,
      z.strictObject({
        port: required(port, { meaning: "Port that clients connect to: on the machine, or on the load balancer", example: 5432 }),
        targetPort: setting(port, {
          meaning: "Port that the program listens on",
          without: "`port` for the name http, the port of the same name in `ports`, otherwise the published port",
          example: 15432,
          input: true,
        }),
        protocol: setting(z.enum(Protocol), {
          meaning: "Transport protocol: TCP or UDP",
          default: defaults.protocol,
          example: "UDP",
          type: "Protocol",
        }),
        sourceRanges: setting(z.array(text).min(1), {
          meaning: "IP ranges of the clients. Required on eks, and the same for all ports of a service",
          without: "any address",
          example: ["203.0.113.0/24"],
          on: {
            local: unsupported("only this machine reaches the port. Remove it"),
            ...onDockerAndSwarm(unsupported("Docker does not filter by address. Remove it, and use a firewall in front of the machine")),
          },
        }),
      }),
    ),
    {
      meaning: "Ports, by name, that clients outside the stack reach directly over TCP or UDP. HTTP needs only a host",
      without: "none",
      example: { postgres: { port: 5432 } },
      type: "Record<string, PublishArgs>",
      on: {
        local: { how: "on 127.0.0.1, through a Service of type NodePort" },
        docker: { how: "on the address of the proxy, which forwards to the replicas" },
        swarm: { how: "as `swarm.publish` says: on every node, or through the routing mesh" },
      },
    },
  ),
  calls: setting(z.array(text), {
    meaning: "Services of the stack that this one calls, by name. Other calls are blocked",
    without: "none",
    on: { docker: { how: "networks that only callers join" }, swarm: { how: "overlay networks that only callers join" } },
    stackFileOnly: true,
  }),
  after: setting(z.array(text), {
    meaning: "Services and jobs that must be ready, or completed, before this one is created or updated, by name",
    without: "none",
    stackFileOnly: true,
  }),
  network: setting(
    z.strictObject({
      isolated: setting(z.boolean(), {
        meaning: "Whether a NetworkPolicy blocks all traffic that is not declared",
        default: true,
        example: false,
        on: onDockerAndSwarm({ how: "false: all services may call it, and it has egress" }),
      }),
      peers: setting(z.array(peer()), {
        meaning: "Pods in other namespaces that may call the service",
        without: "none but the ingress controller",
        example: [{ namespace: "monitoring" }],
        type: "PeerArgs[]",
        on: {
          docker: unsupported("there are no namespaces. Name an existing network and the service in docker.networks"),
          swarm: unsupported("there are no namespaces. Name an existing network and the service in swarm.networks"),
        },
      }),
      destinations: setting(
        z.array(
          z.strictObject({
            service: setting(text, {
              meaning: "Service in the same namespace, by name",
              on: onDockerAndSwarm({ how: "the same as calls" }),
            }),
            cidr: setting(text, {
              meaning: "IP range, such as `0.0.0.0/0` or `10.1.0.0/16`",
              example: "10.1.0.0/16",
              on: onDockerAndSwarm(allOrNothing),
            }),
            ports: setting(z.array(port).min(1), {
              meaning: "TCP ports",
              without: "all",
              example: [443],
              on: onDockerAndSwarm(unsupported("Docker networks do not distinguish ports. Remove it")),
            }),
          }),
        ),
        {
          meaning: "Destinations that the service may send to, besides `calls` and DNS. Each has either `service` or `cidr`",
          without: "none",
          type: "DestinationArgs[]",
        },
      ),
      ingressController: setting(peer(), {
        meaning: "Pods of the ingress controller, which forward external requests",
        without: "Traefik in kube-system; for the class nginx, ingress-nginx",
        example: { namespace: "traefik" },
        type: "PeerArgs",
        on: onDockerAndSwarm(ownProxy),
      }),
      ingressCidrs: setting(z.array(text), {
        meaning: "IP ranges of an ingress controller outside the cluster, such as the subnets of a load balancer",
        without: "none",
        example: ["10.2.0.0/16"],
        on: onDockerAndSwarm(ownProxy),
      }),
      dnsAnywhere: setting(z.boolean(), {
        meaning: "Whether DNS queries may go to any address, for clusters whose DNS server is not a pod",
        default: false,
        example: true,
        on: onDockerAndSwarm(unsupported("Docker itself answers DNS queries. Remove it")),
      }),
    }),
    { meaning: "Network access to and from the pods: blocked unless declared", type: "ServiceNetworkArgs" },
  ),
  serviceAccount: setting(
    z.strictObject({
      annotations: setting(labels, {
        meaning: "Annotations, such as those that a cloud uses to assign an identity",
        without: "none",
        example: { "example.org/role": "reader" },
        input: true,
      }),
      rules: setting(
        z.array(
          z.strictObject({
            apiGroups: required(z.array(z.string()).min(1), { meaning: 'API groups; `""` is the core group', example: [""] }),
            resources: required(z.array(text).min(1), { meaning: "Resources of these groups", example: ["configmaps"] }),
            verbs: required(z.array(text).min(1), { meaning: "Verbs that are allowed", example: ["get"] }),
            resourceNames: setting(z.array(text), { meaning: "Names of the objects", without: "any" }),
          }),
        ),
        {
          meaning: "RBAC rules in the service's namespace. With any, pods get a token",
          without: "none",
          example: [{ apiGroups: [""], resources: ["configmaps"], verbs: ["get"] }],
          type: "PolicyRuleArgs[]",
        },
      ),
    }),
    { meaning: "ServiceAccount of the pods", type: "ServiceAccountArgs", on: onDockerAndSwarm(noKubernetes) },
  ),
  aws: setting(
    z.strictObject({
      policyArns: setting(z.array(text), { meaning: "ARNs of IAM policies", without: "none" }),
      policyDocument: setting(manifest, { meaning: "IAM policy document for these pods", without: "none" }),
    }),
    {
      meaning: "AWS permissions of the pods. They also get egress to AWS, and to any other HTTPS address",
      without: "none",
      on: {
        local: unsupported("it needs AWS. Remove it"),
        kubernetes: unsupported(
          "it needs a cluster that Slipway created. Set serviceAccount.annotations as your cluster's cloud needs them",
        ),
        ...onDockerAndSwarm(unsupported("it needs AWS. Remove it")),
      },
      stackFileOnly: true,
    },
  ),
};

function peer() {
  return z.strictObject({
    namespace: required(text, { meaning: "Namespace of the pods" }),
    podLabels: setting(labels, { meaning: "Labels of the pods", without: "all pods of the namespace" }),
  });
}

const exposure = {
  expose: setting(z.enum(Exposure), {
    meaning: "How the service is exposed outside the cluster: through an Ingress, a Gateway, or not at all",
    without: "ingress if there is a host, otherwise none",
    type: "Exposure",
    on: onDockerAndSwarm(always(["ingress", "none"], "ingress: through Traefik", "there is no Gateway API. Set ingress or none")),
  }),
  host: setting(z.string(), {
    meaning: "Host name of the service outside the cluster",
    without: "none: only other services reach it",
    example: "web.example.org",
    input: true,
  }),
  routes: setting(
    z.array(
      z.strictObject({
        host: required(z.string(), { meaning: "Host name; one leading `*.` matches any name", example: "web.example.org", input: true }),
        path: setting(z.string(), { meaning: "Prefix of the paths", default: defaults.routePath, example: "/api" }),
      }),
    ),
    {
      meaning: "Host names and path prefixes of the service outside the cluster, besides `host`",
      without: "none",
      example: [{ host: "web.example.org", path: "/api" }],
      type: "RouteArgs[]",
    },
  ),
  tls: setting(
    z.strictObject({
      secretName: setting(text, {
        meaning: "Secret of type kubernetes.io/tls in the namespace, where the certificate is or cert-manager stores it",
        without: "<name>-tls",
        example: "certificate",
        input: true,
        on: {
          docker: noSecrets("Put certificates into docker.certificates"),
          swarm: noSecrets("Put certificates into swarm.certificates"),
        },
      }),
      clusterIssuer: setting(text, {
        meaning: "ClusterIssuer of cert-manager (https://cert-manager.io) that issues the certificate",
        without: "the Secret exists",
        example: "letsencrypt",
        input: true,
        on: {
          docker: unsupported("there is no cert-manager. Put certificates into docker.certificates"),
          swarm: unsupported("there is no cert-manager. Put certificates into swarm.certificates"),
        },
      }),
      redirect: setting(z.boolean(), {
        meaning: "Whether HTTP redirects to HTTPS. The ingress class must be traefik, nginx or alb",
        default: true,
        example: false,
      }),
    }),
    { meaning: "TLS for all hosts of the service", without: "plain HTTP", type: "ServiceTlsArgs" },
  ),
  ingressClassName: setting(text, {
    meaning: "Class of the Ingress. TLS redirects and `connectRetries` depend on it, because each controller has its own annotations",
    without: "traefik on local, alb on eks; for the component, the cluster's default class",
    example: "nginx",
    on: onDockerAndSwarm(always(["traefik"], "traefik", "the proxy is Traefik. Remove it")),
  }),
  connectRetries: setting(z.int(), {
    meaning:
      "How often the ingress controller retries a connection to a pod that just ended, every 0.1 s. A request that was sent is not repeated. For the class traefik; nginx retries by itself unless this is 0",
    default: defaults.connectRetries,
    example: 3,
  }),
  ingressAnnotations: setting(labels, {
    meaning: "Annotations of the Ingress",
    without: "only those that `tls` needs",
    example: { "example.org/team": "web" },
    input: true,
    on: onDockerAndSwarm(noIngress),
  }),
  awaitAddress: setting(z.boolean(), {
    meaning: "Whether to wait up to 2 minutes for the ingress controller to publish an address. Some controllers never do",
    without: "true for traefik, nginx, alb and the cluster's default class",
    example: false,
    on: onDockerAndSwarm(noIngress),
  }),
  gateway: setting(
    z.strictObject({
      name: setting(text, { meaning: "Name of the Gateway", without: "the service's", example: "public", input: true }),
      namespace: setting(text, { meaning: "Namespace of the Gateway", without: "the service's", example: "gateways", input: true }),
      className: setting(text, {
        meaning: "GatewayClass of a Gateway that is created for the service",
        without: "the Gateway exists",
        example: "traefik",
        input: true,
      }),
      httpPort: setting(port, { meaning: "HTTP port of a Gateway that is created", default: defaults.gateway.httpPort, example: 8081 }),
      httpsPort: setting(port, { meaning: "HTTPS port of a Gateway that is created", default: defaults.gateway.httpsPort, example: 8444 }),
    }),
    {
      meaning: "Gateway for `expose: gateway` (https://gateway-api.sigs.k8s.io)",
      without: "a Gateway with the service's name in its namespace",
      type: "GatewayArgs",
      on: onDockerAndSwarm(noGateway),
    },
  ),
};

const scaling = {
  kind: setting(z.enum(WorkloadKind), {
    meaning: "stateless: replicas are interchangeable (a Deployment); stateful: each replica has its own name and volumes (a StatefulSet)",
    default: defaults.kind,
    example: "stateful",
    type: "WorkloadKind",
    on: { swarm: { how: "stateful: a volume and a host name for each slot" } },
  }),
  replicas: setting(z.int(), {
    meaning: "Number of replicas. Cannot be combined with `autoscaling`",
    default: defaults.replicas,
    example: 3,
    input: true,
  }),
  autoscaling: setting(
    z.strictObject({
      minReplicas: setting(z.int(), { meaning: "Minimum number of replicas", default: defaults.autoscaling.minReplicas, example: 3 }),
      maxReplicas: required(z.int(), { meaning: "Maximum number of replicas", example: 5 }),
      cpu: setting(z.int(), {
        meaning: "Target average CPU utilization, in percent of the CPU request",
        without: `${defaults.autoscaling.cpu}, unless \`memory\` is set`,
        example: 50,
      }),
      memory: setting(z.int(), {
        meaning: "Target average memory utilization, in percent of the memory request",
        without: "memory is not considered",
        example: 60,
      }),
      scaleDownSeconds: setting(seconds, {
        meaning: "Scale-down stabilization window in seconds",
        default: defaults.autoscaling.scaleDownSeconds,
        example: 60,
      }),
      scaleUpSeconds: setting(seconds, {
        meaning: "Scale-up stabilization window in seconds. Replicas then at most double every 15 s",
        default: defaults.autoscaling.scaleUpSeconds,
        example: 30,
      }),
    }),
    {
      meaning: "Horizontal pod autoscaling, instead of `replicas`",
      without: "a fixed number of replicas",
      example: { maxReplicas: 5 },
      type: "AutoscalingArgs",
      on: {
        docker: unsupported("Docker has no autoscaling. Set replicas"),
        swarm: unsupported("Swarm has no autoscaling. Set replicas"),
      },
    },
  ),
  maxUnavailable: setting(z.int(), {
    meaning: "Maximum number of unavailable replicas while nodes are drained (PodDisruptionBudget), if there are several",
    default: defaults.maxUnavailable,
    example: 2,
    on: { docker: oneHost, swarm: unsupported("Swarm moves all tasks off a drained node. Remove it") },
  }),
  topologySpread: setting(z.enum(TopologySpread), {
    meaning: "How replicas spread over zones and nodes: preferred (as evenly as possible), required (evenly, or they stay pending) or none",
    default: defaults.topologySpread,
    example: "required",
    type: "TopologySpread",
    on: {
      docker: always(["preferred", "none"], "preferred and none: there is one machine", "there is one machine. Set preferred"),
      swarm: always(
        ["preferred"],
        "preferred: over nodes, and over what swarm.spread names",
        "Swarm spreads tasks as evenly as possible. Set preferred",
      ),
    },
  }),
  rollout: setting(
    z.strictObject({
      maxSurge: setting(
        z.union([z.string(), z.int().transform(String)], { error: 'must be a number of replicas or a percentage such as "25%"' }),
        {
          meaning: "Additional replicas during a rollout, as a number or a percentage. Only for kind stateless",
          default: defaults.rollout.maxSurge,
          example: "1",
          type: "string",
          input: true,
          on: { docker: { how: "new replicas that start at a time" }, swarm: { how: "tasks that are replaced at a time" } },
        },
      ),
      minReadySeconds: setting(seconds, {
        meaning: "Seconds that a new replica must be ready before it counts as available",
        default: defaults.rollout.minReadySeconds,
        example: 7,
      }),
      progressDeadlineSeconds: setting(seconds, {
        meaning: "Seconds without progress after which a rollout has failed. Pulumi waits a little longer",
        default: defaults.rollout.progressDeadlineSeconds,
        example: 300,
      }),
    }),
    { meaning: "How a new version replaces the previous one. At no time do fewer than `replicas` serve", type: "RolloutArgs" },
  ),
};

const probe = (which: keyof typeof defaults.probes, meaning: string) => {
  const fallback = defaults.probes[which];
  const count = z.int().min(1);
  return setting(
    z.strictObject({
      path: setting(z.string().startsWith("/", 'must begin with "/"'), {
        meaning: "Path of the request. Only for kind http",
        default: fallback.path,
        example: "/health",
        input: true,
      }),
      port: setting(text, {
        meaning: "Name of the port: http, or one of `ports` and `publish`. Not for kind exec",
        default: fallback.port,
        example: "http",
      }),
      periodSeconds: setting(count, { meaning: "Seconds between two probes", default: fallback.periodSeconds, example: 4 }),
      timeoutSeconds: setting(count, { meaning: "Seconds until a probe times out", default: fallback.timeoutSeconds, example: 3 }),
      failureThreshold: setting(count, {
        meaning: "Consecutive failures after which the probe has failed",
        default: fallback.failureThreshold,
        example: 5,
      }),
    }),
    { meaning, type: "ProbeArgs" },
  );
};

const lifecycle = {
  probes: setting(
    z.strictObject({
      kind: setting(z.enum(ProbeKind), {
        meaning:
          "Kind of all probes: http (a request, answered with 200 to 399), tcp (a connection), exec (a command that exits with 0) or none (for a program that nobody calls)",
        default: defaults.probeKind,
        example: "tcp",
        type: "ProbeKind",
      }),
      command: setting(z.array(z.string()), {
        meaning: "Command and its arguments, for kind exec",
        without: "none",
        example: ["/app", "check"],
      }),
      startup: probe(
        "startup",
        "Startup probe. The other probes wait until it succeeds; a replica that does not start in time is restarted",
      ),
      readiness: probe("readiness", "Readiness probe: succeeds while the replica can take requests"),
      liveness: probe("liveness", "Liveness probe: succeeds unless the replica must be restarted. It must not check dependencies"),
    }),
    {
      meaning: "Health probes",
      type: "ProbesArgs",
      on: onDockerAndSwarm({ how: "the health check, run by Slipway's helper" }),
    },
  ),
  shutdown: setting(
    z.strictObject({
      sleepSeconds: setting(seconds, {
        meaning: "Seconds between removal from the Service and SIGTERM, in which proxies notice the removal",
        default: defaults.shutdown.sleepSeconds,
        example: 3,
        on: { swarm: unsupported("Swarm itself waits about 2 s before SIGTERM. Remove it") },
      }),
      drainSeconds: setting(seconds, {
        meaning: "Seconds that the program has from SIGTERM to its exit",
        default: defaults.shutdown.drainSeconds,
        example: 40,
      }),
      gracePeriodSeconds: setting(seconds, {
        meaning: "Seconds until the replica is killed",
        without: `sleepSeconds + drainSeconds + ${graceMarginSeconds}`,
        example: 90,
      }),
    }),
    { meaning: "How a replica stops: it leaves the Service, sleeps, gets SIGTERM, and exits", type: "ShutdownArgs" },
  ),
};

const resources = {
  resources: setting(
    z.strictObject({
      cpu: setting(quantity, {
        meaning: "CPU request",
        default: defaults.resources.cpu,
        example: "100m",
        on: { docker: { how: "CPU shares" }, swarm: { how: "a reservation" } },
      }),
      cpuLimit: setting(quantity, { meaning: "CPU limit", without: "none: idle CPU can be used, and nothing is throttled", example: "2" }),
      memory: setting(quantity, {
        meaning: "Memory request",
        default: defaults.resources.memory,
        example: "48Mi",
        on: { docker: { how: "a soft limit" }, swarm: { how: "a reservation" } },
      }),
      memoryLimit: setting(quantity, {
        meaning: `Memory limit. Go's garbage collector gets ${goMemoryShare * 100} % of it as GOMEMLIMIT`,
        without: "the memory request",
        example: "256Mi",
      }),
      ephemeralStorage: setting(quantity, {
        meaning: "Request of ephemeral storage, for logs and emptyDir volumes",
        without: `${defaults.resources.ephemeralStorage}, with a writable root file system ${writableRootSize}, plus the sizes of emptyDir volumes`,
        example: "128Mi",
        on: onDockerAndSwarm(diskLimit),
      }),
      ephemeralStorageLimit: setting(quantity, {
        meaning: "Limit of ephemeral storage. A pod that exceeds it is evicted",
        without: "the request",
        example: "1Gi",
        on: onDockerAndSwarm(diskLimit),
      }),
    }),
    { meaning: "Resource requests and limits, as Kubernetes quantities", type: "ResourcesArgs" },
  ),
  priorityClassName: setting(text, {
    meaning: "PriorityClass of the pods",
    without: "none",
    example: "critical",
    input: true,
    on: onDockerAndSwarm(unsupported("there are no priorities. Remove it")),
  }),
  nodeSelector: setting(labels, {
    meaning: "Labels that nodes must have",
    without: "any node",
    example: { disk: "ssd" },
    input: true,
    on: { docker: oneHost, swarm: { how: "constraints on node labels" } },
  }),
  tolerations: setting(
    z.array(
      z.strictObject({
        key: setting(text, { meaning: "Key of the taint", without: "any" }),
        operator: setting(z.enum(TolerationOperator), {
          meaning: "How `value` is compared",
          without: "Exists if there is no value, otherwise Equal",
          type: "TolerationOperator",
        }),
        value: setting(text, { meaning: "Value of the taint", without: "any" }),
        effect: setting(z.enum(TolerationEffect), { meaning: "Effect of the taint", without: "all", type: "TolerationEffect" }),
      }),
    ),
    {
      meaning: "Node taints that the pods tolerate",
      without: "none",
      example: [{ key: "dedicated", value: "web", effect: "NoSchedule" }],
      type: "TolerationArgs[]",
      on: { docker: oneHost, swarm: unsupported("nodes have no taints. Use labels in nodeSelector") },
    },
  ),
  affinity: setting(
    z.strictObject({ nodeAffinity: manifest.optional(), podAffinity: manifest.optional(), podAntiAffinity: manifest.optional() }),
    {
      meaning: "Affinity, as in the Kubernetes API. See also `topologySpread`",
      without: "none",
      example: { podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [] } },
      type: "k8s.types.input.core.v1.Affinity",
      input: true,
      on: { docker: oneHost, swarm: unsupported("there are only constraints. Use labels in nodeSelector") },
    },
  ),
};

const configuration = {
  env: setting(z.record(z.string(), z.string()), {
    meaning: "Environment variables. Anyone who can see the Deployment can read them, so secrets belong into `secretEnv`",
    without: "none",
    example: { LOG_LEVEL: "debug" },
    input: true,
  }),
  secretEnv: setting(z.record(z.string(), z.string()), {
    meaning: "Environment variables with secret values, kept in a Secret. Set them with pulumi config set --secret --path",
    without: "none",
    example: { TOKEN: "example" },
    input: true,
    on: {
      docker: { how: "variables; anyone with access to Docker can read them" },
      swarm: { how: "variables; managers can read them" },
    },
  }),
  envFromSecret: setting(
    z.record(
      z.string(),
      z.strictObject({
        name: required(text, { meaning: "Name of the Secret", input: true }),
        key: required(text, { meaning: "Key in the Secret", input: true }),
      }),
    ),
    {
      meaning: "Environment variables from existing Secrets",
      without: "none",
      example: { TOKEN: { name: "tokens", key: "web" } },
      type: "Record<string, SecretKeyArgs>",
      on: onDockerAndSwarm(noSecrets("Put values into secretEnv")),
    },
  ),
  files: setting(z.record(z.string(), z.string()), {
    meaning: "Files by absolute path, kept in a ConfigMap",
    without: "none",
    example: { "/etc/web/config.yaml": "a: 1\n" },
    input: true,
    on: { swarm: { how: "configs; a change creates a new one" } },
  }),
  secretFiles: setting(z.record(z.string(), z.string()), {
    meaning: "Files with secret content by absolute path, kept in a Secret",
    without: "none",
    example: { "/etc/web/token": "example" },
    input: true,
    on: { docker: { how: "files in a volume of the container" }, swarm: { how: "secrets; a change creates a new one" } },
  }),
  secretFolders: setting(z.record(z.string(), text), {
    meaning: "Existing Secrets by absolute path: a folder with a file for each key",
    without: "none",
    example: { "/etc/certificates": "certificates" },
    input: true,
    on: onDockerAndSwarm(noSecrets("Put files into secretFiles")),
  }),
  volumes: setting(
    z.record(
      z.string(),
      z.strictObject({
        kind: required(z.enum(VolumeKind), {
          meaning:
            "emptyDir: deleted with the pod; persistent: from a StorageClass, and deleted with its data when it is removed from the settings, except that of a stateful service on Kubernetes",
          type: "VolumeKind",
          on: {
            docker: { how: "emptyDir: in memory; persistent: a named volume" },
            swarm: { how: "emptyDir: in memory; persistent: a named volume on each node" },
          },
        }),
        mountPath: required(z.string(), { meaning: "Absolute path in the container" }),
        size: required(z.string(), {
          meaning: "Size as a Kubernetes quantity; for an emptyDir the size limit",
          on: onDockerAndSwarm({ how: "of an emptyDir; persistent volumes have no limit" }),
        }),
        storageClass: setting(text, {
          meaning: "StorageClass. Only for kind persistent",
          without: "the cluster's default StorageClass",
          example: "fast",
          on: {
            docker: unsupported("there are no StorageClasses. Set a driver in docker.volumes"),
            swarm: unsupported("there are no StorageClasses. Set a driver in swarm.volumes"),
          },
        }),
        accessMode: setting(z.enum(AccessMode), {
          meaning: "Access mode. Only for kind persistent",
          default: defaults.accessMode,
          example: "ReadWriteMany",
          type: "AccessMode",
          on: { swarm: { how: "ReadWriteMany needs a driver in swarm.volumes that shares volumes between nodes" } },
        }),
      }),
    ),
    {
      meaning: "Volumes by name. The root file system is read-only at security.level restricted",
      without: "none",
      example: { cache: { kind: "emptyDir", mountPath: "/cache", size: "64Mi" } },
      type: "Record<string, VolumeArgs>",
    },
  ),
};

/** A service in a stack file. */
export const serviceSettings = z.strictObject({
  ...image,
  ...network,
  ...exposure,
  ...scaling,
  ...lifecycle,
  ...resources,
  ...configuration,
});
export type ServiceSettings = z.infer<typeof serviceSettings>;

/** Whether the service is exposed through an Ingress. */
export function hasIngress({ expose, host, routes = [] }: ServiceSettings): boolean {
  return expose === "ingress" || (expose === undefined && (host !== undefined || routes.length > 0));
}

import { z } from "zod";
import { Exposure, ProbeKind, TopologySpread, VolumeKind, WorkloadKind } from "../../components/web-service-args.ts";
import { ImageBuilder } from "../../components/go-image.ts";

// Shapes and defaults of a service in a stack file. What must hold beyond a value's shape is in
// components/internal/web-service/rules.ts, which programs are held to as well; the arguments' meaning, units and defaults
// are those of components/web-service-args.ts.

const text = z.string().min(1);
const quantity = (meaning: string) => z.string().optional().describe(`${meaning} A Kubernetes quantity.`);
const seconds = (meaning: string) => z.int().min(0).max(86_400).optional().describe(`Seconds ${meaning}`);
const ports = z.record(text, z.int());
const labels = z.record(text, z.string());
const manifest = z.record(z.string(), z.unknown()).optional();
const peer = z.strictObject({
  namespace: text.describe("Namespace of the pods."),
  podLabels: labels.optional().describe("Labels of the pods. Default: all pods of the namespace."),
});

const probe = (path: string) =>
  z
    .strictObject({
      path: z.string().startsWith("/", 'must begin with "/"').optional().describe(`Path that is asked for. Default: ${path}.`),
      port: text.optional().describe("Name of a port: `http`, or one of `ports`. Default: http."),
      tcp: z.boolean().optional().describe("Whether a connection to the port is enough. Default: false."),
      command: z.array(text).min(1).optional().describe("A command that succeeds in the container, instead of a request."),
      periodSeconds: z.int().min(1).optional().describe("Seconds between two requests."),
      timeoutSeconds: z.int().min(1).optional().describe("Seconds until an answer."),
      failureThreshold: z.int().min(1).optional().describe("Failures in a row that count."),
    })
    .optional();

const image = {
  source: text.optional().describe("Folder with the Go module (or the Dockerfile) to build, from the project's root."),
  image: text.optional().describe("An image by digest, instead of a source."),
  builder: z.enum(ImageBuilder).default("go").describe("How `source` becomes an image: the Go toolchain alone, or its Dockerfile."),
  package: text.optional().describe("Package to compile, from the module's folder. Default: the module's root."),
  platforms: z
    .array(z.string().regex(/^linux\/[a-z0-9]+(\/v\d+)?$/, 'must be a platform such as "linux/arm64"'))
    .min(1)
    .optional()
    .describe("Platforms of the image; several make an image index. Default: this machine's, on Linux."),
  version: z
    .string()
    .regex(/^[A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?$/, 'must be at most 63 letters, digits and ".-_", as a label wants it')
    .optional()
    .describe("Handed to the program as `main.version`, and put on everything as a label."),
  command: z.array(z.string()).optional().describe("The program, in the place of the image's entrypoint."),
  args: z.array(z.string()).optional().describe("Its arguments, in the place of the image's."),
  user: z.int().optional().describe("Number of the user and group that it runs as, never 0, which is root. Default: 65532."),
};

const scaling = {
  kind: z.enum(WorkloadKind).optional().describe("stateless: pods are interchangeable; stateful: each has a name and volumes of its own."),
  replicas: z.int().optional().describe("How many pods run. Default: 2."),
  autoscaling: z
    .strictObject({
      minReplicas: z.int().optional().describe("The least pods. Default: 2."),
      maxReplicas: z.int().describe("The most pods."),
      cpu: z.int().optional().describe("CPU that pods are to use on average, in percent of their request. Default: 70."),
      memory: z.int().optional().describe("Memory that pods are to use on average, in percent of their request."),
      scaleDownSeconds: seconds("that the load must be lower before pods are taken away. Default: 300."),
      scaleUpSeconds: seconds("that the load must be higher before pods are added. Default: 0."),
    })
    .optional()
    .describe("Lets the number of pods follow the load, instead of `replicas`."),
  maxUnavailable: z.int().optional().describe("Pods that may be missing at once while nodes are drained. Default: 1."),
  topologySpread: z.enum(TopologySpread).optional().describe("How pods spread over zones and hosts. Default: preferred."),
  rollout: z
    .strictObject({
      maxSurge: z
        .union([z.string(), z.int().transform(String)], { error: 'must be a number of pods or percent such as "25%"' })
        .optional()
        .describe('Pods more than `replicas` during an update, a number or in percent. Default: "25%".'),
      minReadySeconds: seconds("that a new pod must be ready before it counts. Default: 5."),
      progressDeadlineSeconds: seconds("without progress after which an update has failed. Default: 120."),
    })
    .optional()
    .describe("How a new version takes the place of the old one."),
};

const life = {
  probes: z
    .strictObject({
      kind: z.enum(ProbeKind).optional().describe("By an HTTP request, a connection, or a program in the container. Default: http."),
      command: z.array(z.string()).optional().describe("The program and its arguments, for kind: exec."),
      startup: probe("/healthz"),
      readiness: probe("/readyz"),
      liveness: probe("/healthz"),
    })
    .optional()
    .describe("What tells how a pod is."),
  shutdown: z
    .strictObject({
      sleepSeconds: seconds("between leaving the Service and SIGTERM. Default: 10."),
      drainSeconds: seconds("that the program has from SIGTERM to its end. Default: 25."),
      gracePeriodSeconds: seconds("until the pod is killed. Default: sleepSeconds + drainSeconds + 5."),
    })
    .optional()
    .describe("How a pod ends."),
};

const resources = {
  resources: z
    .strictObject({
      cpu: quantity('CPU that a pod is sure of. Default: "50m".'),
      cpuLimit: quantity("Most CPU. Default: none."),
      memory: quantity('Memory that a pod is sure of. Default: "64Mi".'),
      memoryLimit: quantity("Most memory; GOMEMLIMIT is nine tenths of it. Default: as `memory`."),
      ephemeralStorage: quantity("Disk that a pod is sure of. Default: 64Mi and its emptyDir volumes."),
      ephemeralStorageLimit: quantity("Most disk. Default: as `ephemeralStorage`."),
    })
    .optional()
    .describe("What a pod is sure of, and the most it gets."),
  priorityClassName: text.optional().describe("PriorityClass of the pods."),
  nodeSelector: labels.optional().describe("Labels that nodes must have."),
  tolerations: z
    .array(
      z.strictObject({
        key: text.optional(),
        operator: z.enum(["Exists", "Equal"]).optional(),
        value: text.optional(),
        effect: z.enum(["NoSchedule", "PreferNoSchedule", "NoExecute"]).optional(),
      }),
    )
    .optional()
    .describe("Taints of nodes that do not keep the pods away."),
  affinity: z
    .strictObject({ nodeAffinity: manifest, podAffinity: manifest, podAntiAffinity: manifest })
    .optional()
    .describe("Affinity, as Kubernetes has it; see also `topologySpread`."),
};

const configuration = {
  args: z.array(z.string()).min(1).optional().describe("Arguments of the program. Default: the image's."),
  env: z.record(z.string(), z.string()).optional().describe("Environment variables; no place for secrets."),
  secretEnv: z
    .record(z.string(), z.string())
    .optional()
    .describe("Environment variables with secret values: pulumi config set --secret --path 'services.<name>.secretEnv.<variable>'."),
  envFromSecret: z
    .record(z.string(), z.strictObject({ name: text, key: text }))
    .optional()
    .describe("Environment variables from Secrets that exist."),
  files: z.record(z.string(), z.string()).optional().describe("Files by absolute path."),
  secretFiles: z.record(z.string(), z.string()).optional().describe("Files with secret content by absolute path."),
  secretFolders: z.record(z.string(), text).optional().describe("Secrets that exist, as folders with a file per key, by absolute path."),
  volumes: z
    .record(
      z.string(),
      z.strictObject({
        kind: z.enum(VolumeKind).describe("emptyDir: gone with the pod; persistent: kept, by a StorageClass."),
        mountPath: z.string().describe("Where it is in the container."),
        size: z.string().describe("Its size, of an emptyDir the most. A Kubernetes quantity."),
        storageClass: text.optional().describe("Default: the cluster's default StorageClass."),
        accessMode: z
          .enum(["ReadWriteOnce", "ReadWriteOncePod", "ReadWriteMany", "ReadOnlyMany"])
          .optional()
          .describe("Who may use a persistent one at once. Default: ReadWriteOnce."),
      }),
    )
    .optional()
    .describe("Volumes by name; the root file system is read-only."),
};

const network = {
  port: z
    .int()
    .optional()
    .describe(
      "Port that the service listens on, in its container and as a Service; from 1024, for pods have no privileges. Default: 8080.",
    ),
  ports: ports.optional().describe("Further ports by name, from 1024."),
  calls: z.array(text).optional().describe("Services of the stack that this one calls, by name. Nothing else gets through."),
  network: z
    .strictObject({
      isolated: z.boolean().optional().describe("Whether there is a NetworkPolicy. Default: true."),
      peers: z.array(peer).optional().describe("Pods of other namespaces that may call the service."),
      destinations: z
        .array(z.strictObject({ service: text.optional(), cidr: text.optional(), ports: z.array(z.int()).min(1).optional() }))
        .optional()
        .describe("Where the service may send to, beside `calls` and DNS."),
      ingressController: peer.optional().describe("Pods that let requests in from outside. Default: Traefik's."),
      ingressCidrs: z.array(text).optional().describe("Where an ingress controller's requests come from that is no pod."),
      dnsAnywhere: z.boolean().optional().describe("Whether names may be asked of any address. Default: false."),
    })
    .optional()
    .describe("Who may reach the pods, and whom they may reach."),
  serviceAccount: z
    .strictObject({
      annotations: labels.optional().describe("Annotations of the ServiceAccount."),
      rules: z
        .array(
          z.strictObject({
            apiGroups: z.array(z.string()).min(1),
            resources: z.array(text).min(1),
            verbs: z.array(text).min(1),
            resourceNames: z.array(text).optional(),
          }),
        )
        .optional()
        .describe("Rights on the Kubernetes API, in the service's namespace."),
    })
    .optional()
    .describe("The ServiceAccount of the pods."),
  aws: z
    .strictObject({
      policyArns: z.array(text).optional().describe("ARNs of IAM policies."),
      policyDocument: z.record(z.string(), z.unknown()).optional().describe("An IAM policy document for these pods alone."),
    })
    .optional()
    .describe("AWS rights of the pods, on the platform eks; with them they reach AWS, and what else answers HTTPS."),
};

const exposure = {
  expose: z.enum(Exposure).optional().describe("How the outside reaches the service. Default: ingress with a host, else none."),
  host: z.string().optional().describe("Host name that the outside reaches it by. Default: only other services reach it."),
  routes: z
    .array(z.strictObject({ host: z.string(), path: z.string().optional().describe("Beginning of the paths. Default: /.") }))
    .optional()
    .describe("Hosts and paths that the outside reaches it by."),
  tls: z
    .strictObject({
      secretName: text.optional().describe("A Secret with the certificate. Default: <name>-tls."),
      clusterIssuer: text.optional().describe("A ClusterIssuer of cert-manager that provides the certificate."),
      redirect: z.boolean().optional().describe("Whether HTTP answers with a redirect to HTTPS. Default: true."),
    })
    .optional()
    .describe("TLS for all hosts of the service."),
  ingressClassName: text.optional().describe("Default: traefik on the platform local, alb on eks."),
  connectRetries: z.int().optional().describe("How often the ingress controller asks again where it cannot connect to a pod. Default: 10."),
  ingressAnnotations: labels.optional().describe("Annotations of the Ingress."),
  awaitAddress: z.boolean().optional().describe("Whether to wait until an address is published. Default: true for traefik, nginx and alb."),
  gateway: z
    .strictObject({
      name: text.optional().describe("Name of the Gateway. Default: the service's."),
      namespace: text.optional().describe("Its namespace. Default: the service's."),
      className: text.optional().describe("GatewayClass of a Gateway that is made for the service."),
      httpPort: z.int().optional().describe("Its port for HTTP. Default: 80."),
      httpsPort: z.int().optional().describe("Its port for HTTPS. Default: 443."),
    })
    .optional()
    .describe("The Gateway for `expose: gateway`."),
};

/** A service in a stack file. */
export const serviceSettings = z.strictObject({
  ...image,
  ...network,
  ...exposure,
  ...scaling,
  ...life,
  ...resources,
  ...configuration,
});
export type ServiceSettings = z.infer<typeof serviceSettings>;

/** Whether an Ingress lets the outside reach a service. */
export function hasIngress({ expose, host, routes = [] }: ServiceSettings): boolean {
  return expose === "ingress" || (expose === undefined && (host !== undefined || routes.length > 0));
}

import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { recommendedLabels, selectorLabels } from "./internal/labels.ts";
import { problemWithHost, problemWithName } from "./internal/names.ts";
import { restrictedNamespace } from "./internal/restricted-namespace.ts";
import { throwIfAny } from "./internal/user-error.ts";

export interface WebServiceResources {
  /** CPU that a pod is sure of, as a Kubernetes quantity. @default "50m" */
  cpu?: pulumi.Input<string>;
  /** Memory that a pod is sure of, and the most that it gets. @default "64Mi" */
  memory?: pulumi.Input<string>;
}

export interface WebServiceArgs {
  /** The image, by digest: `repository@sha256:…`. */
  image: pulumi.Input<string>;
  /** Port that the program listens on, and the port of the Service. @default 8080 */
  port?: pulumi.Input<number>;
  /** How many pods run. @default 2 */
  replicas?: pulumi.Input<number>;
  /** Host name that an Ingress routes to the service. Decides whether there is one. @default - no Ingress. */
  host?: string;
  /** @default - the cluster's default class. */
  ingressClassName?: pulumi.Input<string>;
  /** Namespace, which must exist. @default - one of its own, with the service's name. */
  namespace?: pulumi.Input<string>;
  /** Environment variables. They are read from the Deployment by whoever may see it: no place for secrets. @default - none. */
  env?: Record<string, pulumi.Input<string>>;
  resources?: WebServiceResources;
  /** Path that answers 200 while the program can take requests. @default "/readyz" */
  readinessPath?: pulumi.Input<string>;
  /** Path that answers 200 while the program need not be started anew. @default "/healthz" */
  livenessPath?: pulumi.Input<string>;
  /** How many pods more than `replicas` a rolling update may start, as a number or in percent. @default "25%" */
  maxSurge?: pulumi.Input<string>;
}

/** Seconds between a pod leaving the Service and SIGTERM: what proxies need to notice. */
const drainSeconds = 5;
/** Seconds that the program has from SIGTERM to its end. */
const shutdownSeconds = 25;
/** Seconds that a rolling update may go without progress, and what Pulumi waits in all. */
const progressSeconds = 120;

/**
 * A stateless HTTP service on Kubernetes: Deployment, Service and, with a host, Ingress, in the strictest security profile.
 * A rolling update never has fewer than `replicas` pods that answer.
 *
 * @example
 * new WebService("web", { image: image.ref, host: "web.example.org", replicas: 3 }, { provider });
 */
export class WebService extends pulumi.ComponentResource {
  /** Namespace that everything is in. */
  declare readonly namespace: pulumi.Output<string>;
  /** Name by which other pods of the namespace reach it, at `port`. */
  declare readonly serviceName: pulumi.Output<string>;
  declare readonly deployment: k8s.apps.v1.Deployment;

  constructor(name: string, args: WebServiceArgs, opts?: pulumi.ComponentResourceOptions) {
    super("slipway:index:WebService", name, {}, opts);
    throwIfAny(validateWebService(name, args), `WebService "${name}":`);
    const child = { parent: this };
    const port = args.port ?? 8080;
    this.namespace = args.namespace === undefined ? restrictedNamespace(name, name, child).metadata.name : pulumi.output(args.namespace);
    const metadata = { name, namespace: this.namespace, labels: recommendedLabels(name) };

    const account = new k8s.core.v1.ServiceAccount(name, { metadata, automountServiceAccountToken: false }, child);

    this.deployment = new k8s.apps.v1.Deployment(
      name,
      {
        metadata,
        spec: {
          replicas: args.replicas ?? 2,
          revisionHistoryLimit: 5,
          progressDeadlineSeconds: progressSeconds,
          selector: { matchLabels: selectorLabels(name) },
          strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: args.maxSurge ?? "25%" } },
          template: {
            metadata: { labels: recommendedLabels(name) },
            spec: {
              serviceAccountName: account.metadata.name,
              automountServiceAccountToken: false,
              enableServiceLinks: false,
              terminationGracePeriodSeconds: drainSeconds + shutdownSeconds,
              securityContext: {
                runAsNonRoot: true,
                runAsUser: 65532,
                runAsGroup: 65532,
                fsGroup: 65532,
                seccompProfile: { type: "RuntimeDefault" },
              },
              containers: [
                {
                  name: "app",
                  image: args.image,
                  imagePullPolicy: "IfNotPresent",
                  ports: [{ name: "http", containerPort: port, protocol: "TCP" }],
                  env: [
                    { name: "PORT", value: pulumi.interpolate`${port}` },
                    ...Object.entries(args.env ?? {}).map(([key, value]) => ({ name: key, value })),
                  ],
                  resources: resourcesOf(args.resources ?? {}),
                  startupProbe: {
                    httpGet: { path: args.livenessPath ?? "/healthz", port: "http" },
                    periodSeconds: 1,
                    failureThreshold: 60,
                  },
                  readinessProbe: {
                    httpGet: { path: args.readinessPath ?? "/readyz", port: "http" },
                    periodSeconds: 2,
                    timeoutSeconds: 2,
                    failureThreshold: 3,
                  },
                  livenessProbe: {
                    httpGet: { path: args.livenessPath ?? "/healthz", port: "http" },
                    periodSeconds: 10,
                    timeoutSeconds: 5,
                    failureThreshold: 3,
                  },
                  lifecycle: { preStop: { sleep: { seconds: drainSeconds } } },
                  securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ["ALL"] } },
                  terminationMessagePolicy: "FallbackToLogsOnError",
                },
              ],
            },
          },
        },
      },
      { ...child, customTimeouts: { create: `${progressSeconds + 30}s`, update: `${progressSeconds + 30}s` } },
    );

    const service = new k8s.core.v1.Service(
      name,
      {
        metadata,
        spec: { type: "ClusterIP", selector: selectorLabels(name), ports: [{ name: "http", port, targetPort: "http", protocol: "TCP" }] },
      },
      child,
    );
    this.serviceName = service.metadata.name;

    if (args.host !== undefined) {
      const backend = { service: { name: this.serviceName, port: { name: "http" } } };
      new k8s.networking.v1.Ingress(
        name,
        {
          metadata,
          spec: {
            ingressClassName: args.ingressClassName,
            rules: [{ host: args.host, http: { paths: [{ path: "/", pathType: "Prefix", backend }] } }],
          },
        },
        { ...child, customTimeouts: { create: "2m", update: "2m" } },
      );
    }
    this.registerOutputs({ namespace: this.namespace, serviceName: this.serviceName });
  }
}

/** What is wrong with the arguments, as far as their values are known. */
export function validateWebService(name: string, args: WebServiceArgs): string[] {
  const problems: string[] = [];
  const check = (field: string, problem: string | undefined) => problem && problems.push(`${field} ${problem}`);
  check("the name", problemWithName(name));
  if (args.host !== undefined) check("host", problemWithHost(args.host));
  if (typeof args.replicas === "number" && !(Number.isInteger(args.replicas) && args.replicas >= 1))
    check("replicas", `must be at least 1, got ${args.replicas}`);
  if (typeof args.port === "number" && !(Number.isInteger(args.port) && args.port >= 1 && args.port <= 65535))
    check("port", `must be from 1 to 65535, got ${args.port}`);
  if (typeof args.image === "string" && !/@sha256:[0-9a-f]{64}$/.test(args.image))
    check("image", `must be named by digest (repository@sha256:…), got "${args.image}"`);
  return problems;
}

function resourcesOf({ cpu = "50m", memory = "64Mi" }: WebServiceResources): k8s.types.input.core.v1.ResourceRequirements {
  return { requests: { cpu, memory, "ephemeral-storage": "16Mi" }, limits: { memory, "ephemeral-storage": "64Mi" } };
}

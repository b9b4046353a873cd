import type * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { recommendedLabels, selectorLabels } from "../labels.ts";
import { nonRootUid } from "../../../lib/non-root.ts";
import type { JobWaitArgs } from "../../job-args.ts";
import type { JobSpec } from "../job/spec.ts";
import type { Configuration } from "./configuration.ts";
import { mainPort, type WebServiceSpec } from "./spec.ts";

type PodSpec = k8s.types.input.core.v1.PodSpec;
type Container = k8s.types.input.core.v1.Container;

/** The pod template of a service. */
export function podTemplate(
  spec: WebServiceSpec,
  configuration: Configuration,
  serviceAccountName: pulumi.Input<string>,
): k8s.types.input.core.v1.PodTemplateSpec {
  const ofPod = {
    terminationGracePeriodSeconds: spec.shutdown.gracePeriodSeconds,
    topologySpreadConstraints: topologySpread(spec),
    sysctls: sysctls(spec),
  };
  const ofContainer = {
    // Without probes, nobody calls the program.
    ports: spec.probes.kind === "none" ? undefined : containerPorts(spec),
    startupProbe: probeOf(spec, "startup"),
    readinessProbe: probeOf(spec, "readiness"),
    livenessProbe: probeOf(spec, "liveness"),
    lifecycle: spec.shutdown.sleepSeconds > 0 ? { preStop: { sleep: { seconds: spec.shutdown.sleepSeconds } } } : undefined,
  };
  return template(spec, configuration, serviceAccountName, ofPod, ofContainer);
}

/** The pod template of a job: nobody calls its pods, and they end by themselves. */
export function jobPodTemplate(
  { pod, waitFor, timeoutSeconds }: JobSpec,
  configuration: Configuration,
  serviceAccountName: pulumi.Input<string>,
): k8s.types.input.core.v1.PodTemplateSpec {
  const initContainers = waitFor && [waitContainer(waitFor, timeoutSeconds, pod.access.isAssigned)];
  return template(pod, configuration, serviceAccountName, { restartPolicy: "Never", initContainers }, {});
}

function waitContainer({ image, addresses }: JobWaitArgs, timeoutSeconds: number, isAssigned: boolean): Container {
  const resources = { cpu: "10m", memory: "32Mi", "ephemeral-storage": "1Mi" };
  return {
    name: "wait",
    image,
    imagePullPolicy: "IfNotPresent",
    args: ["wait", `-timeout=${timeoutSeconds}s`, ...addresses],
    resources: { requests: resources, limits: { memory: resources.memory, "ephemeral-storage": resources["ephemeral-storage"] } },
    securityContext: {
      runAsNonRoot: true,
      ...(!isAssigned && { runAsUser: nonRootUid, runAsGroup: nonRootUid }),
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    },
    terminationMessagePolicy: "FallbackToLogsOnError",
  };
}

/** A pod template in the Pod Security Standard of its level. */
function template(
  spec: WebServiceSpec,
  { env, volumes, mounts, annotations }: Configuration,
  serviceAccountName: pulumi.Input<string>,
  { sysctls, ...ofPod }: Omit<PodSpec, "containers"> & { sysctls?: k8s.types.input.core.v1.PodSecurityContext["sysctls"] },
  ofContainer: Omit<Container, "name">,
): k8s.types.input.core.v1.PodTemplateSpec {
  const own = Object.entries(spec.volumes ?? {});
  const { user, isAssigned, capabilities, readOnlyRootFilesystem } = spec.access;
  // A persistent volume of a StatefulSet comes from its volume claim template, with the same name.
  const declared = own.filter(([, { kind }]) => kind === "emptyDir" || spec.kind === "stateless");
  return {
    metadata: { labels: { ...recommendedLabels(spec), ...identityLabels(spec) }, annotations },
    spec: {
      serviceAccountName,
      automountServiceAccountToken: (spec.serviceAccount?.rules ?? []).length > 0,
      enableServiceLinks: false,
      priorityClassName: spec.priorityClassName,
      nodeSelector: spec.nodeSelector,
      affinity: spec.affinity,
      tolerations: spec.tolerations?.map((t) => ({ ...t, operator: t.operator ?? (t.value === undefined ? "Exists" : "Equal") })),
      ...ofPod,
      securityContext: {
        ...(user ? { runAsNonRoot: user.uid !== 0, runAsUser: user.uid, runAsGroup: user.gid, fsGroup: user.gid } : {}),
        ...(isAssigned && { runAsNonRoot: true }),
        // Otherwise the ownership of a large volume is changed at every start.
        fsGroupChangePolicy: (user || isAssigned) && own.length > 0 ? "OnRootMismatch" : undefined,
        seccompProfile: { type: "RuntimeDefault" },
        sysctls,
      },
      containers: [
        {
          name: "app",
          image: spec.image,
          imagePullPolicy: "IfNotPresent",
          command: spec.command,
          args: spec.args,
          workingDir: spec.workingDir,
          ...ofContainer,
          env,
          resources: resourcesOf(spec),
          securityContext: {
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem,
            capabilities: { drop: ["ALL"], add: capabilities.length > 0 ? capabilities : undefined },
          },
          terminationMessagePolicy: "FallbackToLogsOnError",
          volumeMounts: [...own.map(([name, { mountPath }]) => ({ name, mountPath })), ...mounts],
        },
      ],
      volumes: [...declared.map(([name, { kind, size }]) => volumeOf(spec.name, name, kind, size)), ...volumes],
    },
  };
}

/**
 * The label without which Azure's webhook gives a pod no token for the identity that annotations of its ServiceAccount name,
 * https://azure.github.io/azure-workload-identity/docs/topics/service-account-labels-and-annotations.html.
 */
function identityLabels({ serviceAccount }: WebServiceSpec): Record<string, string> {
  const isUsed = serviceAccount?.annotations?.["azure.workload.identity/client-id"] !== undefined;
  return isUsed ? { "azure.workload.identity/use": "true" } : {};
}

/**
 * Lets a program without privileges listen on ports below 1024, from its lowest port on. The sysctl is a safe one, which the profile
 * restricted allows: https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline
 */
function sysctls(spec: WebServiceSpec): pulumi.Input<k8s.types.input.core.v1.Sysctl[] | undefined> {
  return pulumi.all(containerPorts(spec).map(({ containerPort }) => containerPort)).apply((numbers) => {
    const lowest = Math.min(...numbers);
    return lowest < firstUnprivilegedPort ? [{ name: "net.ipv4.ip_unprivileged_port_start", value: String(lowest) }] : undefined;
  });
}

/** https://docs.kernel.org/networking/ip-sysctl.html */
const firstUnprivilegedPort = 1024;

/** Name of the PersistentVolumeClaim of a stateless service. */
export function claimName(service: string, volume: string): string {
  return `${service}-${volume}`;
}

/** All ports of the container. A published port that has another name too is listed once. */
export function containerPorts({ port, ports, publish }: WebServiceSpec) {
  const all = [
    { name: mainPort, containerPort: port, protocol: "TCP" },
    ...Object.entries(ports).map(([name, containerPort]) => ({ name, containerPort, protocol: "TCP" })),
    ...Object.entries(publish).map(([name, { targetPort, protocol }]) => ({ name, containerPort: targetPort, protocol })),
  ];
  return all.filter(
    ({ containerPort, protocol }, i) =>
      all.findIndex((other) => other.containerPort === containerPort && other.protocol === protocol) === i,
  );
}

/** The name by which the container lists a port: a published port can have another name first. */
function listedName(spec: WebServiceSpec, name: string): string {
  const listed = containerPorts(spec);
  const published = spec.publish[name];
  if (!published || listed.some((port) => port.name === name)) return name;
  return listed.find(({ containerPort, protocol }) => containerPort === published.targetPort && protocol === published.protocol)!.name;
}

/** The ports of the service's Service. */
export function servicePorts(spec: WebServiceSpec) {
  const isNamed = spec.probes.kind !== "none";
  return containerPorts(spec).map(({ name, containerPort: port, protocol }) => ({
    name,
    port,
    targetPort: isNamed ? name : port,
    protocol,
  }));
}

function volumeOf(service: string, name: string, kind: string, size: string): k8s.types.input.core.v1.Volume {
  if (kind === "emptyDir") return { name, emptyDir: { sizeLimit: size } };
  return { name, persistentVolumeClaim: { claimName: claimName(service, name) } };
}

function topologySpread(spec: WebServiceSpec): k8s.types.input.core.v1.TopologySpreadConstraint[] | undefined {
  if (spec.topologySpread === "none" || !spec.several) return undefined;
  return ["topology.kubernetes.io/zone", "kubernetes.io/hostname"].map((topologyKey) => ({
    topologyKey,
    maxSkew: 1,
    whenUnsatisfiable: spec.topologySpread === "required" ? "DoNotSchedule" : "ScheduleAnyway",
    labelSelector: { matchLabels: selectorLabels(spec.name) },
    // Each revision is spread by itself, regardless of the old pods. Pods of StatefulSets do not have this label.
    matchLabelKeys: spec.kind === "stateless" ? ["pod-template-hash"] : undefined,
  }));
}

function resourcesOf({ resources: r }: WebServiceSpec): k8s.types.input.core.v1.ResourceRequirements {
  const requests = { cpu: r.cpu, memory: r.memory, "ephemeral-storage": r.ephemeralStorage };
  const limits = { memory: r.memoryLimit, "ephemeral-storage": r.ephemeralStorageLimit };
  return { requests, limits: r.cpuLimit === undefined ? limits : { ...limits, cpu: r.cpuLimit } };
}

function probeOf(spec: WebServiceSpec, which: "startup" | "readiness" | "liveness"): k8s.types.input.core.v1.Probe | undefined {
  const { probes } = spec;
  if (probes.kind === "none") return undefined;
  const { path, port: name, ...thresholds } = probes[which];
  const port = listedName(spec, name);
  if (probes.kind === "exec") return { exec: { command: probes.command }, ...thresholds };
  return { ...(probes.kind === "tcp" ? { tcpSocket: { port } } : { httpGet: { path, port } }), ...thresholds };
}

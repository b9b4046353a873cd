import type * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { formatBytes, parseQuantity } from "../lib/quantity.ts";
import { developmentPorts } from "./development-ports.ts";
import { helperFolder } from "./internal/container-service/healthcheck.ts";
import { mainPort, resolve, type WebServiceSpec } from "./internal/web-service/spec.ts";
import type { WebServiceArgs } from "./web-service-args.ts";

/** Path of the helper in every container that has it. */
export const helperProgram = `${helperFolder}/helper`;

/** Memory for the helper. */
const helperMemory = 64 * 2 ** 20;

/** Memory for the debugger, which reads the symbols of the program. */
const debuggerMemory = 512 * 2 ** 20;

/** Command of an image that Slipway builds. */
const builtCommand = ["/app"];

/**
 * The arguments of a service whose program `slipway dev` replaces in place: one replica, whose first process is the helper. The previous and
 * the next program run at the same time for a moment, so there is memory for both.
 *
 * @param debug whether the program runs in a debugger: there is memory for it, and a program that stands at a breakpoint is not ended.
 */
export function inDevelopment<T extends Omit<WebServiceArgs, "image">>(name: string, args: T, { debug = false } = {}): T {
  const spec = resolve(name, { ...args, image: "" });
  const memory = parseQuantity(spec.resources.memoryLimit);
  const { readiness, kind } = spec.probes;
  const hasPort = kind !== "none";
  const isProbed = kind === "http" && readiness.port === mainPort;
  const alone = !hasPort || [spec.ports, spec.publish, persistentIn(args)].some((all) => Object.keys(all).length > 0);
  const { control, telemetry } = developmentPorts;
  const held = heldPorts(spec);
  const isTaken = Object.values(spec.ports).includes(telemetry);
  const flags = [
    ...(hasPort ? [`-port=${Number(spec.port)}`] : []),
    ...(isProbed ? [`-ready=${readiness.path as string}`] : []),
    ...(alone ? ["-alone"] : []),
    ...held.map(({ listen, target }) => `-hold=${listen}:${target}`),
    `-control=${control}`,
    ...(isTaken ? [] : [`-telemetry=${telemetry}`]),
  ];
  const { autoscaling: _autoscaling, maxUnavailable: _maxUnavailable, ...others } = args;
  return {
    ...(others as T),
    replicas: 1,
    ...(held.length > 0 && throughHelper(spec, held)),
    command: [helperProgram, "dev", ...flags, "--", ...(args.command ?? builtCommand)],
    ...(memory !== undefined && {
      resources: { ...args.resources, memoryLimit: formatBytes(2 * memory + helperMemory + (debug ? debuggerMemory : 0)) },
    }),
    ...(debug && { probes: patient(args.probes) }),
    env: { ...(isTaken ? {} : telemetryVariables(name, telemetry)), ...args.env },
  };
}

/** A published port of the program, which clients reach through a port of the helper. */
interface HeldPort {
  /** Its name in `publish`. */
  name: string;
  target: number;
  listen: number;
}

/**
 * The published ports whose connections wait while the program is replaced. The main port is the helper's own anyway, and one of the same name in
 * `ports` cannot lead elsewhere.
 */
function heldPorts({ publish, port, ports }: WebServiceSpec): HeldPort[] {
  return Object.entries(publish)
    .filter(([name, { protocol, targetPort }]) => protocol === "TCP" && Number(targetPort) !== Number(port) && !(name in ports))
    .map(([name, { targetPort }], i) => ({ name, target: Number(targetPort), listen: developmentPorts.held + i }));
}

/** Clients outside reach the program through the helper, and other services as before, at the port itself. */
function throughHelper({ publish, ports }: WebServiceSpec, held: HeldPort[]): Pick<WebServiceArgs, "publish" | "ports"> {
  const direct = [...new Set(held.map(({ target }) => target))].filter((target) => !Object.values(ports).includes(target));
  return {
    ports: { ...ports, ...Object.fromEntries(direct.map((target) => [`direct-${target}`, target])) },
    publish: {
      ...publish,
      ...Object.fromEntries(held.map(({ name, listen }) => [name, { ...publish[name]!, targetPort: listen }])),
    },
  };
}

/** Probes that a program at a breakpoint does not fail. */
function patient(probes: WebServiceArgs["probes"] = {}): WebServiceArgs["probes"] {
  const failureThreshold = 10_000;
  return { ...probes, readiness: { ...probes.readiness, failureThreshold }, liveness: { ...probes.liveness, failureThreshold } };
}

function persistentIn({ volumes = {} }: Pick<WebServiceArgs, "volumes">): object {
  return Object.fromEntries(Object.entries(volumes).filter(([, { kind }]) => kind === "persistent"));
}

/** Where OpenTelemetry sends what it measures: https://opentelemetry.io/docs/specs/otel/protocol/exporter/ */
function telemetryVariables(service: string, port: number): Record<string, string> {
  return {
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
    OTEL_EXPORTER_OTLP_PROTOCOL: "http/protobuf",
    OTEL_SERVICE_NAME: service,
  };
}

/** Options that give the pods of a WebService the helper, which on Docker every container has anyway. */
export function withHelper(image: pulumi.Input<string>): pulumi.ComponentResourceOptions {
  const transform: pulumi.ResourceTransform = ({ type, props, opts }) => {
    if (type !== "kubernetes:apps/v1:Deployment" && type !== "kubernetes:apps/v1:StatefulSet") return undefined;
    const { spec } = props as { spec: { template: { spec: PodSpec } } };
    return { props: { ...props, spec: { ...spec, template: { ...spec.template, spec: podWithHelper(spec.template.spec, image) } } }, opts };
  };
  return { transforms: [transform] };
}

type Container = k8s.types.input.core.v1.Container;

/** As a transform gets it: values, not outputs. */
interface PodSpec {
  initContainers?: Container[];
  containers: (Omit<Container, "volumeMounts"> & { volumeMounts?: k8s.types.input.core.v1.VolumeMount[] })[];
  volumes?: k8s.types.input.core.v1.Volume[];
}

const helperVolume = "slipway-helper";

function podWithHelper(pod: PodSpec, image: pulumi.Input<string>): PodSpec {
  const mount = { name: helperVolume, mountPath: helperFolder };
  const resources = { cpu: "10m", memory: "32Mi", "ephemeral-storage": "1Mi" };
  const install: Container = {
    name: "slipway-helper",
    image,
    imagePullPolicy: "IfNotPresent",
    args: ["install", helperFolder],
    resources: { requests: resources, limits: { memory: resources.memory, "ephemeral-storage": helperSize } },
    securityContext: {
      runAsNonRoot: true,
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    },
    terminationMessagePolicy: "FallbackToLogsOnError",
    volumeMounts: [mount],
  };
  return {
    ...pod,
    initContainers: [...(pod.initContainers ?? []), install],
    containers: pod.containers.map((container) => ({
      ...container,
      volumeMounts: [...(container.volumeMounts ?? []), { ...mount, readOnly: true }],
    })),
    volumes: [...(pod.volumes ?? []), { name: helperVolume, emptyDir: { sizeLimit: helperSize } }],
  };
}

const helperSize = "32Mi";

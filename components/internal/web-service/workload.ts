import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { selectorLabels } from "../labels.ts";
import { serviceDefaults } from "../../web-service-defaults.ts";
import type { WebServiceSpec } from "./spec.ts";
import { claimName, servicePorts } from "./pod.ts";

type Meta = k8s.types.input.meta.v1.ObjectMeta;
type Template = k8s.types.input.core.v1.PodTemplateSpec;

/** Seconds that Pulumi waits beyond the progress deadline, so that Kubernetes reports the failure first. */
const extraSeconds = 30;

/** Creates the Deployment or StatefulSet. */
export function createWorkload(
  spec: WebServiceSpec,
  template: Template,
  metadata: Meta,
  opts: pulumi.CustomResourceOptions,
): k8s.apps.v1.Deployment | k8s.apps.v1.StatefulSet {
  const seconds = `${awaitSeconds(spec)}s`;
  const options = { ...opts, customTimeouts: { create: seconds, update: seconds } };
  const common = {
    replicas: spec.replicas,
    revisionHistoryLimit: 5,
    minReadySeconds: spec.rollout.minReadySeconds,
    selector: { matchLabels: selectorLabels(spec.name) },
    template,
  };
  if (spec.kind === "stateful") return createStatefulSet(spec, common, metadata, options);
  for (const [volume, args] of persistent(spec)) {
    // Many StorageClasses bind a claim only when a pod uses it, which is later.
    const annotations = { "pulumi.com/skipAwait": "true" };
    const name = claimName(spec.name, volume);
    new k8s.core.v1.PersistentVolumeClaim(name, { metadata: { ...metadata, name, annotations }, spec: claimOf(args) }, opts);
  }
  const { maxSurge, progressDeadlineSeconds } = spec.rollout;
  // Two pods must not write to a volume for one writer, so the old pod is deleted first.
  const oneWriter = persistent(spec).some(([, { accessMode = serviceDefaults.accessMode }]) => accessMode.startsWith("ReadWriteOnce"));
  const strategy = oneWriter
    ? { type: "Recreate" }
    : { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: intOrPercent(maxSurge) } };
  return new k8s.apps.v1.Deployment(spec.name, { metadata, spec: { ...common, progressDeadlineSeconds, strategy } }, options);
}

/**
 * Seconds that Pulumi waits for a rollout. Pulumi has one timer for the whole rollout. Kubernetes starts the progress deadline again after
 * each step, so a healthy rollout of several steps can take several deadlines.
 */
function awaitSeconds({ rollout, kind, replicas, autoscaling, awaitAtLeastSeconds = 0 }: WebServiceSpec): number {
  const pods = autoscaling?.maxReplicas ?? (typeof replicas === "number" ? replicas : 1);
  const { maxSurge } = rollout;
  // An output can be anything, so one pod at a time is assumed.
  const surge = typeof maxSurge !== "string" ? 1 : maxSurge.endsWith("%") ? Math.ceil((pods * parseInt(maxSurge)) / 100) : Number(maxSurge);
  const steps = Math.ceil(pods / Math.max(1, kind === "stateful" ? 1 : surge));
  return Math.max(awaitAtLeastSeconds, steps * rollout.progressDeadlineSeconds + extraSeconds);
}

type Common = Pick<
  k8s.types.input.apps.v1.StatefulSetSpec,
  "replicas" | "revisionHistoryLimit" | "minReadySeconds" | "selector" | "template"
>;

function createStatefulSet(
  spec: WebServiceSpec,
  common: Common,
  metadata: Meta,
  opts: pulumi.CustomResourceOptions,
): k8s.apps.v1.StatefulSet {
  // Gives every pod a DNS name as soon as it starts: <name>-0.<name>-pods.
  const headless = new k8s.core.v1.Service(
    `${spec.name}-pods`,
    {
      metadata: { ...metadata, name: `${spec.name}-pods` },
      spec: {
        clusterIP: "None",
        publishNotReadyAddresses: true,
        selector: selectorLabels(spec.name),
        ports: servicePorts(spec),
      },
    },
    { ...opts, customTimeouts: undefined },
  );
  return new k8s.apps.v1.StatefulSet(
    spec.name,
    {
      metadata,
      spec: {
        ...common,
        serviceName: headless.metadata.name,
        podManagementPolicy: "Parallel",
        updateStrategy: { type: "RollingUpdate" },
        // Data is kept when the service is deleted or scaled down.
        persistentVolumeClaimRetentionPolicy: { whenDeleted: "Retain", whenScaled: "Retain" },
        volumeClaimTemplates: persistent(spec).map(([name, args]) => ({
          apiVersion: "v1",
          kind: "PersistentVolumeClaim",
          metadata: { name, labels: selectorLabels(spec.name) },
          spec: claimOf(args),
        })),
      },
    },
    opts,
  );
}

/** The Kubernetes API expects a number as a number. */
function intOrPercent(text: pulumi.Input<string>): pulumi.Input<number | string> {
  const parse = (value: string) => (/^\d+$/.test(value) ? Number(value) : value);
  return typeof text === "string" ? parse(text) : pulumi.output(text).apply(parse);
}

function persistent({ volumes = {} }: WebServiceSpec) {
  return Object.entries(volumes).filter(([, { kind }]) => kind === "persistent");
}

function claimOf({ size, storageClass, accessMode = serviceDefaults.accessMode }: NonNullable<WebServiceSpec["volumes"]>[string]) {
  return { accessModes: [accessMode], storageClassName: storageClass, resources: { requests: { storage: size } } };
}

import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { resolveJob, type JobSpec } from "./internal/job/spec.ts";
import { recommendedLabels } from "./internal/labels.ts";
import { createAccount } from "./internal/web-service/account.ts";
import { createConfiguration } from "./internal/web-service/configuration.ts";
import { createNetworkPolicy } from "./internal/web-service/network-policy.ts";
import { jobPodTemplate } from "./internal/web-service/pod.ts";
import { annotated, type WorkloadMetadata } from "./internal/web-service/annotations.ts";
import type { JobArgs } from "./job-args.ts";
import { problemsWithJob } from "./rules/job.ts";
import { servicesNamespace } from "./services-namespace.ts";
import { checkedLater } from "../lib/late-values.ts";
import { throwIfAny } from "../lib/problem.ts";

export * from "./job-args.ts";

/** Seconds that Pulumi waits beyond the job's own deadline, so that Kubernetes reports the failure first. */
const extraSeconds = 30;

/**
 * A program on Kubernetes that runs to completion: a Job, or with a schedule a CronJob. Pods meet the restricted Pod Security Standard, and
 * a NetworkPolicy blocks all traffic that is not declared.
 *
 * A Job runs when it is created, and again when its image or its settings change. Resources that depend on it wait for its success. If it
 * failed, the next update runs it again.
 *
 * @example
 * const migrate = new Job("migrate", { image: image.ref, args: ["migrate"], namespace }, { provider });
 * new WebService("web", { image: image.ref, namespace }, { provider, dependsOn: migrate });
 */
export class Job extends pulumi.ComponentResource {
  /** Namespace of all objects. */
  declare readonly namespace: pulumi.Output<string>;
  /** Name of the Job or CronJob. */
  declare readonly jobName: pulumi.Output<string>;

  constructor(name: string, args: JobArgs, opts?: pulumi.ComponentResourceOptions) {
    super("slipway:index:Job", name, {}, opts);
    const problemsWith = (given: JobArgs) => problemsWithJob(name, given);
    const headline = `Job "${name}":`;
    throwIfAny(problemsWith(args), headline);
    const checked = checkedLater(args, problemsWith, headline);
    const spec = resolveJob(name, checked);
    const child = { parent: this, dependsOn: opts?.dependsOn };
    this.namespace =
      checked.namespace === undefined
        ? servicesNamespace(name, { name, services: [args] }, child).metadata.name
        : pulumi.output(checked.namespace);
    const metadata = { name, namespace: this.namespace, labels: recommendedLabels(spec.pod) };
    const account = createAccount(spec.pod, metadata, child);
    const configuration = createConfiguration(spec.pod, metadata, child);
    // Created before the pod, so that it does not run without.
    const policy = createNetworkPolicy(spec.pod, metadata, child);
    const template = jobPodTemplate(spec, configuration, account.metadata.name);
    const job = createJob(spec, template, annotated(metadata, spec.pod), pulumi.mergeOptions(child, { dependsOn: policy }));
    this.jobName = job.metadata.name;
    this.registerOutputs({ namespace: this.namespace, jobName: this.jobName });
  }
}

function createJob(
  { pod, retries, timeoutSeconds, schedule }: JobSpec,
  template: k8s.types.input.core.v1.PodTemplateSpec,
  metadata: WorkloadMetadata,
  opts: pulumi.CustomResourceOptions,
): k8s.batch.v1.Job | k8s.batch.v1.CronJob {
  const spec = { backoffLimit: retries, activeDeadlineSeconds: timeoutSeconds, template };
  if (schedule) {
    const { cron, ...rest } = schedule;
    return new k8s.batch.v1.CronJob(pod.name, { metadata, spec: { schedule: cron, ...rest, jobTemplate: { spec } } }, opts);
  }
  const seconds = `${timeoutSeconds + extraSeconds}s`;
  // https://www.pulumi.com/registry/packages/kubernetes/installation-configuration/#replaceunready
  const annotations = { ...metadata.annotations, "pulumi.com/replaceUnready": "true" };
  return new k8s.batch.v1.Job(
    pod.name,
    { metadata: { ...metadata, annotations }, spec },
    { ...opts, deleteBeforeReplace: true, customTimeouts: { create: seconds, update: seconds } },
  );
}

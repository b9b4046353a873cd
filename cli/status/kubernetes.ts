import { newestPods, troubleWith } from "../../engine/kubernetes/trouble.ts";
import type { Manifest, ObjectReader } from "../../lib/kubernetes-client.ts";
import { ifHidden } from "../../platforms/kubernetes-shared/forbidden.ts";
import { Health, healthOf, recent, type PlaceStatus, type StatusEvent, type WorkloadStatus } from "./status.ts";

/** What runs of a stack in its namespace. */
export async function kubernetesStatus(cluster: ObjectReader, namespace: string, labels: string): Promise<PlaceStatus> {
  const list = async (apiVersion: string, kind: string) => {
    const found = await cluster.select(apiVersion, kind, namespace, labels).catch(ifHidden([]));
    // Items of a list do not carry their kind.
    return found.filter(({ metadata }) => !metadata?.ownerReferences?.length).map((one) => ({ ...one, kind }));
  };
  const [deployments, sets, jobs, cronJobs, events] = await Promise.all([
    list("apps/v1", "Deployment"),
    list("apps/v1", "StatefulSet"),
    list("batch/v1", "Job"),
    list("batch/v1", "CronJob"),
    cluster.events(namespace, "type", "Warning").catch(ifHidden([])),
  ]);
  const services = await Promise.all([...deployments, ...sets].map((workload) => serviceStatus(workload, cluster)));
  const ran = await Promise.all(jobs.map((job) => jobStatus(job, cluster)));
  return { workloads: [...services, ...ran, ...cronJobs.map(cronJobStatus)], events: recent(events.map(asEvent)) };
}

async function serviceStatus(workload: Manifest, cluster: ObjectReader): Promise<WorkloadStatus> {
  const { spec = {}, status = {}, metadata } = workload;
  const replicas = spec.replicas ?? 1;
  const ready = status.readyReplicas ?? 0;
  const [trouble, pods] = await Promise.all([troubleWith(workload, cluster), newestPods(workload, cluster)]);
  const updated = status.updatedReplicas ?? 0;
  // While an update is in progress, pods of the version before are there besides the new ones.
  const isCurrent = status.observedGeneration >= Number(metadata?.generation) && updated >= replicas && (status.replicas ?? 0) <= updated;
  // Waiting for a probe is no failure yet.
  const reason = trouble === undefined || (ready >= replicas && isCurrent) ? undefined : wordsOf(trouble);
  const [oldest] = pods.map((pod) => timeOf(pod.metadata?.creationTimestamp)).sort();
  return {
    name: String(metadata?.name),
    health: healthOf(ready, replicas, isCurrent, reason),
    ...(reason !== undefined && { reason }),
    ready,
    replicas,
    restarts: pods.flatMap((pod) => pod.status?.containerStatuses ?? []).reduce((sum, { restartCount = 0 }) => sum + restartCount, 0),
    image: imageIn(spec.template),
    ...(oldest !== undefined && { since: oldest }),
  };
}

async function jobStatus(job: Manifest, cluster: ObjectReader): Promise<WorkloadStatus> {
  const { spec = {}, status = {}, metadata } = job;
  const trouble = status.succeeded ? undefined : await troubleWith(job, cluster);
  const since = timeOf(status.completionTime ?? status.startTime);
  return {
    name: String(metadata?.labels?.["app.kubernetes.io/name"] ?? metadata?.name),
    health: trouble ? Health.Failing : status.succeeded ? Health.Succeeded : Health.Running,
    ...(trouble && { reason: wordsOf(trouble) }),
    image: imageIn(spec.template),
    ...(since !== undefined && { since }),
  };
}

function cronJobStatus({ spec = {}, status = {}, metadata }: Manifest): WorkloadStatus {
  const since = timeOf(status.lastScheduleTime);
  return {
    name: String(metadata?.name),
    health: Health.Scheduled,
    image: imageIn(spec.jobTemplate?.spec?.template),
    ...(since !== undefined && { since }),
  };
}

function wordsOf({ reason, message }: { reason: string; message: string }): string {
  return message === "" ? reason : `${reason}: ${message}`;
}

function imageIn(template: Manifest | undefined): string {
  return String(template?.spec?.containers?.[0]?.image);
}

/** The client reads the times of objects that it knows as dates. */
function timeOf(time: string | Date | undefined): string | undefined {
  return time === undefined ? undefined : new Date(time).toISOString();
}

export function asEvent({ involvedObject, reason, message, count, series, lastTimestamp, eventTime, metadata }: Manifest): StatusEvent {
  return {
    time: timeOf(series?.lastObservedTime ?? lastTimestamp ?? eventTime ?? metadata?.creationTimestamp) ?? "",
    object: `${String(involvedObject?.kind).toLowerCase()} ${involvedObject?.name}`,
    reason: String(reason),
    message: String(message).split("\n")[0]!,
    count: series?.count ?? count ?? 1,
  };
}

import { troubleWith } from "../../../engine/kubernetes/trouble.ts";
import type { KubernetesCluster, Manifest } from "../../../lib/kubernetes-client.ts";

afterEach(() => delete process.env["SLIPWAY_PATIENCE"]);

const ago = (seconds: number) => new Date(Date.now() - seconds * 1000).toISOString();

interface Pod {
  seconds: number;
  status: object;
  events?: { reason: string; message: string }[];
}

/** The problem reported for a Deployment with a pod or with conditions. */
async function reported(pod: Pod | undefined, conditions: object[] = []) {
  const selector = { matchLabels: { app: "web" } };
  const workload: Manifest = { apiVersion: "apps/v1", kind: "Deployment", metadata: {}, spec: { selector }, status: { conditions } };
  const pods = pod ? [{ metadata: { name: "web-1", labels: {}, creationTimestamp: ago(pod.seconds) }, status: pod.status }] : [];
  const cluster = {
    select: (_version: string, kind: string) => Promise.resolve(kind === "Pod" ? pods : []),
    list: () => Promise.resolve({ items: pod?.events ?? [] }),
  } as unknown as KubernetesCluster;
  const trouble = await troubleWith(workload, cluster);
  return trouble && [trouble.reason, trouble.message, trouble.final ? "final" : "may pass"];
}

const container = (status: object) => ({ containerStatuses: [{ name: "web", ready: false, ...status }] });
const waiting = (reason: string, message?: string) => container({ state: { waiting: { reason, message } } });
const exited = (reason: string, exitCode: number, restartCount: number) =>
  container({ state: { running: {} }, lastState: { terminated: { reason, exitCode } }, restartCount });
const unscheduled = { conditions: [{ type: "PodScheduled", reason: "Unschedulable", message: "0/1 nodes are available" }] };
const missing = 'secret "token" not found';

const table: [string, Pod, string[] | undefined][] = [
  ["a starting pod", { seconds: 1, status: waiting("ContainerCreating") }, undefined],
  ["a ready pod", { seconds: 60, status: { containerStatuses: [{ name: "web", ready: true, state: { running: {} } }] } }, undefined],
  ["a first failed image pull", { seconds: 1, status: waiting("ErrImagePull", "not found") }, ["ErrImagePull", "not found", "may pass"]],
  [
    "a repeated failed image pull",
    { seconds: 1, status: waiting("ImagePullBackOff", "not found") },
    ["ImagePullBackOff", "not found", "final"],
  ],
  [
    "a missing Secret, at first",
    { seconds: 4, status: waiting("CreateContainerConfigError", missing) },
    ["CreateContainerConfigError", missing, "may pass"],
  ],
  [
    "a missing Secret, after 5 s",
    { seconds: 6, status: waiting("CreateContainerConfigError", missing) },
    ["CreateContainerConfigError", missing, "final"],
  ],
  [
    "a first exit of the container",
    { seconds: 1, status: exited("Error", 1, 1) },
    ["Error", "the container exited with code 1, restarted once", "may pass"],
  ],
  [
    "a second exit of the container",
    { seconds: 1, status: exited("Error", 1, 2) },
    ["Error", "the container exited with code 1, restarted 2 times", "final"],
  ],
  [
    "a container that exceeds its memory limit",
    { seconds: 1, status: exited("OOMKilled", 137, 0) },
    ["OOMKilled", "the container exited with code 137", "final"],
  ],
  ["no suitable node, at first", { seconds: 19, status: unscheduled }, ["Unschedulable", "0/1 nodes are available", "may pass"]],
  ["no suitable node, after 20 s", { seconds: 21, status: unscheduled }, ["Unschedulable", "0/1 nodes are available", "final"]],
  [
    "no suitable node, but the cluster is scaling up",
    { seconds: 21, status: unscheduled, events: [{ reason: "TriggeredScaleUp", message: "" }] },
    ["Unschedulable", "0/1 nodes are available", "may pass"],
  ],
  [
    "a failed mount, at first",
    { seconds: 19, status: waiting("ContainerCreating"), events: [{ reason: "FailedMount", message: missing }] },
    ["FailedMount", missing, "may pass"],
  ],
  [
    "a failed mount, after 20 s",
    { seconds: 21, status: waiting("ContainerCreating"), events: [{ reason: "FailedMount", message: missing }] },
    ["FailedMount", missing, "final"],
  ],
  [
    "a failed probe",
    { seconds: 60, status: container({ state: { running: {} } }), events: [{ reason: "Unhealthy", message: "HTTP 404" }] },
    ["Unhealthy", "HTTP 404", "may pass"],
  ],
];

test.each(table)("%s", async (_what, pod, expected) => {
  expect(await reported(pod)).toEqual(expected);
});

describe("conditions of the workload", () => {
  const rejected = (seconds: number) => [
    { type: "ReplicaFailure", status: "True", reason: "FailedCreate", message: "exceeded quota", lastTransitionTime: ago(seconds) },
  ];
  const late = [{ type: "Progressing", status: "False", reason: "ProgressDeadlineExceeded", message: "timed out" }];

  test("the rejection of pods is final after 5 s", async () => {
    expect(await reported(undefined, rejected(4))).toEqual(["FailedCreate", "exceeded quota", "may pass"]);
    expect(await reported(undefined, rejected(6))).toEqual(["FailedCreate", "exceeded quota", "final"]);
  });

  test("an exceeded progress deadline is final, and is reported with the problem of a pod", async () => {
    expect(await reported(undefined, late)).toEqual(["ProgressDeadlineExceeded", "timed out", "final"]);
    const pod = { seconds: 60, status: container({ state: { running: {} } }), events: [{ reason: "Unhealthy", message: "HTTP 404" }] };
    expect(await reported(pod, late)).toEqual(["Unhealthy", "HTTP 404", "final"]);
  });
});

test("SLIPWAY_PATIENCE shortens the wait", async () => {
  process.env["SLIPWAY_PATIENCE"] = "0.25";
  expect(await reported({ seconds: 6, status: unscheduled })).toEqual(["Unschedulable", "0/1 nodes are available", "final"]);
});

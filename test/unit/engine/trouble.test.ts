import { newestPods, troubleWith } from "../../../engine/kubernetes/trouble.ts";
import type { Manifest, ObjectReader } from "../../../lib/kubernetes-client.ts";

beforeEach(() => vi.useFakeTimers({ toFake: ["Date"] }));
afterEach(() => {
  vi.useRealTimers();
  delete process.env["SLIPWAY_PATIENCE"];
});

const ago = (seconds: number) => new Date(Date.now() - seconds * 1000).toISOString();

interface Pod {
  seconds: number;
  status: object;
  events?: { reason: string; message: string }[];
}

const web: Manifest = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "web", namespace: "shop", annotations: { "deployment.kubernetes.io/revision": "2" } },
  spec: { selector: { matchLabels: { app: "web", part: "front" } } },
};

/** A cluster with pods, ReplicaSets and events of the pods. It records the queries. */
function cluster(pods: object[], sets: object[] = [], events: object[] = []) {
  const queries: unknown[][] = [];
  const answers: Record<string, object[]> = { Pod: pods, ReplicaSet: sets };
  const select = async (...query: string[]) => {
    queries.push(query);
    return answers[query[1]!];
  };
  const eventsOf = async (...query: unknown[]) => {
    queries.push(query);
    return events;
  };
  return { queries, api: { select, events: eventsOf } as ObjectReader };
}

/** The problem reported for a Deployment with a pod or with conditions. */
async function reported(pod: Pod | undefined, conditions: object[] = []) {
  const pods = pod ? [{ metadata: { name: "web-1", labels: {}, creationTimestamp: ago(pod.seconds) }, status: pod.status }] : [];
  const trouble = await troubleWith({ ...web, status: { conditions } }, cluster(pods, [{ status: { conditions } }], pod?.events).api);
  return trouble && [trouble.reason, trouble.message, trouble.final ? "final" : "may pass"];
}

const container = (status: object) => ({ containerStatuses: [{ name: "web", ready: false, ...status }] });
const waiting = (reason: string, message?: string) => container({ state: { waiting: { reason, message } } });
const exited = (reason: string, exitCode: number, restartCount: number) =>
  container({ state: { running: {} }, lastState: { terminated: { reason, exitCode } }, restartCount });
const unscheduled = { conditions: [{ type: "PodScheduled", reason: "Unschedulable", message: "0/1 nodes are available" }] };
const missing = 'secret "token" not found';
const running = container({ state: { running: {} } });
const pair = (first: object, second: object) => ({
  containerStatuses: [
    { name: "web", ready: false, ...first },
    { name: "proxy", ready: false, ...second },
  ],
});
const crashLoop = (reason: string, exitCode: number) =>
  container({ state: { waiting: { reason: "CrashLoopBackOff" } }, lastState: { terminated: { reason, exitCode } }, restartCount: 4 });
const init = (exitCode: number) => ({
  name: "migrate",
  ready: false,
  state: { terminated: { exitCode, reason: exitCode === 0 ? "Completed" : "Error" } },
});
const unhealthy = { reason: "Unhealthy", message: "HTTP 404" };
const failedMount = { reason: "FailedMount", message: missing };
/** The condition of another controller. */
const foreign = { type: "example.org/Balanced", status: "False", reason: "Unschedulable" };

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
    "a missing Secret, for 5 s",
    { seconds: 5, status: waiting("CreateContainerConfigError", missing) },
    ["CreateContainerConfigError", missing, "may pass"],
  ],
  [
    "a missing Secret, for longer",
    { seconds: 5.001, status: waiting("CreateContainerConfigError", missing) },
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
  ["no suitable node, for 20 s", { seconds: 20, status: unscheduled }, ["Unschedulable", "0/1 nodes are available", "may pass"]],
  ["no suitable node, for longer", { seconds: 20.001, status: unscheduled }, ["Unschedulable", "0/1 nodes are available", "final"]],
  [
    "a failed mount, for 20 s",
    { seconds: 20, status: waiting("ContainerCreating"), events: [{ reason: "FailedMount", message: missing }] },
    ["FailedMount", missing, "may pass"],
  ],
  [
    "a failed mount, for longer",
    { seconds: 20.001, status: waiting("ContainerCreating"), events: [{ reason: "FailedMount", message: missing }] },
    ["FailedMount", missing, "final"],
  ],
  ["a failed probe", { seconds: 2, status: running, events: [unhealthy] }, ["Unhealthy", "HTTP 404", "may pass"]],
  ["a probe that fails in the first 2 s", { seconds: 1.999, status: running, events: [unhealthy] }, undefined],
  [
    "a probe that failed before the pod was ready",
    { seconds: 60, status: pair({ ready: true }, { ready: true }), events: [unhealthy] },
    undefined,
  ],
  [
    "a failed probe of one of two containers",
    { seconds: 60, status: pair({ ready: true, state: { running: {} } }, { ready: false, state: { running: {} } }), events: [unhealthy] },
    ["Unhealthy", "HTTP 404", "may pass"],
  ],
  [
    "a pod that is scheduled, whose probe fails",
    { seconds: 60, status: { ...running, conditions: [{ type: "PodScheduled", status: "True" }, foreign] }, events: [unhealthy] },
    ["Unhealthy", "HTTP 404", "may pass"],
  ],
  ["a pod that its node has not seen yet", { seconds: 60, status: {}, events: [unhealthy] }, undefined],
  ["a container whose state is unknown", { seconds: 60, status: container({}), events: [failedMount] }, undefined],
  [
    "a container that starts slowly",
    { seconds: 60, status: waiting("ContainerCreating"), events: [{ reason: "Pulling", message: "" }] },
    undefined,
  ],
  [
    "a volume that cannot be attached",
    { seconds: 1e3, status: waiting("PodInitializing"), events: [{ reason: "FailedAttachVolume", message: "in use" }] },
    ["FailedAttachVolume", "in use", "final"],
  ],
  [
    "a mount that failed more than once",
    { seconds: 3, status: waiting("ContainerCreating"), events: [{ reason: "FailedMount", message: "timeout" }, failedMount] },
    ["FailedMount", missing, "may pass"],
  ],
  [
    "a mount that failed before a container started",
    { seconds: 60, status: pair({ state: { running: {} } }, { state: { waiting: {} } }), events: [failedMount] },
    undefined,
  ],
  [
    "a container that crashes again and again",
    { seconds: 1, status: crashLoop("Error", 3) },
    ["CrashLoopBackOff", "the container exited with code 3, restarted 4 times", "final"],
  ],
  [
    "a server that ends without an error again and again",
    { seconds: 1, status: crashLoop("Completed", 0) },
    ["CrashLoopBackOff", "the container exited with code 0, restarted 4 times", "final"],
  ],
  ["a container that runs again after it ended without an error", { seconds: 1, status: exited("Completed", 0, 2) }, undefined],
  [
    "a container whose child exceeded the memory limit",
    { seconds: 1, status: exited("OOMKilled", 0, 0) },
    ["OOMKilled", "the container exited with code 0", "final"],
  ],
  [
    "a container that has just ended",
    { seconds: 1, status: container({ state: { terminated: { reason: "StartError", exitCode: 128 } } }) },
    ["StartError", "the container exited with code 128", "may pass"],
  ],
  [
    "an exit without a reason",
    { seconds: 1, status: container({ state: { terminated: { exitCode: 1 } } }) },
    ["Error", "the container exited with code 1", "may pass"],
  ],
  [
    "a container that is ready again after exits",
    { seconds: 1, status: container({ ready: true, lastState: { terminated: { reason: "Error", exitCode: 1 } }, restartCount: 2 }) },
    undefined,
  ],
  [
    "an init container that fails",
    { seconds: 1, status: { initContainerStatuses: [init(1)], ...waiting("PodInitializing") } },
    ["Error", "the container exited with code 1", "may pass"],
  ],
  [
    "an init container that has ended",
    { seconds: 1, status: { initContainerStatuses: [init(0)], ...waiting("PodInitializing") } },
    undefined,
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

  test("the rejection of pods is final once it lasts longer than 5 s", async () => {
    expect(await reported(undefined, rejected(5))).toEqual(["FailedCreate", "exceeded quota", "may pass"]);
    expect(await reported(undefined, rejected(5.001))).toEqual(["FailedCreate", "exceeded quota", "final"]);
  });

  test("the rejection of an older revision's pods, which a Deployment still reports, is not that of the new one", async () => {
    const annotations = (revision: string) => ({ annotations: { "deployment.kubernetes.io/revision": revision } });
    const sets = [{ metadata: annotations("1"), status: { conditions: rejected(60) } }, { metadata: annotations("2") }];
    expect(await troubleWith({ ...web, status: { conditions: rejected(60) } }, cluster([], sets).api)).toBeUndefined();
  });

  test("an exceeded progress deadline is final, and is reported with the problem of a pod", async () => {
    expect(await reported(undefined, late)).toEqual(["ProgressDeadlineExceeded", "timed out", "final"]);
    const pod = { seconds: 60, status: running, events: [unhealthy] };
    expect(await reported(pod, late)).toEqual(["Unhealthy", "HTTP 404", "final"]);
  });

  test("there is no trouble while the workload progresses, or before it has conditions", async () => {
    const well = [
      { type: "Available", status: "False" },
      { type: "Progressing", status: "True" },
      { type: "ReplicaFailure", status: "False" },
    ];
    expect(await reported(undefined, well)).toBeUndefined();
    for (const status of [undefined, {}]) expect(await troubleWith({ ...web, status }, cluster([]).api)).toBeUndefined();
  });
});

test.each(["InvalidImageName", "ErrImageNeverPull", "ImagePullBackOff"])("%s is final at once", async (reason) => {
  expect(await reported({ seconds: 0, status: waiting(reason) })).toEqual([reason, "", "final"]);
});

test("a first failed image pull may lack a message", async () => {
  expect(await reported({ seconds: 0, status: waiting("ErrImagePull") })).toEqual(["ErrImagePull", "", "may pass"]);
});

test.each(["CreateContainerConfigError", "CreateContainerError", "RunContainerError"])("%s is final after 5 s", async (reason) => {
  expect(await reported({ seconds: 5, status: waiting(reason) })).toEqual([reason, "", "may pass"]);
  expect(await reported({ seconds: 5.001, status: waiting(reason, "why") })).toEqual([reason, "why", "final"]);
});

test.each(["TriggeredScaleUp", "Nominated", "NodeClaimCreated"])("a pod without a node waits for a new one after %s", async (reason) => {
  const events = [{ reason, message: "" }, failedMount];
  expect(await reported({ seconds: 1e3, status: unscheduled, events })).toEqual(["Unschedulable", "0/1 nodes are available", "may pass"]);
});

describe("of several pods and containers", () => {
  const pod = (name: string, status: object) => ({
    metadata: { name, namespace: "shop", uid: `uid-${name}`, creationTimestamp: ago(60) },
    status,
  });

  test("the first trouble that is final is reported, with its pod and container, otherwise the first one", async () => {
    const starting = pod("web-1", exited("Error", 1, 1));
    const failing = pod("web-2", pair({ ready: true }, { state: { waiting: { reason: "InvalidImageName", message: "web:" } } }));
    expect(await troubleWith(web, cluster([starting, failing]).api)).toEqual({
      pod: failing,
      container: "proxy",
      reason: "InvalidImageName",
      message: "web:",
      final: true,
    });
    expect(await troubleWith(web, cluster([starting, pod("web-2", waiting("ErrImagePull"))]).api)).toMatchObject({
      pod: starting,
      container: "web",
    });
  });

  test("a failure of the previous revision does not count, until the controller has seen the newest settings", async () => {
    const failing = pod("web-1", waiting("ImagePullBackOff", "not found"));
    const seen = (observedGeneration: number): Manifest => ({
      ...web,
      metadata: { name: "web", namespace: "shop", generation: 2 },
      status: { observedGeneration },
    });
    expect(await troubleWith(seen(1), cluster([failing]).api)).toBeUndefined();
    expect(await troubleWith(seen(2), cluster([failing]).api)).toMatchObject({ reason: "ImagePullBackOff", final: true });
  });

  test("a failed probe is that of the container that is not ready", async () => {
    const ready = { name: "proxy", ready: true, state: { running: {} } };
    const failing = pod("web-1", { containerStatuses: [ready, { name: "web", ready: false, state: { running: {} } }] });
    const { api } = cluster([failing], [], [unhealthy]);
    expect(await troubleWith(web, api)).toMatchObject({ container: "web", reason: "Unhealthy" });
  });

  test("only the events of a pod are read, and only of one that waits", async () => {
    const { queries, api } = cluster([pod("web-1", container({ ready: true })), pod("web-2", running)], [], [unhealthy]);
    expect(await troubleWith(web, api)).toMatchObject({ pod: { metadata: { name: "web-2" } }, container: "web", reason: "Unhealthy" });
    expect(queries.slice(2)).toEqual([["shop", "involvedObject.uid", "uid-web-2"]]);
  });

  test("an old revision is left out", async () => {
    const old = { metadata: { labels: { "pod-template-hash": "1" } }, status: waiting("InvalidImageName") };
    expect(await troubleWith(web, cluster([old]).api)).toBeUndefined();
  });
});

describe("the newest pods", () => {
  const labelled = (name: string, labels?: Record<string, string>) => ({ metadata: { name, labels } });
  const set = (revision: string, hash: string) => ({
    metadata: { annotations: { "deployment.kubernetes.io/revision": revision }, labels: { "pod-template-hash": hash } },
  });
  const pods = [labelled("old", { "pod-template-hash": "h1" }), labelled("new", { "pod-template-hash": "h2" }), labelled("foreign"), {}];

  test("of a Deployment have the hash of the ReplicaSet with the highest revision", async () => {
    const { queries, api } = cluster(pods, [{}, { metadata: {} }, set("9", "h1"), set("10", "h2")]);
    expect(await newestPods(web, api)).toEqual([pods[1]]);
    expect(queries).toEqual([
      ["v1", "Pod", "shop", "app=web,part=front"],
      ["apps/v1", "ReplicaSet", "shop", "app=web,part=front"],
    ]);
  });

  test("of a Deployment that returned to an earlier template are its pods, also while the Deployment names the revision before", async () => {
    expect(await newestPods(web, cluster(pods, [set("2", "h1"), set("3", "h2")]).api)).toEqual([pods[1]]);
  });

  test("of a Deployment that Kubernetes has not seen yet are none of those with a hash", async () => {
    for (const metadata of [undefined, {}])
      for (const sets of [[], [{}], [{ metadata: {} }]])
        expect(await newestPods({ ...web, metadata }, cluster(pods.slice(0, 2), sets).api)).toEqual([]);
  });

  test("of a StatefulSet have the hash of its new revision", async () => {
    const revision = (name: string) => labelled(name, { "controller-revision-hash": name, "pod-template-hash": "h2" });
    const { queries, api } = cluster([revision("web-1"), revision("web-2"), labelled("foreign"), {}]);
    expect(await newestPods({ ...web, kind: "StatefulSet", status: { updateRevision: "web-2" } }, api)).toEqual([revision("web-2")]);
    expect(queries).toEqual([["v1", "Pod", "shop", "app=web,part=front"]]);
    expect(await newestPods({ ...web, kind: "StatefulSet" }, cluster([revision("web-1")]).api)).toEqual([]);
  });
});

test("SLIPWAY_PATIENCE shortens the wait", async () => {
  process.env["SLIPWAY_PATIENCE"] = "0.25";
  expect(await reported({ seconds: 5.001, status: unscheduled })).toEqual(["Unschedulable", "0/1 nodes are available", "final"]);
});

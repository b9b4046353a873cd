import { applyOnceKnown, awaitReady } from "../../../engine/kubernetes/readiness.ts";
import { KubernetesError, type KubernetesCluster, type Manifest } from "../../../lib/kubernetes-client.ts";

afterEach(() => delete process.env["SLIPWAY_PATIENCE"]);

const running = new AbortController().signal;
const failed = AbortSignal.abort(new Error("stopped waiting, because the run failed."));
const metadata = { name: "web", namespace: "shop", generation: 1 };
const configMap = { apiVersion: "v1", kind: "ConfigMap", metadata };
const deployment = (updated: number, available: number): Manifest => {
  const condition = (type: string, reason: string) => ({ type, reason, status: available === 2 ? "True" : "Unknown" });
  const conditions = [condition("Progressing", "NewReplicaSetAvailable"), condition("Available", "MinimumReplicasAvailable")];
  const status = { observedGeneration: 1, updatedReplicas: updated, availableReplicas: available, conditions };
  return { apiVersion: "apps/v1", kind: "Deployment", metadata, spec: { replicas: 2, selector: { matchLabels: { app: "web" } } }, status };
};

/** A cluster with an object that goes through the given states and stays in the last one. */
function cluster(states: (Manifest | undefined)[], pods: Manifest[] = []): KubernetesCluster {
  const select = (_version: string, kind: string) => Promise.resolve(kind === "Pod" ? pods : []);
  return { find: () => Promise.resolve(states.length > 1 ? states.shift() : states[0]), select } as unknown as KubernetesCluster;
}

test("a Deployment is awaited until its new pods are available, and the progress says what it waits for", async () => {
  const reported: string[] = [];
  const states = [deployment(0, 0), deployment(2, 1), deployment(2, 2)];
  const ready = await awaitReady(states[0]!, cluster(states), { signal: running, progress: (what) => reported.push(what) });
  expect(ready).toEqual(deployment(2, 2));
  expect(reported).toEqual(["2 new pods (0 updated, 0 available)", "2 new pods (2 updated, 1 available)"]);
});

describe("after the run has failed", () => {
  const options = { signal: failed, progress: () => {} };

  test("an object that is already ready is accepted", async () => {
    expect(await awaitReady(configMap, cluster([configMap]), options)).toBe(configMap);
    expect(await awaitReady(deployment(2, 2), cluster([deployment(2, 2)]), options)).toEqual(deployment(2, 2));
  });

  test("other objects are not awaited", async () => {
    const waiting = awaitReady(deployment(0, 0), cluster([deployment(0, 0)]), options);
    await expect(waiting).rejects.toThrow("stopped waiting, because the run failed.");
  });
});

describe("the wait ends", () => {
  const options = { signal: running, progress: () => {} };

  test("after the timeout, and the error says what is missing", async () => {
    const waiting = awaitReady(deployment(1, 0), cluster([deployment(1, 0)]), { ...options, timeoutSeconds: 0.2 });
    await expect(waiting).rejects.toThrow("not ready after 0.2 s: still waiting for 2 new pods (1 updated, 0 available)");
  });

  test("if the object is deleted", async () => {
    await expect(awaitReady(configMap, cluster([undefined]), options)).rejects.toThrow("was deleted before it became ready");
  });

  test("if a pod fails permanently", async () => {
    const state = { waiting: { reason: "CrashLoopBackOff" } };
    const lastState = { terminated: { exitCode: 2, reason: "Error" } };
    const containerStatuses = [{ name: "web", ready: false, state, lastState, restartCount: 3 }];
    const pod = { apiVersion: "v1", kind: "Pod", metadata: { name: "web-1", labels: {} }, status: { containerStatuses } };
    const waiting = awaitReady(deployment(2, 0), cluster([deployment(2, 0)], [pod]), options);
    await expect(waiting).rejects.toThrow("pod web-1: CrashLoopBackOff: the container exited with code 2, restarted 3 times");
  });
});

describe("an object of a kind that the cluster does not have", () => {
  const unknown = new KubernetesError(404, "the cluster has no kind Gate in example.org/v1", true);
  const gate = { apiVersion: "example.org/v1", kind: "Gate", metadata };
  const applying = (results: (Error | Manifest)[]) => {
    const next = () => (results.length > 1 ? results.shift()! : results[0]!);
    return { apply: async () => ((r) => (r instanceof Error ? Promise.reject(r) : r))(next()) } as unknown as KubernetesCluster;
  };

  test("is applied once the cluster has the kind", async () => {
    const reported: string[] = [];
    const options = { signal: running, progress: (what: string) => reported.push(what) };
    expect(await applyOnceKnown(gate, applying([unknown, gate]), options)).toBe(gate);
    expect(reported).toEqual(["the cluster to have the kind Gate"]);
  });

  test("is rejected after the timeout, and at once after the run has failed", async () => {
    const progress = () => {};
    await expect(applyOnceKnown(gate, applying([unknown]), { signal: failed, progress })).rejects.toBe(unknown);
    process.env["SLIPWAY_PATIENCE"] = "0.001";
    await expect(applyOnceKnown(gate, applying([unknown]), { signal: running, progress })).rejects.toBe(unknown);
  });
});

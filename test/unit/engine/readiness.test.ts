import { applyOnceKnown, awaitReady } from "../../../engine/kubernetes/readiness.ts";
import { KubernetesError, type KubernetesCluster, type Manifest } from "../../../lib/kubernetes-client.ts";

afterEach(() => delete process.env["SLIPWAY_PATIENCE"]);

const running = new AbortController().signal;
/** Seconds after which a wait that should end by itself fails. */
const timeoutSeconds = 5;
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
function cluster(states: (Manifest | undefined)[]): KubernetesCluster {
  return { find: () => Promise.resolve(states.length > 1 ? states.shift() : states[0]) } as unknown as KubernetesCluster;
}

test("a Deployment is awaited until its new pods are available, and the progress says what it waits for", async () => {
  const reported: string[] = [];
  const states = [deployment(0, 0), deployment(2, 1), deployment(2, 2)];
  const ready = await awaitReady(states[0]!, cluster(states), { signal: running, progress: (what) => reported.push(what), timeoutSeconds });
  expect(ready).toEqual(deployment(2, 2));
  expect(reported).toEqual(["2 new pods (0 updated, 0 available)", "2 new pods (2 updated, 1 available)"]);
});

describe("is ready", () => {
  const ready = { conditions: [{ type: "Ready", status: "True" }] };
  const address = { loadBalancer: { ingress: [{ ip: "10.0.0.1" }] } };
  const backend = (name: string) => ({ backend: { service: { name } } });
  const rules = [{ host: "a" }, { http: { paths: [backend("web"), backend("api")] } }];
  const waitFor = (value: string) => ({ ...metadata, annotations: { "pulumi.com/waitFor": value } });
  const available = (status: string) => ({ conditions: [{ type: "Available", status }] });

  const table: [string, Manifest, string | undefined][] = [
    ["an object of a kind without a rule", configMap, undefined],
    [
      "a StatefulSet whose replicas are updated and ready",
      { kind: "StatefulSet", spec: { replicas: 2 }, status: { updatedReplicas: 2, readyReplicas: 2 } },
      undefined,
    ],
    [
      "a StatefulSet with an old replica",
      { kind: "StatefulSet", spec: { replicas: 2 }, status: { updatedReplicas: 1, readyReplicas: 2 } },
      "2 ready pods",
    ],
    [
      "a StatefulSet with a replica that is not ready",
      { kind: "StatefulSet", spec: { replicas: 2 }, status: { updatedReplicas: 2, readyReplicas: 1 } },
      "2 ready pods",
    ],
    ["a StatefulSet without a status", { kind: "StatefulSet", spec: { replicas: 2 } }, "2 ready pods"],
    [
      "a DaemonSet with a ready pod on every node",
      { kind: "DaemonSet", status: { desiredNumberScheduled: 2, updatedNumberScheduled: 2, numberReady: 2 } },
      undefined,
    ],
    [
      "a DaemonSet with an old pod",
      { kind: "DaemonSet", status: { desiredNumberScheduled: 2, updatedNumberScheduled: 1, numberReady: 2 } },
      "a ready pod on every node",
    ],
    [
      "a DaemonSet with a pod that is not ready",
      { kind: "DaemonSet", status: { desiredNumberScheduled: 2, updatedNumberScheduled: 2, numberReady: 1 } },
      "a ready pod on every node",
    ],
    ["a Job that is complete", { kind: "Job", status: { conditions: [{ type: "Complete", status: "True" }] } }, undefined],
    ["a Job without a status", { kind: "Job" }, "its completion"],
    ["a Pod that is ready", { kind: "Pod", status: ready }, undefined],
    ["a Pod that has succeeded", { kind: "Pod", status: { phase: "Succeeded" } }, undefined],
    ["a Pod that runs", { kind: "Pod", status: { phase: "Running", conditions: [{ type: "Ready", status: "False" }] } }, "its readiness"],
    ["a Service with a ready pod", { kind: "Service", metadata, spec: { selector: {} } }, undefined],
    [
      "a Service with the name of one in another namespace",
      { kind: "Service", metadata: { name: "web", namespace: "test" }, spec: { selector: {} } },
      "a ready pod of the Service",
    ],
    [
      "a Service whose endpoints have no conditions",
      { kind: "Service", metadata: { name: "plain", namespace: "shop" }, spec: { selector: {} } },
      undefined,
    ],
    ["a Service without one", { kind: "Service", metadata: { name: "other" }, spec: { selector: {} } }, "a ready pod of the Service"],
    [
      "a Service whose pods are not ready",
      { kind: "Service", metadata: { name: "late", namespace: "shop" }, spec: { selector: {} } },
      "a ready pod of the Service",
    ],
    [
      "a Service without endpoints",
      { kind: "Service", metadata: { name: "none", namespace: "shop" }, spec: { selector: {} } },
      "a ready pod of the Service",
    ],
    ["a headless Service", { kind: "Service", metadata: { name: "other" }, spec: { clusterIP: "None", selector: {} } }, undefined],
    ["a Service without a selector", { kind: "Service", metadata: { name: "other" }, spec: {} }, undefined],
    [
      "a Service of another name",
      { kind: "Service", metadata: { name: "other" }, spec: { type: "ExternalName", selector: {} } },
      undefined,
    ],
    [
      "a load balancer with an address",
      { kind: "Service", metadata, spec: { type: "LoadBalancer", selector: {} }, status: address },
      undefined,
    ],
    [
      "a load balancer with no address",
      {
        kind: "Service",
        metadata: { name: "web" },
        spec: { type: "LoadBalancer", selector: {} },
        status: { loadBalancer: { ingress: [] } },
      },
      "the address of the load balancer",
    ],
    [
      "a load balancer with an empty status",
      { kind: "Service", spec: { type: "LoadBalancer" }, status: { loadBalancer: {} } },
      "the address of the load balancer",
    ],
    ["a load balancer that is new", { kind: "Service", spec: { type: "LoadBalancer" }, status: {} }, "the address of the load balancer"],
    ["a load balancer without a status", { kind: "Service", spec: { type: "LoadBalancer" } }, "the address of the load balancer"],
    [
      "an Ingress with an address and ready pods",
      { kind: "Ingress", metadata, spec: { rules: rules.slice(0, 1) }, status: address },
      undefined,
    ],
    ["an Ingress without an address", { kind: "Ingress", spec: {} }, "an address from the ingress controller"],
    ["an Ingress that is new", { kind: "Ingress", spec: {}, status: {} }, "an address from the ingress controller"],
    [
      "an Ingress with an empty status",
      { kind: "Ingress", spec: {}, status: { loadBalancer: {} } },
      "an address from the ingress controller",
    ],
    ["an Ingress without ready pods", { kind: "Ingress", metadata, spec: { rules }, status: address }, "a ready pod of Service api"],
    [
      "an Ingress whose default backend has none",
      { kind: "Ingress", spec: { defaultBackend: backend("api").backend }, status: address },
      "a ready pod of Service api",
    ],
    ["an Ingress for a bucket", { kind: "Ingress", spec: { defaultBackend: { resource: {} } }, status: address }, undefined],
    [
      "an object that should not be awaited",
      { kind: "Job", metadata: { ...metadata, annotations: { "pulumi.com/skipAwait": "true" } } },
      undefined,
    ],
    [
      "an object with skipAwait off",
      { kind: "Job", metadata: { ...metadata, annotations: { "pulumi.com/skipAwait": "false" } } },
      "its completion",
    ],
    ["an object with its own condition", { kind: "Gate", metadata: waitFor("condition=Available"), status: available("True") }, undefined],
    [
      "an object whose own condition does not hold",
      { kind: "Gate", metadata: waitFor("condition=Available"), status: available("False") },
      "Available to be True",
    ],
    [
      "an object whose condition has the wanted value",
      { kind: "Job", metadata: waitFor("condition=Available=False"), status: available("False") },
      undefined,
    ],
    [
      "an object without the condition",
      { kind: "Gate", metadata: waitFor("condition=Other=False"), status: available("False") },
      "Other to be False",
    ],
    [
      "an object of whose conditions one has the wanted value",
      {
        kind: "Gate",
        metadata: waitFor("condition=Available"),
        status: { conditions: [{ type: "Accepted", status: "False" }, ...available("True").conditions] },
      },
      undefined,
    ],
    ["an object with an empty status", { kind: "Gate", metadata: waitFor("condition=Available"), status: {} }, "Available to be True"],
    ["a Job whose annotation has another form", { kind: "Job", metadata: waitFor("jsonpath={.condition=Available}") }, "its completion"],
    ["a Job whose annotation has no value", { kind: "Job", metadata: waitFor("condition=Available=") }, "its completion"],
    ["an object without conditions", { kind: "Gate", metadata: waitFor("condition=Available") }, "Available to be True"],
  ];
  test.each(table)("%s", async (_what, object, waitingFor) => {
    const slices = [
      { labels: "kubernetes.io/service-name=web", endpoints: [{ conditions: { ready: false } }, { conditions: {} }] },
      { labels: "kubernetes.io/service-name=late", endpoints: [{ conditions: { ready: false } }] },
      { labels: "kubernetes.io/service-name=none" },
      { labels: "kubernetes.io/service-name=plain", endpoints: [{}] },
    ];
    const found = {
      find: async () => object,
      select: async (...[version, kind, namespace, labels]: string[]) =>
        [version, kind, namespace].join() === "discovery.k8s.io/v1,EndpointSlice,shop"
          ? slices.filter((slice) => slice.labels === labels)
          : [],
    };
    const reported: string[] = [];
    const options = { signal: failed, progress: (what: string) => reported.push(what), timeoutSeconds };
    const result = await awaitReady(object, found as unknown as KubernetesCluster, options).catch(() => "not ready");
    expect([result, reported]).toEqual(waitingFor === undefined ? [object, []] : ["not ready", [waitingFor]]);
  });

  test("a Deployment whose newest generation is available", async () => {
    const states: [object, boolean][] = [
      [{}, true],
      [{ observedGeneration: 0 }, false],
      [{ conditions: [{ type: "Available", status: "True" }] }, false],
      [{ conditions: [{ type: "Progressing", status: "True", reason: "NewReplicaSetAvailable" }] }, false],
      [
        {
          conditions: [
            { type: "Progressing", status: "True", reason: "ReplicaSetUpdated" },
            { type: "Available", status: "True" },
          ],
        },
        false,
      ],
    ];
    for (const [status, isReady] of states) {
      const object = deployment(2, 2);
      Object.assign(object["status"] as object, status);
      const result = awaitReady(object, cluster([object]), { signal: failed, progress: () => {}, timeoutSeconds }).then(
        () => true,
        () => false,
      );
      expect(await result).toBe(isReady);
    }
    const unknown = { kind: "Deployment", spec: { replicas: 1 } };
    await expect(awaitReady(unknown, cluster([unknown]), { signal: running, progress: () => {}, timeoutSeconds: 0.1 })).rejects.toThrow(
      "not ready after 0.1 s: still waiting for 1 new pods (0 updated, 0 available)",
    );
  });
});

describe("after the run has failed", () => {
  const options = { signal: failed, progress: () => {}, timeoutSeconds };

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
  const options = { signal: running, progress: () => {}, timeoutSeconds };

  test("after the timeout, and the error says what is missing", async () => {
    const waiting = awaitReady(deployment(1, 0), cluster([deployment(1, 0)]), { ...options, timeoutSeconds: 0.2 });
    await expect(waiting).rejects.toThrow("not ready after 0.2 s: still waiting for 2 new pods (1 updated, 0 available)");
  });

  test("if the object is deleted", async () => {
    await expect(awaitReady(configMap, cluster([undefined]), options)).rejects.toThrow("was deleted before it became ready");
  });
});

describe("the pods of a Deployment that is not ready", () => {
  beforeEach(() => vi.useFakeTimers({ toFake: ["Date", "setTimeout", "clearTimeout"] }).setTimerTickMode("nextTimerAsync"));
  afterEach(() => vi.useRealTimers());

  const pod = (reason: string) => {
    const containerStatuses = [{ name: "web", ready: false, state: { waiting: { reason, message: "not found" } } }];
    return { apiVersion: "v1", kind: "Pod", metadata: { name: "web-1", labels: {} }, status: { containerStatuses } };
  };

  /** Waits for an object that goes through the given states, each at a number of milliseconds since the start. Returns when pods were read. */
  async function checks(states: [number, Manifest][], { pods = [] as Manifest[], signal = running } = {}): Promise<number[]> {
    const began = Date.now();
    const read: number[] = [];
    const find = async () => {
      const [at, object] = states.length > 1 ? states.shift()! : states[0]!;
      vi.setSystemTime(began + at);
      return object;
    };
    const select = async (_version: string, kind: string) => {
      if (kind === "Pod") read.push(Date.now() - began);
      return kind === "Pod" ? pods : [];
    };
    const api = { find, select } as unknown as KubernetesCluster;
    await awaitReady(states[0]![1], api, { signal, progress: () => {}, timeoutSeconds: 2 });
    return read;
  }

  test("are read at most once a second, and the wait goes on while there is no trouble, or one that may pass", async () => {
    const states = (): [number, Manifest][] => [
      [1000, deployment(0, 0)],
      [1001, deployment(1, 0)],
      [2001, deployment(2, 0)],
      [2002, deployment(2, 1)],
      [2002, deployment(2, 2)],
    ];
    expect(await checks(states())).toEqual([1001, 2002]);
    expect(await checks(states(), { pods: [pod("ErrImagePull")] })).toEqual([1001, 2002]);
  });

  test("end the wait if one fails permanently", async () => {
    await expect(checks([[1001, deployment(2, 0)]], { pods: [pod("ImagePullBackOff")] })).rejects.toThrow(
      new Error("pod web-1: ImagePullBackOff: not found"),
    );
  });

  test("end the wait if they cannot be created", async () => {
    const stuck = { type: "Progressing", status: "False", reason: "ProgressDeadlineExceeded", message: "timed out" };
    const object = { ...deployment(0, 0), status: { conditions: [stuck] } };
    await expect(checks([[1001, object]])).rejects.toThrow(new Error("ProgressDeadlineExceeded: timed out"));
  });

  test("are not read after the run has failed, and other kinds have none", async () => {
    await expect(checks([[1001, deployment(2, 0)]], { pods: [pod("ImagePullBackOff")], signal: failed })).rejects.toThrow(
      "stopped waiting, because the run failed.",
    );
    const gate = (status: object) => ({
      kind: "Gate",
      metadata: { ...metadata, annotations: { "pulumi.com/waitFor": "condition=Available" } },
      spec: {},
      status,
    });
    expect(
      await checks([
        [1001, gate({})],
        [0, gate({ conditions: [{ type: "Available", status: "True" }] })],
      ]),
    ).toEqual([]);
  });
});

describe("a Job", () => {
  const failedJob = {
    metadata: { name: "migrate", namespace: "shop" },
    kind: "Job",
    spec: { selector: { matchLabels: { job: "migrate" } } },
    status: {
      conditions: [
        { type: "Failed", status: "True", reason: "BackoffLimitExceeded", message: "Job has reached the specified backoff limit" },
      ],
    },
  };
  test("that has failed is reported with Kubernetes' reason", async () => {
    const cluster = { find: () => Promise.resolve(failedJob) } as unknown as KubernetesCluster;
    const options = { timeoutSeconds: 5, signal: new AbortController().signal, progress: () => {} };
    await expect(awaitReady(failedJob, cluster, options)).rejects.toThrow(
      "the job failed (BackoffLimitExceeded): Job has reached the specified backoff limit",
    );
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

  test("is not confused with another error of the cluster or the network, which is reported at once", async () => {
    const options = { signal: running, progress: () => {} };
    for (const error of [new KubernetesError(422, "spec is invalid"), new Error("connection refused")])
      await expect(applyOnceKnown(gate, applying([error, gate]), options)).rejects.toBe(error);
  });
});

import { setTimeout } from "node:timers/promises";
import { Lease } from "../../../engine/state/lease.ts";
import { KubernetesCluster, type Manifest } from "../../../lib/kubernetes-client.ts";
import { apiError, HttpApi, type ApiRequest } from "../http-api.ts";

// A real API server, other holders and expired leases are in test/integration/cluster-state.test.ts.

const leases = "/apis/coordination.k8s.io/v1/namespaces/shop/leases";
let api: HttpApi;
let stored: Manifest | undefined;

/** Stores a lease only in the version that was read, as Kubernetes does. */
function replace({ body }: ApiRequest): unknown {
  if (body.metadata.resourceVersion !== stored?.metadata?.resourceVersion) return apiError(409, "the object has been modified");
  stored = { ...body, metadata: { ...body.metadata, resourceVersion: String(Number(body.metadata.resourceVersion) + 1) } };
  return stored;
}

beforeEach(async () => {
  process.env["SLIPWAY_LEASE_SECONDS"] = "1";
  api = await new HttpApi().open("tcp");
  stored = undefined;
  api.answers = {
    "GET /apis/coordination.k8s.io/v1": { resources: [{ name: "leases", kind: "Lease", namespaced: true }] },
    [`GET ${leases}/prod`]: () => stored ?? apiError(404, "not found"),
    [`POST ${leases}`]: ({ body }: ApiRequest) => (stored = { ...body, metadata: { ...body.metadata, resourceVersion: "1" } }),
    [`PUT ${leases}/prod`]: replace,
    [`DELETE ${leases}/prod`]: {},
  };
});
afterEach(() => {
  api.close();
  delete process.env["SLIPWAY_LEASE_SECONDS"];
});

function acquire(): Promise<Lease> {
  const kubeconfig = JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "test",
    contexts: [{ name: "test", context: { cluster: "test", user: "test" } }],
    clusters: [{ name: "test", cluster: { server: api.host, "insecure-skip-tls-verify": true } }],
    users: [{ name: "test", user: {} }],
  });
  return Lease.acquire({
    cluster: new KubernetesCluster(kubeconfig),
    namespace: "shop",
    name: "prod",
    what: 'Stack "prod"',
    command: "slipway up",
  });
}

const renewals = () => api.requests.filter(({ call }) => call.startsWith("PUT ")).length;

test("a lease is renewed until it is released", async () => {
  const lease = await acquire();
  await vi.waitUntil(() => renewals() >= 3, 10_000);
  lease.assertHeld();
  await lease.release();
  expect(api.requests.at(-1)).toMatchObject({
    call: `DELETE ${leases}/prod`,
    body: { preconditions: { resourceVersion: stored!.metadata!.resourceVersion } },
  });
  const before = renewals();
  await setTimeout(500);
  expect(renewals()).toBe(before);
});

test("a renewal that takes longer than the time between two is not in conflict with the next one", async () => {
  api.answers[`PUT ${leases}/prod`] = (request: ApiRequest) => setTimeout(500).then(() => replace(request));
  const lease = await acquire();
  await vi.waitUntil(() => renewals() >= 3, 10_000);
  lease.assertHeld();
  await lease.release();
});

test("a renewal that was stored, and whose answer was lost, does not lose the lease", async () => {
  api.answers[`PUT ${leases}/prod`] = (request: ApiRequest) => {
    api.answers[`PUT ${leases}/prod`] = replace;
    replace(request);
    return apiError(504, "gateway timeout");
  };
  const lease = await acquire();
  await vi.waitUntil(() => renewals() >= 4, 10_000);
  lease.assertHeld();
  await lease.release();
});

test("a lease that another run holds now is lost", async () => {
  const lease = await acquire();
  stored = { ...stored!, metadata: { name: "prod", resourceVersion: "7", annotations: { "dev.slipway/holder": "{}" } } };
  await vi.waitUntil(() => lostMessage(lease) !== undefined, 10_000);
  expect(lostMessage(lease)).toBe(
    'Stack "prod": the lock was lost, because another run has taken it over. The run stops. Run it again: it continues from here.',
  );
  await lease.release();
  expect(api.requests.filter(({ call }) => call.startsWith("DELETE"))).toEqual([]);
});

function lostMessage(lease: Lease): string | undefined {
  try {
    lease.assertHeld();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

import { lastCluster, forgetCluster, recordCluster, stateStoreOf } from "../../../cli/state/stores.ts";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Stack } from "../../../config/stack-file.ts";
import { ClusterStore } from "../../../engine/state/cluster-store.ts";
import { FileStore } from "../../../engine/state/file-store.ts";

// What the stores do is tested in test/integration/cluster-state.test.ts and test/unit/engine/engine.test.ts.

let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), "slipway-"))));
afterEach(() => rmSync(folder, { recursive: true }));

function stackWith(platform: string, kubernetes: object = {}): Stack {
  const config = { "slipway:platform": platform, "slipway:kubernetes": JSON.stringify(kubernetes) };
  return { project: "shop", name: "Prod_1", main: "index.ts", folder, secretKeys: [], config };
}

const storeOf = (platform: string, kubernetes?: object) => stateStoreOf(stackWith(platform, kubernetes));

test("the state is in the cluster on kubernetes, and in a file on all other platforms or if kubernetes.state says so", () => {
  expect(storeOf("kubernetes", { context: "shop" })).toBeInstanceOf(ClusterStore);
  expect(storeOf("kubernetes", { context: "shop", state: "cluster" })).toBeInstanceOf(ClusterStore);
  expect(storeOf("kubernetes", { context: "shop", state: "file" })).toBeInstanceOf(FileStore);
  for (const platform of ["local", "docker", "swarm", "eks"]) expect(storeOf(platform)).toBeInstanceOf(FileStore);
});

test("with settings that the program rejects, no cluster is asked", () => {
  expect(storeOf("kubernetes", {})).toBeInstanceOf(FileStore);
  expect(storeOf("kubernetes", { context: "shop", state: "elsewhere" })).toBeInstanceOf(FileStore);
});

test("the state is in the namespace of the settings, otherwise in one for states, under a name that no other stack has", () => {
  const at = (kubernetes: object) => {
    const { namespace, name } = storeOf("kubernetes", { context: "shop", ...kubernetes }) as ClusterStore;
    return `${namespace}/${name}`;
  };
  expect(at({ namespace: "team" })).toBe(at({}).replace("slipway-state/", "team/"));
  expect(at({})).toMatch(/^slipway-state\/slipway-shop-prod-1-[0-9a-f]{8}$/);
  const nameOf = (project: string, name: string) =>
    (stateStoreOf({ ...stackWith("kubernetes", { context: "shop" }), project, name }) as ClusterStore).name;
  expect(nameOf("a-b", "c")).not.toBe(nameOf("a", "b-c"));
});

test("a checkout remembers the cluster of a stack until it is deleted", () => {
  const stack = stackWith("kubernetes");
  expect(lastCluster(stack)).toBeUndefined();
  recordCluster(stack, "5f5a9b52");
  expect(lastCluster(stack)).toBe("5f5a9b52");
  forgetCluster(stack);
  expect(lastCluster(stack)).toBeUndefined();
});

import { replicasAtOnce } from "../../../components/internal/container-service/container.ts";
import { goMemoryLimit } from "../../../components/internal/container-service/limits.ts";
import { createVolumes, isReplacedInPlace } from "../../../components/internal/container-service/volumes.ts";
import { resolve } from "../../../components/internal/web-service/spec.ts";
import { SwarmService } from "../../../components/swarm-service.ts";
import { record, settle } from "../harness.ts";
import * as pulumi from "@pulumi/pulumi";
import type { WebServiceArgs } from "../../../components/web-service-args.ts";

const image = `registry.example/web@sha256:${"a".repeat(64)}`;
const spec = (args: Partial<WebServiceArgs>) => resolve("web", { image, ...args });
const persistent = (accessMode?: "ReadWriteOnce" | "ReadWriteOncePod" | "ReadWriteMany" | "ReadOnlyMany") => ({
  data: { kind: "persistent" as const, mountPath: "/data", size: "1Gi", ...(accessMode && { accessMode }) },
});

describe("the previous replica is deleted before its successor starts", () => {
  test.each<[string, Partial<WebServiceArgs>, boolean]>([
    ["of a service without volumes", {}, false],
    ["of a stateful service, which has a host name", { kind: "stateful" }, true],
    ["with a volume of one writer by default", { volumes: persistent() }, true],
    ["with a volume of one writer", { volumes: persistent("ReadWriteOnce") }, true],
    ["with a volume of one pod", { volumes: persistent("ReadWriteOncePod") }, true],
    ["with a volume of many writers", { volumes: persistent("ReadWriteMany") }, false],
    ["with a volume that nobody writes to", { volumes: persistent("ReadOnlyMany") }, false],
    ["with a temporary volume", { volumes: { tmp: { kind: "emptyDir", mountPath: "/tmp", size: "1Mi" } } }, false],
  ])("%s", (_of, args, expected) => {
    expect(isReplacedInPlace(spec(args))).toBe(expected);
  });
});

test.each<[Partial<WebServiceArgs>, number]>([
  [{ replicas: 4, rollout: { maxSurge: "25%" } }, 1],
  [{ replicas: 5, rollout: { maxSurge: "25%" } }, 2],
  [{ replicas: 5, rollout: { maxSurge: "100%" } }, 5],
  [{ replicas: 5, rollout: { maxSurge: "3" } }, 3],
  [{ replicas: 5, rollout: { maxSurge: "0" } }, 1],
  [{ replicas: 5, rollout: { maxSurge: "3" }, kind: "stateful" }, 1],
])("with %j, %i replicas are replaced at once", (args, count) => {
  expect(replicasAtOnce(spec(args))).toBe(count);
});

test("the memory limit of Go is nine tenths of the service's, unless a variable sets it", () => {
  expect(goMemoryLimit(spec({ resources: { memory: "100Mi" } }))).toEqual(["GOMEMLIMIT=92160KiB"]);
  expect(goMemoryLimit(spec({ env: { GOMEMLIMIT: "off" } }))).toEqual([]);
  expect(goMemoryLimit(spec({ secretEnv: { GOMEMLIMIT: "off" } }))).toEqual([]);
  expect(goMemoryLimit(spec({ env: { A: "b" }, secretEnv: { C: "d" } }))).toHaveLength(1);
});

test("replicas share a volume, and each replica of a stateful service has its own; existing volumes are not created", async () => {
  const volumesOf = async (args: Partial<WebServiceArgs>, existing?: Record<string, string[]>) => {
    const { result, resources } = await record(() =>
      settle(pulumi.output(createVolumes(spec({ replicas: 2, volumes: persistent(), ...args }), "shop-web", existing, [], {}))),
    );
    return { volumes: result.value, created: resources.map(({ inputs }) => inputs) };
  };
  expect(await volumesOf({})).toEqual({
    volumes: { data: ["shop-web-data", "shop-web-data"] },
    created: [{ name: "shop-web-data", labels: [] }],
  });
  expect(await volumesOf({ kind: "stateful" })).toEqual({
    volumes: { data: ["shop-web-data-0", "shop-web-data-1"] },
    created: [
      { name: "shop-web-data-0", labels: [] },
      { name: "shop-web-data-1", labels: [] },
    ],
  });
  expect(await volumesOf({ kind: "stateful" }, { data: ["a", "b"] })).toEqual({ volumes: { data: ["a", "b"] }, created: [] });
  expect(await volumesOf({ volumes: { tmp: { kind: "emptyDir", mountPath: "/tmp", size: "1Mi" } } })).toEqual({ volumes: {}, created: [] });
});

test("each task of a stateful service on Swarm has its own host name and volume", async () => {
  const create = () =>
    new SwarmService("db", {
      image,
      kind: "stateful",
      replicas: 2,
      expose: "none",
      volumes: persistent(),
      prefix: "shop-db",
      network: "net",
      on: { helper: "helper" },
    });
  const { resources } = await record(create);
  const { taskSpec, updateConfig } = resources.find(({ type }) => type.endsWith(":Service"))!.inputs;
  expect(taskSpec.containerSpec.hostname).toBe("db-{{.Task.Slot}}");
  expect(taskSpec.containerSpec.mounts.at(-1).source).toBe("shop-db-data-{{.Task.Slot}}");
  expect([updateConfig.order, updateConfig.parallelism]).toEqual(["stop-first", 1]);
});

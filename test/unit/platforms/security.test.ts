import * as pulumi from "@pulumi/pulumi";
import { loadConfiguration } from "../../../config/load.ts";
import { policySettings } from "../../../config/schema/policy.ts";
import { rootCapabilities } from "../../../lib/security-level.ts";
import { plain, type Properties } from "../../../lib/values.ts";
import { loadPlatform } from "../../../platforms/platform.ts";
import { formatScore, scoreOf } from "../../../review/policy/scorecard.ts";
import { clusterOutputs, inTemporaryFolder } from "../cluster-outputs.ts";
import { image } from "../docker-inputs.ts";
import { record } from "../harness.ts";

// What the settings `user`, `group` and `security` become on each platform, and what the policy rules say of it. The integration tests run
// PostgreSQL and nginx as root.

inTemporaryFolder();

const reason = "The image starts as root";
const baseline = { level: "baseline", reason };
const persistent = { data: { kind: "persistent", mountPath: "/data", size: "1Gi" } };
const added = rootCapabilities.map((capability) => `CAP_${capability}`);

/** The resources of a stack with the given services. */
async function resourcesOf(platformName: "local" | "docker" | "swarm", services: Record<string, object>) {
  const program = async () => {
    const all = Object.entries(services).map(([name, service]) => [name, { image, replicas: 1, ...service }]);
    pulumi.runtime.setAllConfig({
      "slipway:platform": platformName,
      "slipway:services": JSON.stringify(Object.fromEntries(all)),
      "slipway:local": JSON.stringify({ cluster: "own" }),
    });
    const configuration = await loadConfiguration(loadPlatform);
    const platform = await (await loadPlatform(configuration.platform)).createPlatform(configuration);
    for (const [name, settings] of Object.entries(configuration.services)) platform.deploy(name, settings, String(settings.image));
  };
  return (await record(program, { outputs: clusterOutputs })).resources;
}

async function inputsOf(platform: "local" | "docker" | "swarm", service: object, resource: string): Promise<Properties> {
  const resources = await resourcesOf(platform, { web: service });
  return resources.find(({ type, name }) => `${type.split(":").at(-1)} ${name}` === resource)!.inputs;
}

describe("on Kubernetes", () => {
  const podOf = async (service: object) => {
    const { metadata, spec } = await inputsOf("local", service, "Deployment web");
    const { runAsNonRoot, runAsUser, runAsGroup, fsGroup } = spec.template.spec.securityContext;
    return {
      ids: [runAsNonRoot, runAsUser, runAsGroup, fsGroup],
      container: spec.template.spec.containers[0].securityContext,
      annotations: metadata.annotations,
    };
  };
  const strict = { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ["ALL"] } };

  test("user and group are those of the pods and of their volumes", async () => {
    expect(await podOf({ user: 999 })).toEqual({ ids: [true, 999, 999, 999], container: strict, annotations: undefined });
    expect((await podOf({ user: 999, group: 0 })).ids).toEqual([true, 999, 0, 0]);
    expect((await podOf({ group: 7 })).ids).toEqual([true, 65532, 7, 7]);
  });

  test("level baseline runs as the image's user, with the capabilities of root and a writable root file system", async () => {
    expect(await podOf({ security: baseline })).toEqual({
      ids: [undefined, undefined, undefined, undefined],
      container: {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: false,
        capabilities: { drop: ["ALL"], add: rootCapabilities },
      },
      annotations: { "slipway.dev/baseline-reason": reason },
    });
    expect((await podOf({ user: 0, security: baseline })).ids).toEqual([false, 0, 0, 0]);
  });

  test("level baseline keeps what is stricter: another user, a read-only root file system, and fewer capabilities", async () => {
    const { ids, container } = await podOf({ user: 999, security: { ...baseline, readOnlyRootFilesystem: true } });
    expect([ids, container]).toEqual([[true, 999, 999, 999], strict]);
    const chosen = await podOf({ security: { ...baseline, capabilities: ["CHOWN"] } });
    expect(chosen.container.capabilities).toEqual({ drop: ["ALL"], add: ["CHOWN"] });
  });

  test("the image's user can read secret files, of which the group is not known", async () => {
    const modeOf = async (service: object) => {
      const { spec } = await inputsOf("local", { secretFiles: { "/run/key": "k" }, ...service }, "Deployment web");
      return spec.template.spec.volumes[0].secret.defaultMode;
    };
    expect([await modeOf({}), await modeOf({ user: 999, security: baseline }), await modeOf({ security: baseline })]).toEqual([
      0o440, 0o440, 0o444,
    ]);
  });

  const labelsFor = async (services: Record<string, object>) => {
    const resources = await resourcesOf("local", services);
    const { labels } = resources.find(({ type }) => type.endsWith(":Namespace"))!.inputs.metadata;
    return Object.fromEntries(
      Object.entries(labels as object).flatMap(([label, value]) => (label.endsWith("-version") ? [] : [[label.split("/")[1]!, value]])),
    );
  };

  test("the namespace enforces the lowest level that a service needs, and audits and warns for restricted", async () => {
    expect(await labelsFor({ web: {} })).toEqual({ enforce: "restricted", warn: "restricted" });
    expect(await labelsFor({ web: {}, db: { security: baseline } })).toEqual({
      enforce: "baseline",
      audit: "restricted",
      warn: "restricted",
    });
  });

  test.each([
    ["a writable root file system alone", { user: 999, security: baseline }, "restricted"],
    ["the capability NET_BIND_SERVICE", { user: 999, security: { ...baseline, capabilities: ["NET_BIND_SERVICE"] } }, "restricted"],
    ["another capability", { user: 999, security: { ...baseline, capabilities: ["CHOWN"] } }, "baseline"],
    ["root", { user: 0, security: { ...baseline, capabilities: [] } }, "baseline"],
  ])("%s decides the level of the namespace", async (_what, service, expected) => {
    expect((await labelsFor({ web: service }))["enforce"]).toBe(expected);
  });
});

describe("on Docker", () => {
  const containerOf = async (service: object) => {
    const { user, readOnly, capabilities, labels } = await inputsOf("docker", service, "Container slipway-test-web-1");
    return { user, readOnly, capabilities, reason: labels.find(({ label }: Properties) => label === "dev.slipway.baseline-reason")?.value };
  };
  const ownersOf = async (service: object) => {
    const { command } = await inputsOf("docker", { volumes: persistent, ...service }, "Container slipway-test-helper");
    return command.slice(2);
  };

  test("user and group are those of the container and of its volumes", async () => {
    const strict = { readOnly: true, capabilities: { drops: ["ALL"] }, reason: undefined };
    expect(await containerOf({ user: 999, group: 7 })).toEqual({ user: "999:7", ...strict });
    expect([await ownersOf({}), await ownersOf({ user: 999 })]).toEqual([["/volumes/0=65532:65532"], ["/volumes/0=999:999"]]);
  });

  test("level baseline runs as the image's user, which also owns its volumes", async () => {
    expect(await containerOf({ security: baseline })).toEqual({
      user: undefined,
      readOnly: false,
      capabilities: { drops: ["ALL"], adds: added },
      reason,
    });
    expect(await ownersOf({ security: baseline })).toEqual([]);
  });

  test("secret files belong to the group of the service, or can be read by the image's user", async () => {
    const fileOf = async (service: object) =>
      (await inputsOf("docker", { secretFiles: { "/run/key": "k" }, ...service }, "VolumeFiles slipway-test-web-files")).files.value[0];
    const file = { path: "/run/key", content: expect.anything() as unknown };
    expect(await fileOf({})).toEqual({ ...file, mode: 0o440 });
    expect(await fileOf({ user: 999 })).toEqual({ ...file, mode: 0o440, gid: 999 });
    expect(await fileOf({ security: baseline })).toEqual({ ...file, mode: 0o444, gid: 0 });
  });
});

test("what is temporary on Docker and Swarm belongs to the user, because runc gives it the mode of the image's folder", async () => {
  const volumes = { run: { kind: "emptyDir", mountPath: "/run", size: "1Mi" } };
  const onDocker = async (more: object) => (await inputsOf("docker", { volumes, ...more }, "Container slipway-test-web-1")).tmpfs["/run"];
  const options = "rw,nosuid,nodev,noexec,mode=1777,size=1048576";
  expect(await onDocker({ user: 101, group: 7 })).toBe(`${options},uid=101,gid=7`);
  expect(await onDocker({ security: baseline })).toBe(options);
  const onSwarm = async (more: object) => {
    const { taskSpec } = await inputsOf("swarm", { volumes, ...more }, "Service slipway-test-web");
    return taskSpec.containerSpec.mounts[1];
  };
  const o = "size=1048576,uid=101,gid=7,mode=1777,nosuid,nodev,noexec";
  expect(await onSwarm({ user: 101, group: 7 })).toEqual({
    type: "volume",
    target: "/run",
    volumeOptions: {
      labels: expect.arrayContaining([{ label: "dev.slipway.empty-dir", value: "true" }]),
      noCopy: true,
      driverName: "local",
      driverOptions: { type: "tmpfs", device: "tmpfs", o },
    },
  });
  expect(await onSwarm({ security: baseline })).toMatchObject({ type: "tmpfs", target: "/run" });
});

describe("on Swarm", () => {
  const taskOf = async (service: object) => {
    const { taskSpec, labels } = await inputsOf("swarm", service, "Service slipway-test-web");
    const { user, readOnly, capDrops, capAdds, secrets } = taskSpec.containerSpec;
    return { user, readOnly, capDrops, capAdds, secrets, labels: labels.map(({ label }: Properties) => label) };
  };
  const labels = ["dev.slipway.stack", "dev.slipway.service"];

  test("user and group are those of the tasks and of their secrets", async () => {
    const { secrets, ...rest } = await taskOf({ user: 999, group: 7, secretFiles: { "/run/key": "k" } });
    expect(rest).toEqual({ user: "999:7", readOnly: true, capDrops: ["ALL"], capAdds: undefined, labels });
    expect(secrets[0]).toMatchObject({ fileGid: "7", fileMode: 0o440 });
  });

  test("level baseline runs as the image's user, with the capabilities of root and a writable root file system", async () => {
    const { secrets, ...rest } = await taskOf({ security: baseline, secretFiles: { "/run/key": "k" } });
    const withReason = [...labels, "dev.slipway.baseline-reason"];
    expect(rest).toEqual({ user: undefined, readOnly: false, capDrops: ["ALL"], capAdds: added, labels: withReason });
    expect(secrets[0]).toMatchObject({ fileGid: "0", fileMode: 0o444 });
  });
});

describe("the scorecard", () => {
  const scoreFor = async (platform: "local" | "docker" | "swarm", services: Record<string, object>) => {
    const resources = (await resourcesOf(platform, services)).map(({ type, name, inputs }) => ({
      urn: `urn:pulumi:test::slipway::${type}::${name}`,
      type,
      name,
      inputs: plain(inputs, "[secret]"),
    }));
    return scoreOf(resources, policySettings.parse({}), "2026-06-30");
  };

  test.each([
    ["local", "Deployment web", "Namespace services"],
    ["docker", "Container slipway-test-web-1", undefined],
    ["swarm", "Service slipway-test-web", undefined],
  ])("on %s it lists what level baseline allows, with its reason", async (platform, workload, namespace) => {
    const score = await scoreFor(platform as "local", { web: { security: baseline } });
    expect(
      score.findings.filter(({ resource, message }) => [workload, namespace].includes(resource) && /root|capab|enforce/.test(message)),
    ).toEqual([]);
    const rules =
      platform === "local"
        ? ["run-as-non-root", "no-capabilities", "read-only-root"]
        : ["container-non-root", "container-read-only-root", "container-no-capabilities"];
    const expected = rules.map((rule) => ({ rule, resource: workload, reason }));
    if (namespace) expected.push({ rule: "restricted-namespace", resource: namespace, reason: "Deployment web has the level baseline" });
    expect(score.exceptions).toEqual(expected);
    expect(formatScore(score, "shop")).toContain(`\n  exception  ${workload}: ${rules[0]}: ${reason}\n`);
  });

  test("what a service may not do even at level baseline is a finding in spite of the reason", async () => {
    const resources = (await resourcesOf("local", { web: { security: baseline } })).map(({ type, name, inputs }) => {
      const changed = structuredClone(plain(inputs, "[secret]"));
      const context = changed["spec"]?.template?.spec?.containers[0].securityContext;
      if (context) context.capabilities.add = ["SYS_ADMIN"];
      return { urn: `urn:pulumi:test::slipway::${type}::${name}`, type, name, inputs: changed };
    });
    const { findings } = scoreOf(resources, policySettings.parse({}), "2026-06-30");
    expect(findings.map(({ rule, message }) => [rule, message])).toContainEqual([
      "no-capabilities",
      "adds Linux capabilities (container app)",
    ]);
  });
});

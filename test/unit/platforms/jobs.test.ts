import * as pulumi from "@pulumi/pulumi";
import { withoutPreflight } from "../../../lib/preflight.ts";
import slipway from "../../../program.ts";
import type { Properties } from "../../../lib/values.ts";
import { clusterOutputs, inTemporaryFolder } from "../cluster-outputs.ts";
import { image } from "../docker-inputs.ts";
import { record, tree } from "../harness.ts";

// What the program makes of jobs and of `after` on each platform. The integration tests run jobs.

inTemporaryFolder();

async function run(platform: string, services: object, jobs: object, preview = false) {
  const program = async () => {
    pulumi.runtime.setAllConfig({
      "slipway:platform": platform,
      "slipway:services": JSON.stringify(services),
      "slipway:jobs": JSON.stringify(jobs),
      "slipway:local": JSON.stringify({ cluster: "own" }),
    });
    return withoutPreflight(slipway);
  };
  return record(program, { outputs: clusterOutputs, preview });
}
const find = ({ resources }: Awaited<ReturnType<typeof run>>, kindAndName: string): Properties =>
  resources.find(({ type, name }) => !type.startsWith("slipway:") && `${type.split(":").at(-1)} ${name}` === kindAndName)!.inputs;

const promised = (value: unknown) => new Promise((done) => void pulumi.output(value as pulumi.Input<string>).apply(done));

const db = { image, port: 5432, probes: { kind: "tcp" }, replicas: 1 };
const migrate = { image, args: ["migrate"], env: { A: "b" }, calls: ["db"], after: ["db"] };
const stack = { services: { web: { image, after: ["migrate"], replicas: 1 }, db }, jobs: { migrate } };

describe("on Kubernetes", () => {
  test("a job is a Job that waits for the services that it calls, and that they accept calls from", async () => {
    const made = await run("local", stack.services, stack.jobs);
    const { metadata, spec } = find(made, "Job migrate");
    expect(metadata.annotations).toEqual({ "pulumi.com/replaceUnready": "true" });
    const { template, ...limits } = spec;
    expect(limits).toEqual({ backoffLimit: 0, activeDeadlineSeconds: 600 });
    const { restartPolicy, containers, initContainers } = template.spec;
    expect(restartPolicy).toBe("Never");
    expect(Object.keys(containers[0]).sort()).toEqual(
      [
        "args",
        "env",
        "image",
        "imagePullPolicy",
        "name",
        "resources",
        "securityContext",
        "terminationMessagePolicy",
        "volumeMounts",
      ].sort(),
    );
    expect(containers[0].env).toEqual([
      { name: "GOMEMLIMIT", value: "58982KiB" },
      { name: "A", value: "b" },
    ]);
    expect(initContainers).toMatchObject([
      { name: "wait", image: expect.stringContaining("/slipway-helper@sha256:"), args: ["wait", "-timeout=600s", "db:5432"] },
    ]);
    const callers = (name: string) => [{ podSelector: { matchLabels: { "app.kubernetes.io/name": name } } }];
    expect(find(made, "NetworkPolicy db").spec.ingress[0].from).toEqual(callers("migrate"));
    expect(find(made, "NetworkPolicy migrate").spec.egress[1].to).toEqual(callers("db"));
    expect(find(made, "NetworkPolicy migrate").spec.ingress).toEqual([]);
  });

  test("a job without calls needs no helper", async () => {
    const made = await run("local", { web: { image } }, { job: { image } });
    expect(find(made, "Job job").spec.template.spec.initContainers).toBeUndefined();
    expect(tree(made.urns).filter((line) => line.includes("slipway-helper"))).toEqual([]);
  });

  test("a job with a schedule is a CronJob with all its settings", async () => {
    const schedule = { cron: "0 3 * * *", timeZone: "Europe/Berlin", concurrencyPolicy: "Replace", suspend: true };
    const { spec } = find(await run("local", { web: { image } }, { clean: { image, retries: 3, schedule } }), "CronJob clean");
    const { jobTemplate, ...rest } = spec;
    expect(rest).toEqual({
      schedule: "0 3 * * *",
      timeZone: "Europe/Berlin",
      concurrencyPolicy: "Replace",
      startingDeadlineSeconds: 300,
      successfulJobsHistoryLimit: 3,
      failedJobsHistoryLimit: 1,
      suspend: true,
    });
    expect(jobTemplate.spec).toMatchObject({ backoffLimit: 3, activeDeadlineSeconds: 600 });
  });

  test("an image in another registry of this machine is copied to the cluster's", async () => {
    const digest = `sha256:${"c".repeat(64)}`;
    const made = await run("local", { web: { image: `127.0.0.1:5999/team/web:1@${digest}` } }, { job: { image } }, true);
    const { repository, tag } = find(made, "RegistryPush web");
    expect([repository, tag]).toEqual(["127.0.0.1:5001/web", "c".repeat(12)]);
    expect(find(made, "Deployment web").spec.template.spec.containers[0].image).toBe(`127.0.0.1:5001/web@${digest}`);
    expect(find(made, "Job job").spec.template.spec.containers[0].image).toBe(image);
    expect(await promised(made.result.images["web"])).toBe(`127.0.0.1:5001/web@${digest}`);
  });
});

describe("on Docker", () => {
  test("a job is a container that is started by its run, in the networks of the services that it calls", async () => {
    const made = await run("docker", stack.services, stack.jobs);
    const container = find(made, "Container slipway-test-migrate");
    const { name, start, mustRun, restart, envs, volumes, networksAdvanced, healthcheck, labels } = container;
    expect({ name, start, mustRun, restart, envs, volumes, networksAdvanced, healthcheck }).toEqual({
      name: "slipway-test-migrate",
      start: false,
      mustRun: false,
      restart: "no",
      envs: ["GOMEMLIMIT=58982KiB", "A=b"],
      volumes: [],
      networksAdvanced: [{ name: "slipway-test-db", aliases: ["migrate"] }],
      healthcheck: undefined,
    });
    expect(labels).toEqual([
      { label: "dev.slipway.stack", value: "test" },
      { label: "dev.slipway.job", value: "migrate" },
    ]);
    expect(find(made, "JobRun slipway-test-migrate")).toMatchObject({ job: "migrate", kind: "container", retries: 0, timeoutSeconds: 600 });
  });

  test("a job that calls nothing has a network without a way out", async () => {
    const made = await run("docker", { web: { image } }, { proxy: { image } });
    expect(find(made, "Network slipway-test-proxy-job").internal).toBe(true);
    expect(find(made, "Container slipway-test-proxy-job").networksAdvanced[0].name).toBe("slipway-test-proxy-job");
  });
});

describe("on Swarm", () => {
  test("a job is a service whose task does not restart after its success", async () => {
    const made = await run("swarm", stack.services, { migrate: { ...migrate, retries: 2 } });
    const { mode, taskSpec } = find(made, "Service slipway-test-migrate");
    expect(mode).toEqual({ replicated: { replicas: 1 } });
    expect(taskSpec.restartPolicy).toEqual({ condition: "on-failure", delay: "1s", maxAttempts: 2, window: "0s" });
    expect(taskSpec.containerSpec.mounts).toEqual([]);
    expect(taskSpec.containerSpec.healthcheck.tests).toEqual(["NONE"]);
    expect(find(made, "JobRun slipway-test-migrate")).toMatchObject({ kind: "service", retries: 2, definition: expect.any(String) });
    const without = find(await run("swarm", stack.services, stack.jobs), "Service slipway-test-migrate");
    expect(without.taskSpec.restartPolicy).toEqual({ condition: "none", delay: "1s", window: "0s" });
  });

  test("a service or job with the name of something that all services share has another object name", async () => {
    const made = await run("swarm", { proxy: { image }, registry: { image } }, { helper: { image } });
    const names = made.resources.filter(({ type }) => type.endsWith(":Service")).map(({ inputs }) => inputs["name"]);
    expect(names.sort()).toEqual(
      ["helper", "helper-job", "proxy", "proxy-service", "registry-service"].map((name) => `slipway-test-${name}`),
    );
  });
});

test.each(["local", "docker", "swarm"])(
  "on %s, what comes after a job is registered after it, whatever the order in the file",
  async (platform) => {
    const { urns } = await run(platform, stack.services, stack.jobs);
    const at = (end: string) => urns.findIndex((urn) => urn.endsWith(end));
    const job = { local: "Job::migrate", docker: "JobRun::slipway-test-migrate", swarm: "JobRun::slipway-test-migrate" }[platform]!;
    const web = { local: "Deployment::web", docker: "Container::slipway-test-web-1", swarm: "Service::slipway-test-web" }[platform]!;
    expect(at(job)).toBeGreaterThan(-1);
    expect(at(web)).toBeGreaterThan(at(job));
  },
);

test("the image of the helper is an output of the cluster's stack, so that it counts as in use", async () => {
  const { result } = await run("local", stack.services, stack.jobs);
  expect(await promised((result as { helper?: unknown }).helper)).toMatch(/\/slipway-helper@sha256:[0-9a-f]{64}$/);
  expect((await run("local", { web: { image } }, { job: { image } })).result).not.toHaveProperty("helper");
});

test("the images of jobs are an output of their own", async () => {
  const { result } = await run("docker", { web: { image } }, { job: { image } });
  expect([result.images, result.jobs]).toEqual([{ web: image }, { job: image }]);
});

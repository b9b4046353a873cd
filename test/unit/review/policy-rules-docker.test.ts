import type { PolicyRuleId } from "../../../config/schema/policy-rule-ids.ts";
import type { Properties } from "../../../lib/values.ts";
import { containerRules } from "../../../review/policy/rules/containers.ts";
import { hidden } from "../../../review/preview/secrets.ts";
import { digest, resource, verdictOn } from "./policy-samples.ts";

const container = (inputs: Properties) => resource("docker:index/container:Container", inputs);
const service = (inputs: Properties) => resource("docker:index/service:Service", inputs);
const task = (containerSpec: Properties) => service({ taskSpec: { containerSpec } });

const byTag = "uses an image by tag, which can be overwritten";
const asRoot = "may run as root";
const escalates = "allows privilege escalation";
const privileged = "runs privileged, or shares a namespace of the host";
const unchecked = "has no health check";
const unbounded = "has no limit on the size of its logs";
const ends = "is not restarted after it exits";
const asVariable = (names: string) => `has ${names} as an environment variable, which every user of Docker can read`;
const oneTask = "has one task, so requests fail while it restarts";

const table: [rule: PolicyRuleId, situation: string, of: ReturnType<typeof resource>, expected: string][] = [
  ["container-image-by-digest", "an image by digest", container({ image: `r.example/web@sha256:${digest}` }), "passes"],
  ["container-image-by-digest", "the ID of an image", container({ image: `sha256:${digest}` }), "passes"],
  ["container-image-by-digest", "a digest that is too long", container({ image: `r.example/web@sha256:${digest}0` }), byTag],
  ["container-image-by-digest", "a service by tag", task({ image: "r.example/web:1" }), byTag],
  ["container-image-by-digest", "a service without an image", service({}), byTag],
  ["container-non-root", "the user of the image", container({}), asRoot],
  ["container-non-root", "no user", task({ user: "" }), asRoot],
  ["container-non-root", "root by name", container({ user: "root" }), asRoot],
  ["container-non-root", "root by ID", container({ user: "0" }), asRoot],
  ["container-non-root", "root with a group", container({ user: "root:1000" }), asRoot],
  ["container-non-root", "another ID that starts with 0", container({ user: "065" }), "passes"],
  ["container-non-root", "another user in the group of root", task({ user: "65532:0" }), "passes"],
  ["container-read-only-root", "the default of Docker", container({}), "has a writable root filesystem"],
  ["container-no-capabilities", "the default of Docker", container({}), "keeps Linux capabilities"],
  ["container-no-capabilities", "the default of Swarm", service({ taskSpec: {} }), "keeps Linux capabilities"],
  ["container-no-capabilities", "a service without tasks", service({}), "keeps Linux capabilities"],
  ["container-no-capabilities", "all dropped", container({ capabilities: { drops: ["NET_RAW", "ALL"] } }), "passes"],
  [
    "container-no-capabilities",
    "some added",
    container({ capabilities: { drops: ["ALL"], adds: ["CAP_CHOWN", "SETUID"] } }),
    "adds the Linux capabilities CHOWN, SETUID",
  ],
  ["container-no-capabilities", "one added, on Swarm", task({ capDrops: ["ALL"], capAdds: ["CAP_NET_BIND_SERVICE"] }), "passes"],
  ["container-no-capabilities", "all dropped, on Swarm", task({ capDrops: ["ALL"] }), "passes"],
  ["container-no-new-privileges", "the short form", container({ securityOpts: ["no-new-privileges"] }), "passes"],
  ["container-no-new-privileges", "with an equals sign", container({ securityOpts: ["no-new-privileges=true"] }), "passes"],
  [
    "container-no-new-privileges",
    "one of several options",
    container({ securityOpts: ["label=disable", "no-new-privileges:true"] }),
    "passes",
  ],
  ["container-no-new-privileges", "switched off", container({ securityOpts: ["no-new-privileges:false"] }), escalates],
  [
    "container-no-new-privileges",
    "another option with that value",
    container({ securityOpts: ["label=type:no-new-privileges"] }),
    escalates,
  ],
  ["container-no-new-privileges", "a service", service({}), "not concerned"],
  ["container-not-privileged", "privileged", container({ privileged: true }), privileged],
  ["container-not-privileged", "the network of the host", container({ privileged: false, networkMode: "host" }), privileged],
  ["container-not-privileged", "the IPC namespace of the host", container({ ipcMode: "host" }), privileged],
  ["container-not-privileged", "not privileged", container({ privileged: false, networkMode: "bridge" }), "passes"],
  [
    "container-no-host-folder",
    "mounts and volumes",
    container({
      mounts: [
        { type: "bind", source: "/srv" },
        { type: "volume", source: "data" },
      ],
      volumes: [{ hostPath: "/etc" }, { volumeName: "cache" }],
    }),
    "mounts /srv, /etc of the host",
  ],
  ["container-no-host-folder", "a service", task({ mounts: [{ type: "bind", source: "/srv" }] }), "mounts /srv of the host"],
  ["container-no-host-folder", "volumes", task({ mounts: [{ type: "volume", source: "data" }] }), "passes"],
  ["container-no-host-folder", "no mounts", container({ mounts: null }), "passes"],
  [
    "container-no-plain-secret",
    "each variable by its name",
    container({ envs: ["API_TOKEN=a=b", "GREETING=hello", "DB_PASSWORD=x"] }),
    asVariable("API_TOKEN, DB_PASSWORD"),
  ],
  ["container-no-plain-secret", "a value that Pulumi marks as secret", container({ envs: [`GREETING=${hidden}`] }), asVariable("GREETING")],
  ["container-no-plain-secret", "a secret of a service", task({ env: { GREETING: hidden } }), asVariable("GREETING")],
  ["container-no-plain-secret", "an empty variable", container({ envs: ["DB_PASSWORD="] }), "passes"],
  ["container-no-plain-secret", "no variables", task({}), "passes"],
  ["container-memory-limit", "a limit", container({ memory: 64 }), "passes"],
  ["container-memory-limit", "a limit of 0 means none", container({ memory: 0 }), "has no memory limit"],
  ["container-memory-limit", "a service without tasks", service({}), "has no memory limit"],
  ["container-memory-limit", "a service without resources", task({}), "has no memory limit"],
  ["container-memory-limit", "a limit of a service", service({ taskSpec: { resources: { limits: { memoryBytes: 64 } } } }), "passes"],
  ["container-health-check", "no check", container({}), unchecked],
  ["container-health-check", "no tests", container({ healthcheck: {} }), unchecked],
  ["container-health-check", "a check of a service", task({ healthcheck: { tests: ["CMD", "/app", "check"] } }), "passes"],
  ["container-bounded-logs", "the default of Docker", container({}), unbounded],
  ["container-bounded-logs", "a limit", container({ logOpts: { "max-size": "10m" } }), "passes"],
  ["container-bounded-logs", "another driver", container({ logDriver: "journald" }), "passes"],
  ["container-bounded-logs", "only a number of files", container({ logDriver: "json-file", logOpts: { "max-file": "3" } }), unbounded],
  ["container-bounded-logs", "a service without tasks", service({}), unbounded],
  ["container-bounded-logs", "a service without a driver", task({}), unbounded],
  [
    "container-bounded-logs",
    "a service",
    service({ taskSpec: { logDriver: { name: "json-file", options: { "max-size": "1m" } } } }),
    "passes",
  ],
  ["container-restart", "never", container({ restart: "no" }), ends],
  ["container-restart", "always", container({ restart: "always" }), "passes"],
  ["container-restart", "never, on Swarm", service({ taskSpec: { restartPolicy: { condition: "none" } } }), ends],
  ["container-restart", "after failures, on Swarm", service({ taskSpec: { restartPolicy: { condition: "on-failure" } } }), "passes"],
  ["container-restart", "the default of Swarm", service({}), "passes"],
  ["container-restart", "the default of tasks", service({ taskSpec: {} }), "passes"],
  ["container-restart", "the default of restart policies", service({ taskSpec: { restartPolicy: { delay: "5s" } } }), "passes"],
  [
    "container-behind-proxy",
    "each port",
    container({
      ports: [
        { internal: 80, external: 8080 },
        { internal: 443, external: 8443, ip: "10.0.0.127" },
      ],
    }),
    "publishes ports that bypass the proxy (8080, 8443)",
  ],
  [
    "container-behind-proxy",
    "only for the host itself",
    container({ ports: [{ internal: 80, external: 8080, ip: "127.0.0.1" }] }),
    "passes",
  ],
  ["container-behind-proxy", "no ports", container({}), "passes"],
  ["container-behind-proxy", "a service without ports", service({}), "passes"],
  ["swarm-rollback", "the default of Swarm", service({}), "does not roll back a failed update"],
  ["swarm-rollback", "a container", container({}), "not concerned"],
  ["swarm-several-tasks", "the default of Swarm", service({}), oneTask],
  ["swarm-several-tasks", "the default of replicated services", service({ mode: {}, taskSpec: {} }), oneTask],
  ["swarm-several-tasks", "two tasks", service({ mode: { replicated: { replicas: 2 } } }), "passes"],
  ["swarm-several-tasks", "a task on each node", service({ mode: { global: true } }), "passes"],
  [
    "swarm-several-tasks",
    "a task that writes to a volume",
    task({ mounts: [{ type: "tmpfs" }, { type: "volume", source: "data" }] }),
    "passes",
  ],
  ["swarm-several-tasks", "a task that only reads a volume", task({ mounts: [{ type: "volume", readOnly: true }] }), oneTask],
  ["swarm-several-tasks", "a task with a folder of its host", task({ mounts: [{ type: "bind", source: "/srv" }] }), oneTask],
];

test.each(table)("%s: %s", (rule, _, of, expected) => {
  expect(verdictOn(rule, [of])).toBe(expected);
});

test.each(["LocalCluster", "ContainerHost", "SwarmHost"])("the containers of a %s are not concerned", (component) => {
  const of = (type: string) => ({ ...container({}), urn: `urn:pulumi:test::slipway::${type}docker:index/container:Container::it` });
  const concerned = (type: string) => containerRules.map(({ id }) => verdictOn(id, [of(type)])).filter((said) => said !== "not concerned");
  expect(concerned(`slipway:index:${component}$`)).toEqual([]);
  expect(concerned(`slipway:index:Other${component}$`).length).toBeGreaterThan(0);
});

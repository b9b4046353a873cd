import { baselineCapabilities } from "../../../lib/security-level.ts";
import * as pulumi from "@pulumi/pulumi";
import { formatProblem } from "../../../lib/problem.ts";
import { formatPath } from "../../../lib/property-path.ts";
import { problemsWithWebService, routeKey } from "../../../components/rules/web-service.ts";
import type { AccessMode, PeerArgs, ProbeArgs, TolerationArgs, VolumeArgs, WebServiceArgs } from "../../../components/web-service.ts";

const digest = `sha256:${"0".repeat(64)}`;
const image = `registry.example/web@${digest}`;
const host = "web.example.org";

const objectName = (got: string) =>
  `must be the name of a Kubernetes object: at most 253 lower-case letters, digits, "-" and "." (got "${got}").`;
const label = (got: string) => `must be a valid label value: at most 63 letters, digits and ".-_" (got "${got}").`;
const key = (got: string) =>
  `the key must be at most 63 letters, digits and ".-_", with an optional domain in front, such as example.org/team (got "${got}").`;
const dnsName = (got: string) =>
  `must be lower-case letters, digits and "-", starting with a letter and ending with a letter or digit (got "${got}").`;

type Args = Partial<WebServiceArgs>;
type Rejected = [what: string, args: Args, problems: string[]][];
type Accepted = [what: string, args: Args][];

const problemsWith = (args: Args, name = "web") => problemsWithWebService(name, { image, ...args }).map(formatProblem);

function testRules(rejected: Rejected, accepted: Accepted): void {
  test.each(rejected)("rejected: %s", (_what, args, problems) => {
    expect(problemsWith(args)).toEqual(problems);
  });
  test.each(accepted)("accepted: %s", (_what, args) => {
    expect(problemsWith(args)).toEqual([]);
  });
}

describe("identity", () => {
  test("the name is a DNS label of at most 63 characters", () => {
    expect(problemsWith({}, "Web")).toEqual([`the name ${dnsName("Web")}`]);
    expect(problemsWith({}, "a".repeat(63))).toEqual([]);
    expect(problemsWith({}, "a".repeat(64))).toEqual([`the name must be at most 63 characters long (got "${"a".repeat(64)}").`]);
  });

  test("the name of a stateful service leaves room for the hash in a label of its pods", () => {
    const problemsOf = (length: number) => problemsWith({ kind: "stateful" }, "a".repeat(length));
    const tooLong = (length: number) =>
      `the name must be at most 52 characters long with kind stateful (got ${length} characters). Shorten it.`;
    expect(problemsOf(52)).toEqual([]);
    expect(problemsOf(53)).toEqual([tooLong(53)]);
    expect(problemsOf(63)).toEqual([tooLong(63)]);
    expect(problemsOf(64)).toEqual([`the name must be at most 63 characters long (got "${"a".repeat(64)}").`]);
  });

  test.each([
    "nginx",
    "nginx:1.29",
    "registry.example/Web@" + digest,
    "registry.example/web@sha256:" + "0".repeat(63),
    "registry.example/web@sha256:" + "0".repeat(65),
    "registry.example/web@sha256:" + "A".repeat(64),
    "https://registry.example/web@" + digest,
    "/web@" + digest,
    "web /web@" + digest,
    "",
  ])("rejected: the image %j, which is not by digest", (given) => {
    expect(problemsWith({ image: given })).toEqual([
      `image: must be an image by digest such as "registry.example/web@sha256:…" (got "${given}").`,
    ]);
  });
  test.each(["web@", "library/web@", "localhost:5001/shop/web_api--v2@", "Registry.example/a.b:1.2-rc_3@", "[::1]:5001/web@"])(
    "accepted: the image %ssha256:…",
    (repository) => {
      expect(problemsWith({ image: repository + digest })).toEqual([]);
    },
  );

  testRules(
    [
      [
        "root as user",
        { user: 0 },
        ["user: must not be 0, which is root. Set a user ID of the image, or security.level: baseline with a reason."],
      ],
      ["a negative user ID", { user: -1 }, ["user: must be at least 0 (got -1)."]],
      [
        "an empty command and empty arguments",
        { command: [], args: [] },
        ["command: must not be empty. Remove it to use the image's.", "args: must not be empty. Remove it to use the image's."],
      ],
    ],
    [
      ["the lowest user ID that is not root", { user: 1 }],
      ["a command with arguments", { command: ["redis-server"], args: [""] }],
    ],
  );
});

describe("security", () => {
  const security = { level: "baseline", reason: "it needs it" } as const;
  const asBaseline = "requires security.level: baseline with a reason. Set it, or";
  testRules(
    [
      [
        "level baseline without a reason",
        { security: { level: "baseline", reason: " " } },
        ["security.reason: is required at level baseline. Say why the service needs it; the scorecard and the report show it."],
      ],
      [
        "a reason without level baseline",
        { security: { level: "restricted", reason: "it needs it" } },
        ["security.reason: requires security.level: baseline. Set it, or remove the reason."],
      ],
      [
        "a writable root file system and capabilities without level baseline",
        { security: { readOnlyRootFilesystem: false, capabilities: ["NET_BIND_SERVICE"] } },
        [
          `security.readOnlyRootFilesystem: ${asBaseline} mount a volume for each folder the program writes to.`,
          `security.capabilities: ${asBaseline} remove the capabilities; ports below 1024 need none.`,
        ],
      ],
      [
        "capabilities outside of level baseline, twice, and with Docker's prefix",
        { security: { ...security, capabilities: ["SYS_ADMIN", "CHOWN", "CHOWN", "cap_kill"] } },
        [
          `security.capabilities[0]: must be one of ${baselineCapabilities.join(", ")} (got "SYS_ADMIN"). Remove it: with others, a program can take over its node.`,
          'security.capabilities[2]: repeats "CHOWN". Remove it.',
          `security.capabilities[3]: must be one of ${baselineCapabilities.join(", ")} (got "cap_kill"). Write KILL.`,
        ],
      ],
      ["a group without a user at level baseline", { group: 1000, security }, ["group: requires user. Set it."]],
      ["a negative group", { group: -1 }, ["group: must be at least 0 (got -1)."]],
    ],
    [
      ["root at level baseline", { user: 0, security }],
      ["level baseline with a read-only root file system", { security: { ...security, readOnlyRootFilesystem: true } }],
      ["a user with the group root", { user: 1000, group: 0 }],
    ],
  );
});

describe("ports", () => {
  const range = (got: number) => `must be between 1 and 65535 (got ${got}).`;
  const named = (got: string) => `the name must be at most 15 lower-case letters, digits and "-", with at least one letter (got "${got}").`;

  testRules(
    [
      [
        "numbers that are no ports",
        { port: 0, ports: { a: -1, b: 65536 } },
        [`port: ${range(0)}`, `ports.a: ${range(-1)}`, `ports.b: ${range(65536)}`],
      ],
      [
        "a duplicate among further ports",
        { ports: { a: 9000, b: 9000 } },
        ['ports.b: must differ from the port "a" (got 9000). Change one of them.'],
      ],
      ["the name of the main port", { ports: { http: 9000 } }, ["ports.http: is the name of port. Choose another name."]],
      ...["a".repeat(16), "-a", "a-", "a--b", "Admin", "a_b", "90-01"].map((name): Rejected[number] => [
        `the port name ${name}`,
        { ports: { [name]: 9000 } },
        [`ports.${name}: ${named(name)}`],
      ]),
    ],
    [
      ["the lowest and the highest port", { port: 1, ports: { admin: 65535 } }],
      [
        "port names of one to 15 letters, digits and dashes",
        { ports: { a: 9000, "1a": 9001, "ab-12-cd": 9002, [`9${"a".repeat(14)}`]: 9003 } },
      ],
    ],
  );
});

describe("scaling", () => {
  const drained = (source: string, got: number) =>
    `maxUnavailable: must be less than ${source} (got ${got}), or draining nodes may stop every replica.`;
  const percent = (resource: string, got: number) =>
    `autoscaling.${resource}: must be between 1 and 1000 percent of the request (got ${got}).`;
  const unreachable = (resource: string, most: number, got: number) =>
    `autoscaling.${resource}: must be less than the limit, which is ${most} percent of the request (got ${got}), or replicas are never added. Lower it, or raise resources.${resource}Limit.`;

  testRules(
    [
      ["no replicas", { replicas: 0 }, ["replicas: must be at least 1 (got 0)."]],
      ["a budget without evictions", { maxUnavailable: 0 }, ["maxUnavailable: must be at least 1 (got 0)."]],
      ["a budget of more than the replicas", { replicas: 3, maxUnavailable: 4 }, [drained("replicas = 3", 4)]],
      [
        "a budget of all replicas that autoscaling keeps",
        { autoscaling: { minReplicas: 3, maxReplicas: 9 }, maxUnavailable: 3 },
        [drained("autoscaling.minReplicas = 3", 3)],
      ],
      [
        "no least number of replicas",
        { autoscaling: { minReplicas: 0, maxReplicas: 2 } },
        ["autoscaling.minReplicas: must be at least 1 (got 0)."],
      ],
      ["no greatest number of replicas", { autoscaling: { maxReplicas: 0 } }, ["autoscaling.maxReplicas: must be at least 1 (got 0)."]],
      [
        "a greatest number below the default of the least",
        { autoscaling: { maxReplicas: 1 } },
        ["autoscaling.maxReplicas: must be at least minReplicas = 2 (got 1)."],
      ],
      [
        "windows out of range",
        { autoscaling: { maxReplicas: 2, scaleDownSeconds: 3601, scaleUpSeconds: -1 } },
        [
          "autoscaling.scaleDownSeconds: must be between 0 and 3600 (got 3601).",
          "autoscaling.scaleUpSeconds: must be between 0 and 3600 (got -1).",
        ],
      ],
      ["targets of 0 percent", { autoscaling: { maxReplicas: 2, cpu: 0, memory: 0 } }, [percent("cpu", 0), percent("memory", 0)]],
      ["a target above 1000 percent", { autoscaling: { maxReplicas: 2, cpu: 1001 } }, [percent("cpu", 1001)]],
      ["a target with a fraction", { autoscaling: { maxReplicas: 2, cpu: 70.5 } }, [percent("cpu", 70.5)]],
      [
        "a CPU target at the limit",
        { autoscaling: { maxReplicas: 2, cpu: 200 }, resources: { cpu: "100m", cpuLimit: "200m" } },
        [unreachable("cpu", 200, 200)],
      ],
      [
        "a CPU target just above the limit",
        { autoscaling: { maxReplicas: 2, cpu: 112 }, resources: { cpu: "90m", cpuLimit: "100m" } },
        [unreachable("cpu", 111, 112)],
      ],
      ["a memory target at the default limit", { autoscaling: { maxReplicas: 2, memory: 100 } }, [unreachable("memory", 100, 100)]],
    ],
    [
      ["one replica, with the default budget or the same", { replicas: 1, maxUnavailable: 1 }],
      ["a budget of all replicas but one", { replicas: 3, maxUnavailable: 2 }],
      ["a budget of all but one replica that autoscaling keeps", { autoscaling: { minReplicas: 3, maxReplicas: 3 }, maxUnavailable: 2 }],
      ["a budget for a number of replicas that is known later", { replicas: pulumi.output(2), maxUnavailable: 2 }],
      ["the shortest and the longest window", { autoscaling: { maxReplicas: 2, scaleDownSeconds: 3600, scaleUpSeconds: 0 } }],
      ["the lowest targets", { autoscaling: { maxReplicas: 2, cpu: 1, memory: 1 } }],
      ["the highest CPU target, without a limit", { autoscaling: { maxReplicas: 2, cpu: 1000 } }],
      [
        "targets just below the limits",
        { autoscaling: { maxReplicas: 2, cpu: 111, memory: 99 }, resources: { cpu: "90m", cpuLimit: "100m" } },
      ],
    ],
  );
});

describe("shutdown and rollout", () => {
  const noTime = (min: number, got: number) =>
    `rollout.progressDeadlineSeconds: must be more than minReadySeconds = ${min} (got ${got}), or no pod becomes available in time. Raise it, or lower minReadySeconds.`;
  const slowStart =
    "rollout.progressDeadlineSeconds: must be more than minReadySeconds plus the time that probes.startup allows (got 120), or a starting pod counts as failed. Raise it.";
  const day = 86_400;

  testRules(
    [
      [
        "times below the range",
        {
          shutdown: { sleepSeconds: -1, drainSeconds: -1, gracePeriodSeconds: 0 },
          rollout: { minReadySeconds: -1, progressDeadlineSeconds: 0 },
        },
        [
          "shutdown.sleepSeconds: must be between 0 and 86400 (got -1).",
          "shutdown.drainSeconds: must be between 0 and 86400 (got -1).",
          "shutdown.gracePeriodSeconds: must be between 1 and 86400 (got 0).",
          "rollout.minReadySeconds: must be between 0 and 86400 (got -1).",
          "rollout.progressDeadlineSeconds: must be between 1 and 86400 (got 0).",
        ],
      ],
      [
        "times above the range",
        {
          shutdown: { sleepSeconds: day + 1, drainSeconds: day + 1, gracePeriodSeconds: 2 * day + 2 },
          rollout: { minReadySeconds: day + 1, progressDeadlineSeconds: day + 2 },
        },
        [
          "shutdown.sleepSeconds: must be between 0 and 86400 (got 86401).",
          "shutdown.drainSeconds: must be between 0 and 86400 (got 86401).",
          "shutdown.gracePeriodSeconds: must be between 1 and 86400 (got 172802).",
          "rollout.minReadySeconds: must be between 0 and 86400 (got 86401).",
          "rollout.progressDeadlineSeconds: must be between 1 and 86400 (got 86402).",
        ],
      ],
      ["a deadline at which no pod is available yet", { rollout: { minReadySeconds: 30, progressDeadlineSeconds: 30 } }, [noTime(30, 30)]],
      ["a minimum beyond the default deadline", { rollout: { minReadySeconds: 200 } }, [noTime(200, 120)]],
      [
        "only one message about the deadline, although the startup probe is too long as well",
        { rollout: { minReadySeconds: 120 }, probes: { startup: { failureThreshold: 300 } } },
        [noTime(120, 120)],
      ],
      ["a startup probe that ends at the deadline", { probes: { startup: { periodSeconds: 5, failureThreshold: 23 } } }, [slowStart]],
      ["a startup probe with a long period", { probes: { startup: { periodSeconds: 2 } } }, [slowStart]],
    ],
    [
      [
        "no waiting at all",
        {
          shutdown: { sleepSeconds: 0, drainSeconds: 0, gracePeriodSeconds: 1 },
          rollout: { minReadySeconds: 0, progressDeadlineSeconds: 1 },
        },
      ],
      [
        "a day for everything",
        { shutdown: { sleepSeconds: 0, drainSeconds: day, gracePeriodSeconds: day }, rollout: { progressDeadlineSeconds: day } },
      ],
      ["a grace period of exactly sleep and drain", { shutdown: { sleepSeconds: 7, drainSeconds: 20, gracePeriodSeconds: 27 } }],
      ["a startup probe that ends before the deadline", { probes: { startup: { periodSeconds: 6, failureThreshold: 19 } } }],
      [
        "a deadline shorter than the default startup probe",
        { rollout: { progressDeadlineSeconds: 30 }, probes: { startup: { path: "/" } } },
      ],
    ],
  );

  const surges = (maxSurge: string) => problemsWith({ rollout: { maxSurge } });
  test.each(["0", "000", "0%", "00%"])("rejected: a maxSurge of %s, with which a rollout cannot start", (maxSurge) => {
    expect(surges(maxSurge)).toEqual(["rollout.maxSurge: must be more than 0, because no old pod is removed before a new one is ready."]);
  });
  test.each(["", "0x", "-1", "x1", "1x", "1.5", "25 %", "%", "1234567890"])("rejected: a maxSurge of %j", (maxSurge) => {
    expect(surges(maxSurge)).toEqual([`rollout.maxSurge: must be a number of replicas or a percentage such as "25%" (got "${maxSurge}").`]);
  });
  test.each(["1", "01", "1%", "100%", "999999999"])("accepted: a maxSurge of %s", (maxSurge) => {
    expect(surges(maxSurge)).toEqual([]);
  });
});

describe("probes", () => {
  const noCommand = "probes.command: is required with kind exec. Set it to the command and its arguments.";
  const kinds = ["startup", "readiness", "liveness"] as const;
  const each = (probe: ProbeArgs) => Object.fromEntries(kinds.map((kind) => [kind, probe]));
  const eachSays = (message: string) => kinds.map((kind) => `probes.${kind}.${message}`);

  testRules(
    [
      ["exec without a command", { probes: { kind: "exec" } }, [noCommand]],
      ["exec with an empty command", { probes: { kind: "exec", command: [] } }, [noCommand]],
      [
        "a command without exec",
        { probes: { command: ["true"] } },
        ["probes.command: requires kind exec (got http). Set kind: exec, or remove it."],
      ],
      [
        "a command with tcp",
        { probes: { kind: "tcp", command: ["true"] } },
        ["probes.command: requires kind exec (got tcp). Set kind: exec, or remove it."],
      ],
      ["a path with tcp", { probes: { kind: "tcp", ...each({ path: "/" }) } }, eachSays("path: requires kind http (got tcp). Remove it.")],
      [
        "a path and a port with exec",
        { probes: { kind: "exec", command: ["true"], liveness: { path: "/", port: "http" } } },
        ["probes.liveness.path: requires kind http (got exec). Remove it.", "probes.liveness.port: is not used with kind exec. Remove it."],
      ],
      [
        "an undeclared port",
        { probes: each({ port: "admin" }) },
        eachSays('port: must be one of the declared ports http (got "admin"). Declare it in ports.'),
      ],
      ...["", "healthz", "x/healthz", "/a b", "/a#b", "/a\n"].map((path): Rejected[number] => [
        `the path ${JSON.stringify(path)}`,
        { probes: each({ path }) },
        eachSays(`path: must begin with "/" and contain no spaces and no "#" (got "${path}").`),
      ]),
      [
        "numbers out of range",
        { probes: { readiness: { periodSeconds: 0, timeoutSeconds: 86_401, failureThreshold: 0 } } },
        [
          "probes.readiness.periodSeconds: must be between 1 and 86400 (got 0).",
          "probes.readiness.timeoutSeconds: must be between 1 and 86400 (got 86401).",
          "probes.readiness.failureThreshold: must be between 1 and 86400 (got 0).",
        ],
      ],
    ],
    [
      ["exec with a command", { probes: { kind: "exec", command: ["true"] } }],
      ["a path with a query", { probes: each({ path: "/healthz?full=1" }) }],
      ["the main port and a further one", { ports: { admin: 9000 }, probes: { liveness: { port: "http" }, readiness: { port: "admin" } } }],
      ["the least and the greatest numbers", { probes: { readiness: { periodSeconds: 1, timeoutSeconds: 86_400, failureThreshold: 1 } } }],
    ],
  );
});

describe("resources", () => {
  const noCpu = (got: string) => `must be a number of cores such as "2" or "250m" (got "${got}").`;
  const noBytes = (got: string) => `must be a Kubernetes quantity such as "64Mi" or "1Gi" (got "${got}").`;
  const tooSmall = (got: string) => `must be at least 1Mi (got "${got}"). Add a unit such as Mi or Gi.`;
  const emptyDir = (size: string, mountPath: string): VolumeArgs => ({ kind: "emptyDir", mountPath, size });
  const volumes = {
    a: emptyDir("64Mi", "/a"),
    b: emptyDir("32Mi", "/b"),
    c: { kind: "persistent", mountPath: "/c", size: "1Gi" },
  } as const;

  test.each(["1.5m", "1.0001", "1k", "1Ki"])("rejected: CPU of %s", (cpu) => {
    expect(problemsWith({ resources: { cpu, cpuLimit: cpu } })).toEqual([
      `resources.cpu: ${noCpu(cpu)}`,
      `resources.cpuLimit: ${noCpu(cpu)}`,
    ]);
  });
  test.each(["1", "10", "250m", "0.001", "1.25", "1m"])("accepted: CPU of %s", (cpu) => {
    expect(problemsWith({ resources: { cpu, cpuLimit: cpu } })).toEqual([]);
  });

  testRules(
    [
      [
        "CPU that is no quantity",
        { resources: { cpu: "half", cpuLimit: "" } },
        [
          'resources.cpu: must be a Kubernetes quantity such as "250m" or "2" (got "half").',
          'resources.cpuLimit: must be a Kubernetes quantity such as "250m" or "2" (got "").',
        ],
      ],
      [
        "no CPU",
        { resources: { cpu: "0m", cpuLimit: "0.0" } },
        ['resources.cpu: must be more than 0 (got "0m").', 'resources.cpuLimit: must be more than 0 (got "0.0").'],
      ],
      [
        "sizes that are no quantities",
        { resources: { memory: "64 Mi", memoryLimit: "64MB", ephemeralStorage: "", ephemeralStorageLimit: "1e9" } },
        [
          `resources.memory: ${noBytes("64 Mi")}`,
          `resources.memoryLimit: ${noBytes("64MB")}`,
          `resources.ephemeralStorage: ${noBytes("")}`,
          `resources.ephemeralStorageLimit: ${noBytes("1e9")}`,
        ],
      ],
      [
        "sizes just below 1Mi",
        { resources: { memory: "1048575", ephemeralStorage: "1023Ki" } },
        [`resources.memory: ${tooSmall("1048575")}`, `resources.ephemeralStorage: ${tooSmall("1023Ki")}`],
      ],
      [
        "limits just below the requests",
        {
          resources: {
            cpu: "1",
            cpuLimit: "999m",
            memory: "1Gi",
            memoryLimit: "1023Mi",
            ephemeralStorage: "2Gi",
            ephemeralStorageLimit: "2047Mi",
          },
        },
        [
          "resources.cpuLimit: must be at least cpu = 1 (got 999m). Raise it, or lower cpu.",
          "resources.memoryLimit: must be at least memory = 1Gi (got 1023Mi). Raise it, or lower memory.",
          "resources.ephemeralStorageLimit: must be at least ephemeralStorage = 2Gi (got 2047Mi). Raise it, or lower ephemeralStorage.",
        ],
      ],
      [
        "a storage limit that emptyDir volumes exceed",
        { kind: "stateful", volumes, resources: { ephemeralStorage: "64Mi", ephemeralStorageLimit: "95Mi" } },
        [
          "resources.ephemeralStorageLimit: must be at least the size of all emptyDir volumes, 96Mi (got 95Mi), or a pod that fills them is evicted. Raise it, or remove it.",
        ],
      ],
    ],
    [
      ["sizes of exactly 1Mi", { resources: { memory: "1048576", ephemeralStorage: "1Mi" } }],
      ["limits equal to the requests", { resources: { cpu: "1", cpuLimit: "1000m", memory: "1Gi", memoryLimit: "1024Mi" } }],
      [
        "a storage limit that emptyDir volumes just fill",
        { kind: "stateful", volumes, resources: { ephemeralStorage: "64Mi", ephemeralStorageLimit: "96Mi" } },
      ],
    ],
  );
});

describe("placement", () => {
  const missing = "tolerations[0].key: is missing. Set the key, or only operator: Exists.";
  const tolerate = (...tolerations: TolerationArgs[]) => ({ tolerations });

  testRules(
    [
      ["an invalid priority class", { priorityClassName: "High" }, [`priorityClassName: ${objectName("High")}`]],
      [
        "a node selector with an invalid key and value",
        { nodeSelector: { "/disk": "s s d" } },
        [`nodeSelector["/disk"]: ${key("/disk")}`, `nodeSelector["/disk"]: ${label("s s d")}`],
      ],
      [
        "a toleration with an invalid key and value",
        tolerate({ key: "a" }, { key: "a b", value: "c d" }),
        [`tolerations[1].key: ${key("a b").replace("the key ", "")}`, `tolerations[1].value: ${label("c d")}`],
      ],
      ["a toleration of a value without a key", tolerate({ value: "a" }), [missing]],
      ["a toleration of an equal value without a key", tolerate({ operator: "Equal" }), [missing]],
      [
        "a toleration of any value and of one",
        tolerate({ operator: "Exists", value: "a" }),
        ["tolerations[0].value: is not used with operator Exists. Remove one of them.", missing],
      ],
    ],
    [
      ["names and labels", { priorityClassName: "high", nodeSelector: { "example.org/disk": "", zone: "a" } }],
      [
        "tolerations of everything, of a key, of an effect and of a value",
        tolerate(
          { operator: "Exists" },
          { key: "a", operator: "Exists" },
          { effect: "NoExecute" },
          { key: "a", operator: "Equal", value: "b" },
        ),
      ],
    ],
  );
});

describe("configuration", () => {
  const MiB = 2 ** 20;
  const tooLarge = (kind: string, bytes: number) =>
    `must be at most 1 MiB in total, the limit of a ${kind} (got ${bytes} bytes). Move some into the image or a volume.`;
  const unnamed = "must be a name of letters, digits, _, - and ., not starting with a digit. Rename it.";

  testRules(
    [
      ...["", "1A", "A/B", "A B", "Ä", "A\n"].map((name): Rejected[number] => [
        `the variable ${JSON.stringify(name)}`,
        { env: { [name]: "" } },
        [`${formatPath(["env", name])}: ${unnamed}`],
      ]),
      [
        "the same variable in several places",
        { env: { A: "" }, secretEnv: { A: "", B: "" }, envFromSecret: { B: { name: "db", key: "b" } } },
        ["secretEnv.A: is also in env. Remove one of them.", "envFromSecret.B: is also in secretEnv. Remove one of them."],
      ],
      [
        "the variable PORT in all places",
        { env: { PORT: "1" }, secretEnv: { PORT: "" }, envFromSecret: { PORT: { name: "a", key: "b" } } },
        [
          "env.PORT: is set by Slipway. Set port instead.",
          "secretEnv.PORT: is also in env. Remove one of them.",
          "secretEnv.PORT: is set by Slipway. Set port instead.",
          "envFromSecret.PORT: is also in secretEnv. Remove one of them.",
          "envFromSecret.PORT: is set by Slipway. Set port instead.",
        ],
      ],
      [
        "references to Secrets with invalid names",
        { envFromSecret: { DSN: { name: "Db", key: "a/b" } }, secretFolders: { "/etc/tls": "Cert" } },
        [
          `envFromSecret.DSN.name: ${objectName("Db")}`,
          'envFromSecret.DSN.key: must be a key of a Secret: at most 253 letters, digits and ".-_" (got "a/b").',
          `secretFolders["/etc/tls"]: ${objectName("Cert")}`,
        ],
      ],
      [
        "files of a byte more than 1 MiB together",
        { files: { "/a": "a".repeat(MiB), "/b": "b" } },
        [`files: ${tooLarge("ConfigMap", MiB + 1)}`],
      ],
      [
        "files with few characters of many bytes",
        { files: { "/a": "€".repeat(MiB / 2) } },
        [`files: ${tooLarge("ConfigMap", 3 * (MiB / 2))}`],
      ],
      ["secret variables above 1 MiB", { secretEnv: { A: "a".repeat(MiB), B: "b" } }, [`secretEnv: ${tooLarge("Secret", MiB + 1)}`]],
      [
        "secret variables and files above 1 MiB together",
        { secretEnv: { A: "a" }, secretFiles: { "/a": "a".repeat(MiB) } },
        [`secretFiles: ${tooLarge("Secret", MiB + 1)}`],
      ],
    ],
    [
      ["names of variables", { env: { a: "", _: "", A1_b: "", port: "" } }],
      ["references to Secrets", { envFromSecret: { DSN: { name: "db", key: "d.s_n-1" } }, secretFolders: { "/etc/tls": "web.cert" } }],
      [
        "files and secrets of exactly 1 MiB",
        { files: { "/a": "a".repeat(MiB) }, secretEnv: { A: "a" }, secretFiles: { "/b": "b".repeat(MiB - 1) } },
      ],
      ["a secret variable and a secret file with different keys", { secretEnv: { token: "a" }, secretFiles: { "/etc/token": "b" } }],
    ],
  );
});

describe("volumes", () => {
  const emptyDir: VolumeArgs = { kind: "emptyDir", mountPath: "/data", size: "1Gi" };
  const persistent: VolumeArgs = { kind: "persistent", mountPath: "/data", size: "1Gi" };
  const oneWriter = (mode: string, pods: string) =>
    `volumes.data.accessMode: ${mode} allows one node to write, but the service has ${pods} replicas. Set kind: stateful (a volume for each replica), accessMode: ReadWriteMany with a StorageClass that supports it, or replicas: 1.`;
  const at = (mountPath: string) => ({ volumes: { data: { ...emptyDir, mountPath } } });

  testRules(
    [
      ["an invalid name", { volumes: { Data: emptyDir } }, [`volumes.Data: the name ${dnsName("Data")}`]],
      ...["files", "secret-files", "secret-folder-0", "secret-folder-12"].map((name): Rejected[number] => [
        `the reserved name ${name}`,
        { volumes: { [name]: emptyDir } },
        [`volumes.${name}: is a reserved name. Choose another.`],
      ]),
      [
        "a size without a unit",
        { volumes: { data: { ...emptyDir, size: "10" } } },
        ['volumes.data.size: must be at least 1Mi (got "10"). Add a unit such as Mi or Gi.'],
      ],
      [
        "settings of a persistent volume for an emptyDir",
        { volumes: { data: { ...emptyDir, storageClass: "fast", accessMode: "ReadWriteMany" } } },
        [
          "volumes.data.storageClass: requires kind persistent. Remove it.",
          "volumes.data.accessMode: requires kind persistent. Remove it.",
        ],
      ],
      [
        "an invalid StorageClass",
        { replicas: 1, volumes: { data: { ...persistent, storageClass: "Fast" } } },
        [`volumes.data.storageClass: ${objectName("Fast")}`],
      ],
      [
        "an unknown access mode, also with one replica",
        { replicas: 1, volumes: { data: { ...persistent, accessMode: "" as AccessMode } } },
        ['volumes.data.accessMode: must be ReadWriteOnce or ReadWriteOncePod or ReadWriteMany or ReadOnlyMany (got "").'],
      ],
      [
        "a volume for one pod with two replicas",
        { replicas: 2, volumes: { data: { ...persistent, accessMode: "ReadWriteOncePod" } } },
        [oneWriter("ReadWriteOncePod", "2")],
      ],
      [
        "a volume for one node with autoscaling",
        { autoscaling: { minReplicas: 1, maxReplicas: 5 }, volumes: { data: { ...persistent, accessMode: "ReadWriteOnce" } } },
        [oneWriter("ReadWriteOnce", "up to 5")],
      ],
    ],
    [
      [
        "names that resemble reserved ones",
        {
          volumes: { "my-files": { ...emptyDir, mountPath: "/a" }, files2: { ...emptyDir, mountPath: "/b" }, "secret-folder-a": emptyDir },
        },
      ],
      ["a volume for one node with one replica", { replicas: 1, volumes: { data: { ...persistent, storageClass: "fast" } } }],
      ["a volume for one node, with replicas known later", { replicas: pulumi.output(2), volumes: { data: persistent } }],
      [
        "a volume for each replica",
        { kind: "stateful", replicas: 3, volumes: { data: { ...persistent, accessMode: "ReadWriteOncePod" } } },
      ],
      [
        "a volume for many writers or readers",
        {
          volumes: { a: { ...persistent, mountPath: "/a", accessMode: "ReadWriteMany" }, b: { ...persistent, accessMode: "ReadOnlyMany" } },
        },
      ],
    ],
  );

  const relative = (got: string) => `must be an absolute path without ".", ".." and ":" such as /etc/web/config.yaml (got "${got}").`;
  test.each(["", "data", "x/data", "/", "/data/", "//data", "/a//b", "/a:b", "/a\0b", "/.", "/..", "/a/.", "/a/..", "/a/./b", "/a/../b"])(
    "rejected: the mount path %j",
    (path) => {
      expect(problemsWith(at(path))).toEqual([`volumes.data.mountPath: ${relative(path)}`]);
    },
  );
  test.each(["/proc", "/proc/self", "/sys", "/sys/fs", "/dev", "/dev/null", "/dev/shm/cache"])("rejected: the system path %s", (path) => {
    expect(problemsWith(at(path))).toEqual([`volumes.data.mountPath: must not be in /proc, /sys or /dev (got "${path}").`]);
  });
  test.each(["/a", "/a b", "/.cache", "/..a", "/a.", "/dev/shm", "/process", "/devices", "/srv/proc", "/srv/dev/x"])(
    "accepted: the mount path %s",
    (path) => {
      expect(problemsWith(at(path))).toEqual([]);
    },
  );

  test("files and folders of Secrets must have valid paths, too", () => {
    expect(problemsWith({ files: { a: "" }, secretFiles: { "/proc/b": "" }, secretFolders: { "/c/": "c" } })).toEqual([
      `files.a: ${relative("a")}`,
      'secretFiles["/proc/b"]: must not be in /proc, /sys or /dev (got "/proc/b").',
      `secretFolders["/c/"]: ${relative("/c/")}`,
    ]);
  });

  test("the path of a file is a key of at most 253 characters, in which a byte of a special character takes three", () => {
    const long = (length: number) => `/${"a".repeat(length)}`;
    const tooLong = (got: number) =>
      `must be at most 253 characters long as a key of a ConfigMap or Secret (got ${got}). Choose a shorter path.`;
    expect(problemsWith({ files: { [long(253)]: "" }, secretFiles: { [`${long(252)}b`]: "" } })).toEqual([]);
    expect(problemsWith({ files: { [long(254)]: "" }, secretFiles: { [`/${"ä".repeat(43)}`]: "" } })).toEqual([
      `files["${long(254)}"]: ${tooLong(254)}`,
      `secretFiles["/${"ä".repeat(43)}"]: ${tooLong(258)}`,
    ]);
    expect(problemsWith({ secretFolders: { [long(254)]: "cert" }, ...at(long(300)) })).toEqual([]);
  });

  testRules(
    [
      [
        "the same path twice",
        {
          files: { "/etc/a": "" },
          secretFiles: { "/etc/a": "" },
          secretFolders: { "/etc/b": "b" },
          volumes: {
            data: { ...emptyDir, mountPath: "/etc/b" },
            more: { ...emptyDir, mountPath: "/etc/c" },
            rest: { ...emptyDir, mountPath: "/etc/c" },
          },
        },
        [
          'secretFiles["/etc/a"]: is also the path of files["/etc/a"]. Choose another path.',
          'volumes.data.mountPath: is also the path of secretFolders["/etc/b"]. Choose another path.',
          "volumes.rest.mountPath: is also the path of volumes.more. Choose another path.",
        ],
      ],
      [
        "a file below a folder of a Secret, which is declared later",
        { files: { "/etc/tls/ca.pem": "" }, secretFolders: { "/etc/tls": "cert" } },
        ['files["/etc/tls/ca.pem"]: is below /etc/tls, which is a read-only folder. Choose another path.'],
      ],
      [
        "a volume and a folder below a secret file",
        { secretFiles: { "/etc/key": "" }, secretFolders: { "/etc/key/tls": "cert" }, ...at("/etc/key/a/b") },
        [
          'secretFolders["/etc/key/tls"]: is below /etc/key, which is a file. Choose another path.',
          "volumes.data.mountPath: is below /etc/key, which is a file. Choose another path.",
        ],
      ],
    ],
    [
      [
        "files, folders and volumes below a volume",
        {
          files: { "/data/a": "" },
          secretFolders: { "/data/b": "b" },
          volumes: { data: emptyDir, more: { ...emptyDir, mountPath: "/data/c" } },
        },
      ],
      ["a path that begins like that of a file", { files: { "/etc/web": "", "/etc/web.d": "", "/etc/website/a": "" } }],
    ],
  );
});

describe("network", () => {
  const range = (got: string) => `must be an IP range such as 10.1.0.0/16 (got "${got}").`;
  const blocked = (name: string) =>
    `network: blocks the ingress controller of class ${name}. Set ingressController (its pods) or ingressCidrs (its addresses).`;
  const controller: PeerArgs = { namespace: "haproxy" };
  const gatewayOf = (className: string): Partial<WebServiceArgs> => ({ host, expose: "gateway", gateway: { className } });
  const invalidPeer: PeerArgs = { namespace: "Monitoring", podLabels: { "a/": "b c" } };
  const invalidPeerSays = (path: string) => [
    `${path}.namespace: ${dnsName("Monitoring")}`,
    `${path}.podLabels["a/"]: ${key("a/")}`,
    `${path}.podLabels["a/"]: ${label("b c")}`,
  ];

  testRules(
    [
      ["a class whose controller could not reach the pods", { host, ingressClassName: "haproxy" }, [blocked("haproxy")]],
      ...(["tcp", "exec"] as const).map((kind): [string, Partial<WebServiceArgs>, string[]] => [
        `a probe of kind ${kind} behind a load balancer of AWS`,
        { host, ingressClassName: "alb", network: { isolated: false }, probes: { kind, ...(kind === "exec" && { command: ["/app"] }) } },
        [
          `probes.kind: must be http behind an AWS load balancer, which sends HTTP requests to check its targets (got ${kind}). Set http, or publish the port instead of a host.`,
        ],
      ]),
      ["a load balancer without addresses", { host, ingressClassName: "alb", network: { ingressCidrs: [] } }, [blocked("alb")]],
      [
        "a new Gateway whose controller could not reach the pods",
        gatewayOf("eg"),
        ["network: blocks the controller of the GatewayClass eg. Set ingressController (its pods) or ingressCidrs (its addresses)."],
      ],
      [
        "destinations that are not exactly one thing",
        { network: { destinations: [{}, { service: "db", cidr: "10.0.0.0/8" }] } },
        ["network.destinations[0]: must have either service or cidr.", "network.destinations[1]: must have either service or cidr."],
      ],
      [
        "invalid destinations",
        { network: { destinations: [{ service: "Db", ports: [0, 5432, 65_536] }, { cidr: "db" }] } },
        [
          `network.destinations[0].service: ${dnsName("Db")}`,
          "network.destinations[0].ports[0]: must be between 1 and 65535 (got 0).",
          "network.destinations[0].ports[2]: must be between 1 and 65535 (got 65536).",
          `network.destinations[1].cidr: ${range("db")}`,
        ],
      ],
      [
        "invalid peers and an invalid ingress controller",
        { host, network: { peers: [{ namespace: "a" }, invalidPeer], ingressController: invalidPeer } },
        [...invalidPeerSays("network.peers[1]"), ...invalidPeerSays("network.ingressController")],
      ],
      [
        "invalid annotations of the service account",
        { serviceAccount: { annotations: { "example.org/role": "any thing", "a b": "" } } },
        [`serviceAccount.annotations["a b"]: ${key("a b")}`],
      ],
      [
        "rules that allow nothing",
        { serviceAccount: { rules: [{ apiGroups: [], resources: [], verbs: [] }] } },
        ["apiGroups", "resources", "verbs"].map((list) => `serviceAccount.rules[0].${list}: must not be empty. "*" means all.`),
      ],
    ],
    [
      ["the default class, whose pods are known", { host }],
      ["traefik by name", { host, ingressClassName: "traefik" }],
      ["nginx by name", { host, ingressClassName: "nginx" }],
      ["an unknown class without isolation", { host, ingressClassName: "haproxy", network: { isolated: false } }],
      ["an unknown class with its pods", { host, ingressClassName: "haproxy", network: { ingressController: controller } }],
      ["an unknown GatewayClass with its pods", { ...gatewayOf("eg"), network: { ingressController: controller } }],
      ["an unknown GatewayClass with its addresses", { ...gatewayOf("eg"), network: { ingressCidrs: ["10.0.0.0/24"] } }],
      ["an unknown GatewayClass without isolation", { ...gatewayOf("eg"), network: { isolated: false } }],
      ["a Gateway of Traefik", gatewayOf("traefik")],
      ["an existing Gateway", { host, expose: "gateway", gateway: { name: "shared" } }],
      ["an unknown class with its addresses", { host, ingressClassName: "haproxy", network: { ingressCidrs: ["10.0.0.0/24"] } }],
      [
        "destinations with the lowest and the highest port",
        { network: { destinations: [{ service: "db", ports: [1, 65_535] }, { cidr: "10.0.0.0/8" }] } },
      ],
      ["peers with and without labels", { network: { peers: [{ namespace: "a" }, { namespace: "b", podLabels: { app: "c" } }] } }],
    ],
  );

  test("a class without an Ingress blocks nothing", () => {
    expect(problemsWith({ ingressClassName: "haproxy" })).toEqual([
      "ingressClassName: requires expose ingress (got none). Set a host, or remove it.",
    ]);
  });

  test.each([
    "10.0.0.0",
    "10.0.0.0/",
    "10.0.0.0/33",
    "10.0.0.0/08",
    "10.0.0.0/8x",
    "10.0.0.0/8/8",
    "a/10.0.0.0/8",
    "10.0.0/8",
    "300.0.0.0/8",
    "db/8",
    "db/100",
    "/8",
    "fd00::",
    "fd00::/129",
    "fe80::1%eth0/64",
  ])("rejected: the range %s", (cidr) => {
    expect(problemsWith({ host, network: { ingressCidrs: ["10.0.0.0/8", cidr], destinations: [{ cidr }] } })).toEqual([
      `network.destinations[0].cidr: ${range(cidr)}`,
      `network.ingressCidrs[1]: ${range(cidr)}`,
    ]);
  });
  test.each(["0.0.0.0/0", "10.1.0.0/16", "10.0.0.1/32", "::/0", "fd00::/64", "fd00::1/128"])("accepted: the range %s", (cidr) => {
    expect(problemsWith({ network: { destinations: [{ cidr }] } })).toEqual([]);
  });
});

describe("routes", () => {
  const noHost = (got: string) => `must be a lower-case host name such as web.localhost, without scheme, port or path (got "${got}").`;

  testRules(
    [
      ["an invalid host", { host: "https://web" }, [`host: ${noHost("https://web")}`]],
      ["an invalid host of a route", { routes: [{ host }, { host: "Web" }] }, [`routes[1].host: ${noHost("Web")}`]],
      ["the host again as a route", { host, routes: [{ host, path: "/" }] }, ["routes[0]: is a duplicate of web.example.org/. Remove it."]],
      ["the same route twice", { routes: [{ host }, { host }] }, ["routes[1]: is a duplicate of web.example.org/. Remove it."]],
      [
        "an Ingress without a host",
        { expose: "ingress" },
        ["expose: requires a host (got ingress). Set host or routes, or remove expose."],
      ],
      [
        "a route on a Gateway without a host",
        { expose: "gateway" },
        ["expose: requires a host (got gateway). Set host or routes, or remove expose."],
      ],
      ["a host of a service that is not exposed", { host, expose: "none" }, ["expose: is none, but there is a host. Remove one of them."]],
    ],
    [
      ["different paths and hosts", { host, routes: [{ host, path: "/api" }, { host, path: "/api2" }, { host: "*.example.org" }] }],
      ["no exposure and no host", { expose: "none" }],
    ],
  );

  test.each([
    "",
    "api",
    "x/api",
    "/a b",
    "/a?b",
    "/a#b",
    "//",
    "/a//b",
    "/.",
    "/..",
    "/a/.",
    "/a/..",
    "/./a",
    "/../a",
    "/a%2fb",
    "/a%2Fb",
    `/${"a".repeat(1024)}`,
  ])("rejected: the path %j", (path) => {
    expect(problemsWith({ routes: [{ host, path }] })).toEqual([
      `routes[0].path: must begin with "/" and contain no query, no spaces, no "//" and no "." or ".." segment (got "${path}").`,
    ]);
  });
  test.each(["/", "/api", "/api/", "/a.b", "/.well-known", "/..a", "/a.", "/a%20b", "/~a!$&'()*+,;=:@", `/${"a".repeat(1023)}`])(
    "accepted: the path %s",
    (path) => {
      expect(problemsWith({ routes: [{ host, path }] })).toEqual([]);
    },
  );

  test("a route is identified by its host and its path, regardless of a slash at the end", () => {
    expect(routeKey({ host })).toBe("web.example.org/");
    expect(routeKey({ host, path: "/" })).toBe("web.example.org/");
    expect(routeKey({ host, path: "/api" })).toBe("web.example.org/api");
    expect(routeKey({ host, path: "/api/" })).toBe("web.example.org/api");
    expect(routeKey({ host, path: "/api/v1" })).toBe("web.example.org/api/v1");
  });
});

describe("TLS", () => {
  const existing = "belongs to the existing Gateway. Remove it, or set gateway.className to create a Gateway.";
  const noRedirect =
    "tls.redirect: requires a known ingress class, because each controller has its own redirects. Set ingressClassName to traefik or nginx or alb, or redirect: false.";

  testRules(
    [
      ["a redirect without an ingress class", { host, tls: {} }, [noRedirect]],
      [
        "a redirect with an unknown ingress class",
        { host, tls: { redirect: true }, ingressClassName: "haproxy", network: { isolated: false } },
        [noRedirect],
      ],
      [
        "invalid names",
        { host, tls: { redirect: false, secretName: "Cert", clusterIssuer: "Let's encrypt" } },
        [`tls.secretName: ${objectName("Cert")}`, `tls.clusterIssuer: ${objectName("Let's encrypt")}`],
      ],
      [
        "a certificate for an existing Gateway",
        { host, expose: "gateway", gateway: { name: "shared" }, tls: { secretName: "cert", clusterIssuer: "ca" } },
        [`tls.secretName: ${existing}`, `tls.clusterIssuer: ${existing}`],
      ],
    ],
    [
      ["a redirect of a known ingress class", { host, tls: {}, ingressClassName: "nginx" }],
      ["no redirect of an unknown ingress class", { host, tls: { redirect: false, secretName: "cert", clusterIssuer: "ca" } }],
      ["a redirect by a Gateway", { host, expose: "gateway", tls: {} }],
      [
        "a certificate for a new Gateway",
        { host, expose: "gateway", gateway: { className: "traefik" }, tls: { secretName: "cert", clusterIssuer: "ca" } },
      ],
    ],
  );
});

describe("Ingress", () => {
  const noIngress = (got: string) => `requires expose ingress (got ${got}). Set a host, or remove it.`;
  const settings = { ingressClassName: "traefik", connectRetries: 5, ingressAnnotations: { a: "b" }, awaitAddress: true };

  testRules(
    [
      [
        "an invalid class and annotation",
        { host, ingressClassName: "Nginx", ingressAnnotations: { "a b": "c d" }, network: { isolated: false } },
        [`ingressClassName: ${objectName("Nginx")}`, `ingressAnnotations["a b"]: ${key("a b")}`],
      ],
      [
        "a negative number of retries",
        { host, ingressClassName: "traefik", connectRetries: -1 },
        ["connectRetries: must be at least 0 (got -1)."],
      ],
      ["retries without a class", { host, connectRetries: 0 }, ["connectRetries: requires ingress class traefik or nginx. Remove it."]],
      [
        "retries of a load balancer",
        { host, ingressClassName: "alb", connectRetries: 1, network: { isolated: false } },
        ["connectRetries: requires ingress class traefik or nginx. Remove it."],
      ],
      [
        "a number of retries of nginx",
        { host, ingressClassName: "nginx", connectRetries: 1 },
        ["connectRetries: must be 0 with ingress class nginx, which otherwise retries by itself (got 1). Remove it."],
      ],
      [
        "settings of an Ingress without a host",
        settings,
        ["ingressClassName", "connectRetries", "ingressAnnotations", "awaitAddress"].map((name) => `${name}: ${noIngress("none")}`),
      ],
      [
        "settings of an Ingress for a Gateway, without a second message about retries",
        { host, expose: "gateway", connectRetries: 1 },
        [`connectRetries: ${noIngress("gateway")}`],
      ],
    ],
    [
      ["all settings", { host, ...settings }],
      ["no retries of Traefik", { host, ingressClassName: "traefik", connectRetries: 0 }],
      ["no retries of nginx", { host, ingressClassName: "nginx", connectRetries: 0 }],
    ],
  );
});

describe("Gateway", () => {
  const hosts = (count: number) => Array.from({ length: count }, (_, i) => ({ host: `h${i}.example.org` }));
  const created = "is for a Gateway that is created. Set className, or remove it.";
  const samePort = (got: number) => `gateway.httpsPort: must differ from httpPort (got ${got}). Change one of them.`;
  const route = { host, expose: "gateway" } as const;

  testRules(
    [
      [
        "more hosts than an HTTPRoute can have",
        { expose: "gateway", routes: hosts(17) },
        ["routes: must have at most 16 hosts with expose gateway (got 17). Split the service."],
      ],
      ["a Gateway for an Ingress", { host, gateway: {} }, ["gateway: requires expose gateway. Set it, or remove gateway."]],
      [
        "invalid names",
        { ...route, gateway: { name: "Shared", namespace: "Gateways" } },
        [`gateway.name: ${objectName("Shared")}`, `gateway.namespace: ${dnsName("Gateways")}`],
      ],
      [
        "an invalid class",
        { ...route, gateway: { className: "Traefik" }, network: { isolated: false } },
        [`gateway.className: ${objectName("Traefik")}`],
      ],
      [
        "ports out of range",
        { ...route, gateway: { className: "traefik", httpPort: 0, httpsPort: 65_536 } },
        ["gateway.httpPort: must be between 1 and 65535 (got 0).", "gateway.httpsPort: must be between 1 and 65535 (got 65536)."],
      ],
      [
        "ports of an existing Gateway",
        { ...route, gateway: { name: "shared", httpPort: 8000, httpsPort: 8443 } },
        [`gateway.httpPort: ${created}`, `gateway.httpsPort: ${created}`],
      ],
      ["HTTP on the port of HTTPS", { ...route, tls: {}, gateway: { className: "traefik", httpPort: 443 } }, [samePort(443)]],
      ["HTTPS on the port of HTTP", { ...route, tls: {}, gateway: { className: "traefik", httpsPort: 80 } }, [samePort(80)]],
    ],
    [
      [
        "as many hosts as an HTTPRoute can have, with several paths",
        { expose: "gateway", routes: [...hosts(16), { host: "h0.example.org", path: "/api" }] },
      ],
      ["more hosts of an Ingress", { routes: hosts(17) }],
      ["an existing Gateway in another namespace", { ...route, gateway: { name: "shared", namespace: "gateways" } }],
      [
        "a new Gateway with the lowest and the highest port",
        { ...route, tls: {}, gateway: { className: "traefik", httpPort: 1, httpsPort: 65_535 } },
      ],
      ["the same port without HTTPS", { ...route, gateway: { className: "traefik", httpPort: 443 } }],
      ["the default ports", { ...route, tls: {}, gateway: { className: "traefik" } }],
    ],
  );
});

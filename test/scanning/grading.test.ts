import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import type { Manifest } from "../../lib/kubernetes-client.ts";
import { readStack, type Stack } from "../../config/stack-file.ts";
import { toolProgram } from "../../scripts/tool-programs.ts";
import { render } from "../render.ts";
import { exceptions, type Exception } from "./grading-exceptions.ts";

const image = `registry.example/app@sha256:${"0".repeat(64)}`;
const data = { kind: "persistent", mountPath: "/data", size: "1Gi" };

/** Services that use most settings. */
const services = {
  front: {
    image,
    version: "1.2.3",
    autoscaling: { maxReplicas: 6, cpu: 60, memory: 80 },
    rollout: { maxSurge: 1, minReadySeconds: 10 },
    probes: { readiness: { port: "admin" } },
    ports: { admin: 9090 },
    priorityClassName: "high",
    nodeSelector: { "kubernetes.io/arch": "amd64" },
    tolerations: [{ key: "spot", effect: "NoSchedule" }],
    env: { GREETING: "Hi" },
    secretEnv: { TOKEN: "a secret" },
    envFromSecret: { DSN: { name: "database", key: "dsn" } },
    files: { "/etc/front/settings.yaml": "limit: 10\n" },
    secretFiles: { "/etc/front/key": "another secret" },
    secretFolders: { "/etc/front/ca": "ca" },
    volumes: { scratch: { kind: "emptyDir", mountPath: "/tmp", size: "32Mi" } },
    calls: ["store", "worker"],
    network: { peers: [{ namespace: "monitoring" }], destinations: [{ cidr: "10.0.0.0/8", ports: [5432] }] },
    expose: "gateway",
    host: "front.example.org",
    tls: { clusterIssuer: "letsencrypt" },
    gateway: { className: "traefik" },
  },
  api: {
    image,
    replicas: 4,
    maxUnavailable: 2,
    topologySpread: "required",
    shutdown: { sleepSeconds: 0 },
    resources: { cpu: "100m", cpuLimit: "1", memory: "128Mi" },
    volumes: { shared: { ...data, storageClass: "nfs", accessMode: "ReadWriteMany" } },
    serviceAccount: { rules: [{ apiGroups: [""], resources: ["configmaps"], verbs: ["get"] }] },
    routes: [{ host: "example.org", path: "/api" }, { host: "api.example.org" }],
    tls: { secretName: "example-org" },
  },
  store: { image, kind: "stateful", replicas: 3, volumes: { data } },
  journal: { image, kind: "stateful", autoscaling: { maxReplicas: 3 }, volumes: { data } },
  worker: { image, replicas: 1, expose: "none", volumes: { data } },
};

/** The result of kube-score for an object (`kube-score score --output-format json`). 10 is the best grade. */
interface Graded {
  object_name: string;
  checks: { check: { id: string }; grade: number; skipped: boolean; comments: { summary: string }[] | null }[];
}

interface Finding {
  check: string;
  summary: string;
  object: Manifest;
}

const withoutKubernetes = ["docker", "swarm"];
const shipped = readdirSync("stacks")
  .flatMap((file) => /^Pulumi\.(.+)\.yaml$/.exec(file)?.[1] ?? [])
  .filter((name) => !withoutKubernetes.includes(readStack(name).config["slipway:platform"]!));
const stacks: Record<string, () => Pick<Stack, "config" | "secretKeys">> = {
  ...Object.fromEntries(shipped.map((name) => [`the stack ${name}`, () => readStack(name)])),
  "services that use most settings": () => ({ config: { "slipway:services": JSON.stringify(services) }, secretKeys: [] }),
};
const rendered = new Map<string, Manifest[]>();
let kubeScore: string;

beforeAll(async () => {
  ({ path: kubeScore } = await toolProgram("kube-score"));
  for (const [name, read] of Object.entries(stacks)) rendered.set(name, await render(read()));
});

function grade(manifests: Manifest[]): Graded[] {
  const flags = ["--output-format=json", "--kubernetes-version=v1.36", "--all-default-optional", "--disable-ignore-checks-annotations"];
  const input = manifests.map((manifest) => JSON.stringify(manifest)).join("\n---\n");
  const { stdout, stderr } = spawnSync(kubeScore, ["score", ...flags, "-"], { input, encoding: "utf8", maxBuffer: 2 ** 26 });
  if (!stdout) throw new Error(`kube-score: ${stderr}`); // the exit code only says that there are findings
  return JSON.parse(stdout) as Graded[];
}

function findingsIn(manifests: Manifest[]): Finding[] {
  const objects = new Map(manifests.map((manifest) => [nameOf(manifest), manifest]));
  return grade(manifests).flatMap(({ object_name: name, checks }) =>
    checks
      .filter(({ grade, skipped }) => !skipped && grade < 10)
      .flatMap(({ check, comments }) =>
        (comments ?? [{ summary: "" }]).map(({ summary }) => ({ check: check.id, summary, object: objects.get(name)! })),
      ),
  );
}

/** The name of an object in the output of kube-score. */
function nameOf({ kind, apiVersion, metadata }: Manifest): string {
  return [kind, apiVersion, metadata?.namespace, metadata?.name].join("/");
}

function accepts({ check, summary, object, where }: Exception, finding: Finding): boolean {
  const of = `${finding.object.kind} ${finding.object.metadata?.name}`;
  return check === finding.check && (summary ?? finding.summary) === finding.summary && object.test(of) && where(finding.object);
}

/** Findings without an exception, as lines. */
function unaccepted(manifests: Manifest[]): string[] {
  const findings = findingsIn(manifests).filter((finding) => !exceptions.some((exception) => accepts(exception, finding)));
  return findings.map(({ check, summary, object }) => `${object.kind} ${object.metadata?.name}: ${check}: ${summary}`).sort();
}

test.each(Object.keys(stacks))("kube-score has no findings without an exception for %s", (name) => {
  expect(unaccepted(rendered.get(name)!)).toEqual([]);
});

test("kube-score checks every object of the kinds that it knows", () => {
  const known = /^(Deployment|StatefulSet|Service|Ingress|NetworkPolicy|PodDisruptionBudget|HorizontalPodAutoscaler)$/;
  for (const manifests of rendered.values()) {
    const graded = grade(manifests).map((object) => object.object_name);
    expect(graded.sort()).toEqual(
      manifests
        .filter(({ kind }) => known.test(kind!))
        .map(nameOf)
        .sort(),
    );
  }
});

test("every exception is used", () => {
  const findings = [...rendered.values()].flatMap(findingsIn);
  const unused = exceptions.filter((exception) => !findings.some((finding) => accepts(exception, finding)));
  expect(unused.map(({ check, object }) => `${check} of ${object.source}`)).toEqual([]);
});

test("a removed security setting is reported, and no exception accepts it", () => {
  const manifests = structuredClone(rendered.get("the stack local")!).filter(({ kind }) => kind !== "NetworkPolicy");
  const pod = manifests.find(({ kind }) => kind === "Deployment")!["spec"].template.spec;
  const [container] = pod.containers;
  pod.topologySpreadConstraints.pop();
  container.image = "registry.example/app:1";
  delete container.securityContext.readOnlyRootFilesystem;
  delete container.resources.limits.memory;
  expect(unaccepted(manifests)).toEqual([
    "Deployment web: container-image-pull-policy: ImagePullPolicy is not set to Always",
    "Deployment web: container-memory-requests-equal-limits: Memory requests does not match limits",
    "Deployment web: container-resource-requests-equal-limits: Memory requests does not match limits",
    "Deployment web: container-resources: Memory limit is not set",
    "Deployment web: container-security-context-readonlyrootfilesystem: The pod has a container with a writable root filesystem",
    "Deployment web: deployment-has-host-podantiaffinity: Deployment does not have a host podAntiAffinity set",
    "Deployment web: pod-networkpolicy: The pod does not have a matching NetworkPolicy",
  ]);
});

import type { Properties } from "../../../lib/values.ts";
import { hidden, isSecretName } from "../../preview/secrets.ts";
import { listOf, Severity, type PolicyRule, type Resource } from "../rule.ts";

const container = "docker:index/container:Container";
const service = "docker:index/service:Service";
const either = [container, service];
const run = "https://docs.docker.com/reference/cli/docker/container/run/";
const create = "https://docs.docker.com/reference/cli/docker/service/create/";

/** What Slipway itself puts onto an engine: its own tests say what that keeps to, and the node of a local cluster cannot. */
const isGround = ({ urn }: Resource) => /slipway:index:(LocalCluster|ContainerHost|SwarmHost)\$/.test(urn);

/** What a container is started with: that of a task, or the container itself. */
const specOf = ({ type, inputs }: Resource): Properties => (type === service ? (inputs.taskSpec?.containerSpec ?? {}) : inputs);
const dropsOf = (resource: Resource): string[] => specOf(resource).capDrops ?? specOf(resource).capabilities?.drops ?? [];

function plainSecrets(resource: Resource): string[] {
  const { envs, env = {} } = specOf(resource) as { envs?: string[]; env?: Record<string, unknown> };
  const entries = envs ? envs.map((entry) => [entry.split("=")[0]!, entry.slice(entry.indexOf("=") + 1)] as const) : Object.entries(env);
  return entries.filter(([name, value]) => value === hidden || (isSecretName(name) && value !== "")).map(([name]) => name);
}

const rules: PolicyRule[] = [
  {
    id: "container-image-by-digest",
    severity: Severity.Error,
    types: either,
    check: (resource) =>
      !/@?sha256:[0-9a-f]{64}$/.test(String(specOf(resource).image)) && "has an image by tag, which may be another one tomorrow",
    remedy: "Name the image by digest: repository@sha256:…",
    reference: "https://docs.docker.com/dhi/core-concepts/digests/",
  },
  {
    id: "container-non-root",
    severity: Severity.Error,
    types: either,
    check: (resource) => /^(0|root|)(:|$)/.test(String(specOf(resource).user ?? "")) && "may run as root",
    remedy: "Set user to a number that is not 0.",
    reference: `${run}#user`,
  },
  {
    id: "container-read-only-root",
    severity: Severity.Error,
    types: either,
    check: (resource) => specOf(resource).readOnly !== true && "may change its own program",
    remedy: "Set readOnly: true, and mount a volume or a tmpfs where it writes.",
    reference: `${run}#read-only`,
  },
  {
    id: "container-no-capabilities",
    severity: Severity.Error,
    types: either,
    check: (resource) => !dropsOf(resource).includes("ALL") && "keeps capabilities of the kernel",
    remedy: "Drop ALL capabilities.",
    reference: `${run}#privileged`,
  },
  {
    id: "container-no-new-privileges",
    severity: Severity.Error,
    types: [container],
    check: ({ inputs }) =>
      !listOf<string>(inputs.securityOpts).some((option) => /^no-new-privileges([:=]true)?$/.test(option)) &&
      "may gain more rights than it was started with",
    remedy: "Set securityOpts: [no-new-privileges:true].",
    reference: `${run}#security-opt`,
  },
  {
    id: "container-not-privileged",
    severity: Severity.Error,
    types: [container],
    check: ({ inputs: { privileged, networkMode, pidMode, ipcMode } }) =>
      (privileged === true || [networkMode, pidMode, ipcMode].includes("host")) && "is privileged, or shares namespaces of the machine",
    remedy: "Leave out privileged, and host as networkMode, pidMode and ipcMode.",
    reference: `${run}#privileged`,
  },
  {
    id: "container-no-host-folder",
    severity: Severity.Error,
    types: either,
    check: (resource) => {
      const { mounts, volumes } = specOf(resource);
      const binds = listOf<Properties>(mounts).filter(({ type }) => type === "bind");
      const folders = [...binds.map(({ source }) => source), ...listOf<Properties>(volumes).map(({ hostPath }) => hostPath)].filter(
        Boolean,
      );
      return folders.length > 0 && `mounts ${folders.join(", ")} of its machine`;
    },
    remedy: "Take a named volume; whoever has the engine's socket is root on the machine.",
    reference: "https://docs.docker.com/engine/security/#docker-daemon-attack-surface",
  },
  {
    id: "container-no-plain-secret",
    severity: Severity.Warning,
    types: either,
    check: (resource) => {
      const names = plainSecrets(resource);
      return names.length > 0 && `has ${names.join(", ")} as a variable, which everybody who may use the engine reads`;
    },
    remedy: "Give it as a file (secretFiles in a stack file).",
    reference: "https://docs.docker.com/engine/swarm/secrets/",
  },
  {
    id: "container-memory-limit",
    severity: Severity.Error,
    types: either,
    check: ({ type, inputs }) =>
      !Number(type === service ? inputs.taskSpec?.resources?.limits?.memoryBytes : inputs.memory) && "may take all memory of its machine",
    remedy: "Set memory, on Swarm taskSpec.resources.limits.memoryBytes.",
    reference: "https://docs.docker.com/engine/containers/resource_constraints/",
  },
  {
    id: "container-health-check",
    severity: Severity.Error,
    types: either,
    check: (resource) =>
      [undefined, "NONE"].includes(listOf<string>(specOf(resource).healthcheck?.tests)[0]) && "is taken for healthy whatever it does",
    remedy: "Set healthcheck.",
    reference: "https://docs.docker.com/reference/dockerfile/#healthcheck",
  },
  {
    id: "container-bounded-logs",
    severity: Severity.Warning,
    types: either,
    check: ({ type, inputs }) => {
      const { name, options = {} } =
        (type === service ? inputs.taskSpec?.logDriver : { name: inputs.logDriver, options: inputs.logOpts }) ?? {};
      return ["json-file", undefined].includes(name) && !options["max-size"] && "fills the disk with its logs in time";
    },
    remedy: "Set max-size and max-file of json-file, or another log driver.",
    reference: "https://docs.docker.com/engine/logging/drivers/json-file/",
  },
  {
    id: "container-restart",
    severity: Severity.Error,
    types: either,
    check: ({ type, inputs }) =>
      [undefined, "no", "none"].includes(type === service ? (inputs.taskSpec?.restartPolicy?.condition ?? "any") : inputs.restart) &&
      "stays away once it has ended",
    remedy: "Set restart: always.",
    reference: "https://docs.docker.com/engine/containers/start-containers-automatically/",
  },
  {
    id: "container-behind-proxy",
    severity: Severity.Warning,
    types: either,
    check: ({ type, inputs }) => {
      const published = listOf<Properties>(type === service ? inputs.endpointSpec?.ports : inputs.ports);
      const open = published.filter(({ ip }) => !String(ip).startsWith("127."));
      return (
        open.length > 0 &&
        `is reached from outside, past the proxy, at ${open.map((port) => port.external ?? port.publishedPort).join(", ")}`
      );
    },
    remedy: "Publish no ports; the proxy reaches it in its network.",
    reference: "https://docs.docker.com/engine/network/port-publishing/",
  },
  {
    id: "swarm-rollback",
    severity: Severity.Warning,
    types: [service],
    check: ({ inputs }) => inputs.updateConfig?.failureAction !== "rollback" && "stays half-way where a new version does not come up",
    remedy: "Set updateConfig.failureAction: rollback.",
    reference: `${create}#update-failure-action`,
  },
  {
    id: "swarm-several-tasks",
    severity: Severity.Warning,
    types: [service],
    check: ({ inputs: { mode, taskSpec } }) => {
      const isWriter = listOf<Properties>(taskSpec?.containerSpec?.mounts).some(
        ({ type, readOnly }) => type === "volume" && readOnly !== true,
      );
      return !mode?.global && Number(mode?.replicated?.replicas ?? 1) < 2 && !isWriter && "has one task; while it is away nobody answers";
    },
    remedy: "Set replicas: 2 or more.",
    reference: `${create}#replicas`,
  },
];

/** What containers keep to, on one Docker engine or as tasks of Docker Swarm. */
export const containerRules = rules.map((rule) => ({ ...rule, except: isGround }));

import { baselineCapabilities, restrictedCapability } from "../../../lib/security-level.ts";
import { jobLabel } from "../../../lib/docker-labels.ts";
import type { Properties } from "../../../lib/values.ts";
import { baselineReason } from "../baseline.ts";
import { hidden, isSecretName } from "../../preview/secrets.ts";
import { listOf, Severity, type PolicyRule, type Resource } from "../rule.ts";

const container = "docker:index/container:Container";
const service = "docker:index/service:Service";
const containerOrService = [container, service];
const run = "https://docs.docker.com/reference/cli/docker/container/run/";
const create = "https://docs.docker.com/reference/cli/docker/service/create/";

/** Containers of Slipway itself, which the rules do not concern: tests cover them, and a cluster node must be privileged. */
const isInfrastructure = ({ urn }: Resource) => /slipway:index:(LocalCluster|ContainerHost|SwarmHost)\$/.test(urn);

/** Jobs end by themselves, and nobody calls them. */
const isJob = ({ inputs }: Resource) => listOf<Properties>(inputs.labels).some(({ label }) => label === jobLabel);

/** The container settings: those of the tasks for a service. */
const specOf = ({ type, inputs }: Resource): Properties => (type === service ? (inputs.taskSpec?.containerSpec ?? {}) : inputs);
const dropsOf = (resource: Resource): string[] => specOf(resource).capDrops ?? specOf(resource).capabilities?.drops ?? [];

const addsOf = (resource: Resource): string[] =>
  ((specOf(resource).capAdds ?? specOf(resource).capabilities?.adds ?? []) as string[]).map((capability) =>
    capability.replace(/^CAP_/, ""),
  );
const addsOnly = (allowed: string[], resource: Resource) => addsOf(resource).every((capability) => allowed.includes(capability));

function plainSecrets(resource: Resource): string[] {
  const { envs, env = {} } = specOf(resource) as { envs?: string[]; env?: Record<string, unknown> };
  const entries = envs ? envs.map((entry) => [entry.split("=")[0]!, entry.slice(entry.indexOf("=") + 1)] as const) : Object.entries(env);
  return entries.filter(([name, value]) => value === hidden || (isSecretName(name) && value !== "")).map(([name]) => name);
}

const rules: PolicyRule[] = [
  {
    id: "container-image-by-digest",
    severity: Severity.Error,
    types: containerOrService,
    check: (resource) => !/@?sha256:[0-9a-f]{64}$/.test(String(specOf(resource).image)) && "uses an image by tag, which can be overwritten",
    remedy: "Use the image by digest: repository@sha256:…",
    reference: "https://docs.docker.com/dhi/core-concepts/digests/",
  },
  {
    id: "container-non-root",
    severity: Severity.Error,
    types: containerOrService,
    check: (resource) => /^(0|root|)(:|$)/.test(String(specOf(resource).user ?? "")) && "may run as root",
    accepted: baselineReason,
    remedy: "Set user to a numeric ID other than 0.",
    reference: `${run}#user`,
  },
  {
    id: "container-read-only-root",
    severity: Severity.Error,
    types: containerOrService,
    check: (resource) => specOf(resource).readOnly !== true && "has a writable root filesystem",
    accepted: baselineReason,
    remedy: "Set readOnly: true, and mount a volume or a tmpfs for each directory that it writes to.",
    reference: `${run}#read-only`,
  },
  {
    id: "container-no-capabilities",
    severity: Severity.Error,
    types: containerOrService,
    check: (resource) =>
      (!dropsOf(resource).includes("ALL") && "keeps Linux capabilities") ||
      (!addsOnly([restrictedCapability], resource) && `adds the Linux capabilities ${addsOf(resource).join(", ")}`),
    accepted: (resource) =>
      dropsOf(resource).includes("ALL") && addsOnly(baselineCapabilities, resource) ? baselineReason(resource) : undefined,
    remedy:
      "Drop all capabilities, [ALL] in capabilities.drops, on Swarm in taskSpec.containerSpec.capDrops, and add none but NET_BIND_SERVICE.",
    reference: `${run}#privileged`,
  },
  {
    id: "container-no-new-privileges",
    severity: Severity.Error,
    types: [container],
    check: ({ inputs }) =>
      !listOf<string>(inputs.securityOpts).some((option) => /^no-new-privileges([:=]true)?$/.test(option)) && "allows privilege escalation",
    remedy: "Set securityOpts: [no-new-privileges:true].",
    reference: `${run}#security-opt`,
  },
  {
    id: "container-not-privileged",
    severity: Severity.Error,
    types: [container],
    check: ({ inputs: { privileged, networkMode, pidMode, ipcMode } }) =>
      (privileged === true || [networkMode, pidMode, ipcMode].includes("host")) && "runs privileged, or shares a namespace of the host",
    remedy: "Remove privileged, and remove host from networkMode, pidMode and ipcMode.",
    reference: `${run}#privileged`,
  },
  {
    id: "container-no-host-folder",
    severity: Severity.Error,
    types: containerOrService,
    check: (resource) => {
      const { mounts, volumes } = specOf(resource);
      const binds = listOf<Properties>(mounts).filter(({ type }) => type === "bind");
      const folders = [...binds.map(({ source }) => source), ...listOf<Properties>(volumes).map(({ hostPath }) => hostPath)].filter(
        Boolean,
      );
      return folders.length > 0 && `mounts ${folders.join(", ")} of the host`;
    },
    remedy: "Use a named volume. Access to the Docker socket is root access to the host.",
    reference: "https://docs.docker.com/engine/security/#docker-daemon-attack-surface",
  },
  {
    id: "container-no-plain-secret",
    severity: Severity.Warning,
    types: containerOrService,
    check: (resource) => {
      const names = plainSecrets(resource);
      return names.length > 0 && `has ${names.join(", ")} as an environment variable, which every user of Docker can read`;
    },
    remedy: "Pass it as a file (secretFiles in a stack file).",
    reference: "https://docs.docker.com/engine/swarm/secrets/",
  },
  {
    id: "container-memory-limit",
    severity: Severity.Error,
    types: containerOrService,
    check: ({ type, inputs }) =>
      !Number(type === service ? inputs.taskSpec?.resources?.limits?.memoryBytes : inputs.memory) && "has no memory limit",
    remedy: "Set memory, on Swarm taskSpec.resources.limits.memoryBytes.",
    reference: "https://docs.docker.com/engine/containers/resource_constraints/",
  },
  {
    id: "container-health-check",
    severity: Severity.Error,
    types: containerOrService,
    except: isJob,
    check: (resource) => [undefined, "NONE"].includes(listOf<string>(specOf(resource).healthcheck?.tests)[0]) && "has no health check",
    remedy: "Set healthcheck.",
    reference: "https://docs.docker.com/reference/dockerfile/#healthcheck",
  },
  {
    id: "container-bounded-logs",
    severity: Severity.Warning,
    types: containerOrService,
    check: ({ type, inputs }) => {
      const { name, options = {} } =
        (type === service ? inputs.taskSpec?.logDriver : { name: inputs.logDriver, options: inputs.logOpts }) ?? {};
      return ["json-file", undefined].includes(name) && !options["max-size"] && "has no limit on the size of its logs";
    },
    remedy: "Set max-size and max-file of the log driver json-file, or use another log driver.",
    reference: "https://docs.docker.com/engine/logging/drivers/json-file/",
  },
  {
    id: "container-restart",
    severity: Severity.Error,
    types: containerOrService,
    except: isJob,
    check: ({ type, inputs }) =>
      [undefined, "no", "none"].includes(type === service ? (inputs.taskSpec?.restartPolicy?.condition ?? "any") : inputs.restart) &&
      "is not restarted after it exits",
    remedy: "Set restart: always, on Swarm taskSpec.restartPolicy.condition: any.",
    reference: "https://docs.docker.com/engine/containers/start-containers-automatically/",
  },
  {
    id: "container-behind-proxy",
    severity: Severity.Warning,
    types: containerOrService,
    check: ({ type, inputs }) => {
      const published = listOf<Properties>(type === service ? inputs.endpointSpec?.ports : inputs.ports);
      const open = published.filter(({ ip }) => !String(ip).startsWith("127."));
      return (
        open.length > 0 && `publishes ports that bypass the proxy (${open.map((port) => port.external ?? port.publishedPort).join(", ")})`
      );
    },
    remedy: "Publish no ports. The proxy reaches the container over their network.",
    reference: "https://docs.docker.com/engine/network/port-publishing/",
  },
  {
    id: "swarm-rollback",
    severity: Severity.Warning,
    types: [service],
    except: isJob,
    check: ({ inputs }) => inputs.updateConfig?.failureAction !== "rollback" && "does not roll back a failed update",
    remedy: "Set updateConfig.failureAction: rollback.",
    reference: `${create}#update-failure-action`,
  },
  {
    id: "swarm-several-tasks",
    severity: Severity.Warning,
    types: [service],
    except: isJob,
    check: ({ inputs: { mode, taskSpec } }) => {
      const isWriter = listOf<Properties>(taskSpec?.containerSpec?.mounts).some(
        // A volume without a name is new in every task.
        ({ type, source, readOnly }) => type === "volume" && source !== undefined && readOnly !== true,
      );
      return (
        !mode?.global && Number(mode?.replicated?.replicas ?? 1) < 2 && !isWriter && "has one task, so requests fail while it restarts"
      );
    },
    remedy: "Set replicas: 2 or more.",
    reference: `${create}#replicas`,
  },
];

/** Rules for Docker containers, and for tasks of Docker Swarm. */
export const containerRules = rules.map((rule) => ({
  ...rule,
  except: (resource: Resource) => isInfrastructure(resource) || (rule.except?.(resource) ?? false),
}));

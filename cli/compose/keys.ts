import type { ComposeProject, ComposeService } from "./project.ts";

/** Keys that are converted. */
const convertedKeys = new Set(
  [
    "image build command entrypoint environment env_file ports expose depends_on links healthcheck volumes tmpfs secrets configs",
    "deploy user stop_grace_period restart networks scale platform working_dir mem_limit mem_reservation cpus profiles",
  ]
    .join(" ")
    .split(" "),
);

/** Keys that need no conversion: Slipway does what they ask for, or compose-go has already processed them. */
const impliedKeys = new Set(["cap_drop", "init", "extends", "name", "read_only", "cap_add"]);

const check = "check that the service works without it";
const withoutCounterpart = `is left out, because there is no counterpart; ${check}`;

/** Why keys of a service are left out. */
const reasons: Record<string, string> = {
  annotations: "is left out, because Slipway sets them; for annotations of the Ingress, set ingressAnnotations",
  container_name: "is left out, because containers are named after the service; hosts in the settings of callers are changed",
  devices: `is left out, because containers cannot use devices of the host; ${check}`,
  dns: "is left out, because the platform resolves names; configure DNS servers there",
  extra_hosts: "is left out, because the platform resolves names; add the names to your DNS",
  gpus: `is left out, because containers cannot use devices of the host; ${check}`,
  hostname: "is left out, because services reach each other by service name; use that name instead",
  ipc: `is left out, because containers share no namespaces with the host; ${check}`,
  labels: "is left out, because Slipway sets the labels; for a route of a proxy, set host or routes",
  logging: "is left out, because the platform collects the logs; write them to standard output",
  network_mode: "is left out, because the platform sets up the network; list the services that this one needs in calls",
  pid: `is left out, because containers share no namespaces with the host; ${check}`,
  privileged: `is left out, because no container gets root access to the host; ${check}`,
  pull_policy: "is left out, because images are deployed by digest; slipway lock --update deploys another one",
  security_opt: `is left out, because the platform sets the security profile; ${check}`,
  shm_size: `is left out, because there is no counterpart; mount an emptyDir volume at /dev/shm if the service needs more`,
  stdin_open: `is left out, because containers have no terminal; ${check}`,
  sysctls: "is left out, because only the ones for low ports are set; set others on the host",
  tty: `is left out, because containers have no terminal; ${check}`,
  ulimits: "is left out, because containers have the limits of their host; set the limits there",
  volumes_from: "is left out, because services share no volumes; share data over the network",
};

/** Notes on the keys of a service that are left out: a line for each. */
export function checkKeys(compose: ComposeService, note: (key: string, message: string) => void): void {
  for (const [key, value] of Object.entries(compose)) {
    if (isEmpty(value) || convertedKeys.has(key) || impliedKeys.has(key) || key.startsWith("x-")) continue;
    note(key, reasons[key] ?? withoutCounterpart);
  }
  for (const [key, value] of Object.entries(compose.deploy ?? {})) {
    if (isEmpty(value) || ["replicas", "resources", "restart_policy"].includes(key)) continue;
    note(`deploy.${key}`, deployReasons[key] ?? withoutCounterpart);
  }
  const { limits = {}, reservations = {} } = compose.deploy?.resources ?? {};
  for (const [kind, values] of Object.entries({ limits, reservations }))
    for (const [key, value] of Object.entries(values))
      if (!["cpus", "memory"].includes(key) && !isEmpty(value)) note(`deploy.resources.${kind}.${key}`, withoutCounterpart);
  for (const [network, settings] of Object.entries(compose.networks ?? {}))
    for (const [key, value] of Object.entries(settings ?? {}))
      if (key !== "aliases" && !isEmpty(value))
        note(`networks.${network}.${key}`, "is left out, because the platform assigns addresses; use the service's name");
}

const deployReasons: Record<string, string> = {
  endpoint_mode: "is left out, because the platform decides it",
  labels: "is left out, because Slipway sets the labels",
  mode: "is left out; set replicas",
  placement: "is left out; set nodeSelector",
  rollback_config: "is left out; a failed update keeps the previous version",
  update_config: "is left out; set rollout",
};

/** Whether a value is null or empty, which compose-go writes for keys that are not in the file. */
export function isEmpty(value: unknown): boolean {
  return value === null || value === undefined || (typeof value === "object" && Object.keys(value).length === 0);
}

/** Notes on top-level keys that are left out. compose-go adds the name and the default network. */
export function checkTopLevel(project: ComposeProject, note: (path: string, message: string) => void): void {
  for (const [name, network] of Object.entries(project.networks ?? {})) {
    const { name: _name, ipam, internal: _internal, ...others } = network ?? {};
    const keys = Object.keys(others).filter((key) => !isEmpty(others[key]) && !key.startsWith("x-") && others[key] !== "bridge");
    if (!isEmpty(ipam)) keys.push("ipam");
    for (const key of keys)
      note(`networks.${name}.${key}`, "is left out, because every service has its own network; list who may call whom in calls");
  }
  for (const [name, volume] of Object.entries(project.volumes ?? {}))
    for (const key of ["driver", "driver_opts", "labels"])
      if (!isEmpty(volume?.[key]) && volume?.[key] !== "local")
        note(
          `volumes.${name}.${key}`,
          "is left out; set storageClass of the volume, on docker and swarm a driver in docker.volumes or swarm.volumes",
        );
}

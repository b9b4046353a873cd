import type { Step } from "../preview/step.ts";
import { Impact } from "../../lib/impact.ts";
import { hostsInRoutes, property, type ImpactRule } from "./rule.ts";

const docker = (kind: string) => `docker:index/*:${kind}`;
const dynamic = (kind: string) => `pulumi-nodejs:dynamic/slipway:${kind}`;
const images = [
  docker("Image"),
  docker("RemoteImage"),
  docker("RegistryImage"),
  dynamic("RegistryPush"),
  dynamic("NodeImage"),
  dynamic("RegistryPresence"),
  dynamic("SecretBuild"),
  dynamic("ImageAttestations"),
];
const inCluster = ({ urn }: Step) => urn.includes("slipway:index:LocalCluster$");
const isReplica = ({ urn }: Step) => urn.includes("slipway:index:ContainerService$");
const isJob = ({ urn }: Step) => /slipway:index:(Container|Swarm)Job\$/.test(urn);
/** Replicas after the first. They come and go with the number of replicas, the first one with the service. */
const isFurtherReplica = (step: Step) => isReplica(step) && !/(^|-)1$/.test(step.name);

/** Tasks of a service. The default of Docker is 1. */
const tasks = (step: Step) => Number(property(step, "mode.replicated.replicas") ?? 1);
const isGlobal = (step: Step) => property(step, "mode.global") === true;
const stopsFirst = (step: Step) => property(step, "updateConfig.order") !== "start-first" && (isGlobal(step) || tasks(step) <= 1);

/** Whether the hosts in the routes of a service change. False if they are not known yet. */
function hasOtherHosts({ before, after }: Step): boolean {
  const [old, next] = [hostsInRoutes(before), hostsInRoutes(after)];
  return old.length > 0 && next.length > 0 && String(old) !== String(next);
}

/** Impact rules for Docker objects, images and proxy routes. Docker updates few properties in place. */
export const dockerRules: ImpactRule[] = [
  {
    id: "docker-volume-gone",
    types: [docker("Volume")],
    operations: ["replace", "delete"],
    impact: Impact.DataLoss,
    reason: "{changed}: the volume's data is lost",
  },
  {
    id: "docker-cluster-gone",
    types: [docker("Container"), docker("Network")],
    operations: ["replace", "delete"],
    when: inCluster,
    impact: Impact.Replacement,
    reason: "{changed}: the {kind} of the local cluster is recreated; the cluster is down until then",
  },
  {
    id: "docker-network-gone",
    types: [docker("Network")],
    operations: ["replace", "delete"],
    impact: Impact.Replacement,
    reason: "{changed}: every container on the network is recreated",
  },
  {
    id: "docker-job-replaced",
    types: [docker("Container"), docker("Service")],
    operations: ["update", "replace"],
    when: isJob,
    impact: Impact.Nothing,
    reason: "{changed}: a job serves no requests",
  },
  {
    id: "docker-job-deleted",
    types: [docker("Container"), docker("Service")],
    operations: ["delete"],
    when: isJob,
    impact: Impact.Downtime,
    reason: "the job is deleted, and no longer runs",
  },
  {
    id: "docker-job-runs",
    types: [dynamic("JobRun")],
    operations: ["create", "import", "replace"],
    impact: Impact.Nothing,
    reason: "the job runs; it serves no requests",
  },
  {
    id: "docker-job-settings",
    types: [dynamic("JobRun")],
    operations: ["update"],
    impact: Impact.Metadata,
    reason: "{changed}: applies from the next run",
  },
  {
    id: "docker-job-forgotten",
    types: [dynamic("JobRun")],
    operations: ["delete"],
    impact: Impact.Nothing,
    reason: "the job itself is listed separately",
  },
  {
    id: "docker-replica-replaced",
    types: [docker("Container")],
    operations: ["replace"],
    when: (step) => isReplica(step) && !step.deletesFirst,
    impact: Impact.Rolling,
    reason: "{changed}: the container stops once its replacement is ready",
  },
  {
    id: "docker-replica-fewer",
    types: [docker("Container")],
    operations: ["delete"],
    when: isFurtherReplica,
    impact: Impact.Cost,
    reason: "one container fewer",
  },
  {
    id: "docker-replica-more",
    types: [docker("Container")],
    operations: ["create", "import"],
    when: isFurtherReplica,
    impact: Impact.Cost,
    reason: "one more container",
  },
  {
    id: "docker-container-gone",
    types: [docker("Container")],
    operations: ["replace", "delete"],
    impact: Impact.Downtime,
    reason: "{changed}: the container stops; its replacement, if any, starts afterwards",
  },
  {
    id: "docker-container-changed",
    types: [docker("Container")],
    operations: ["update"],
    properties: ["memory", "memorySwap", "cpuShares", "cpuSet", "cpus", "restart", "maxRetryCount"],
    impact: Impact.Metadata,
    reason: "{changed} ({before} → {after}): the container keeps running",
  },
  {
    id: "docker-created",
    types: [docker("Container"), docker("Network"), docker("Volume"), docker("Service")],
    operations: ["create", "import"],
    impact: Impact.Nothing,
    reason: "new: nothing depends on it yet",
  },
  {
    id: "proxy-route-hosts",
    types: [dynamic("ProxyRoute")],
    operations: ["update", "replace"],
    when: hasOtherHosts,
    impact: Impact.Access,
    reason: "the service is exposed as {hosts}",
  },
  {
    id: "proxy-route-changed",
    types: [dynamic("ProxyRoute")],
    operations: ["update", "replace"],
    impact: Impact.Rolling,
    reason: "{changed}: the proxy changes its routes without a restart",
  },
  {
    id: "proxy-route-gone",
    types: [dynamic("ProxyRoute")],
    operations: ["delete"],
    impact: Impact.Downtime,
    reason: "the proxy no longer routes requests to the service",
  },
  {
    id: "proxy-route-new",
    types: [dynamic("ProxyRoute")],
    operations: ["create", "import"],
    impact: Impact.Access,
    reason: "the proxy routes requests to the service",
  },
  {
    id: "container-files",
    types: [dynamic("VolumeFiles")],
    operations: ["create", "import", "update", "replace", "delete"],
    impact: Impact.Nothing,
    reason: "files of containers; the containers are listed separately",
  },
  {
    id: "container-handover",
    types: [dynamic("Handover")],
    operations: ["create", "import", "update", "replace", "delete"],
    impact: Impact.Nothing,
    reason: "hands requests over from a container to its replacement; the containers are listed separately",
  },
  {
    id: "swarm-service-stopped",
    types: [docker("Service")],
    operations: ["update"],
    properties: ["mode.replicated.replicas"],
    when: (step) => tasks(step) === 0,
    impact: Impact.Downtime,
    reason: "{changed} ({before} → 0): no tasks are left to serve requests",
  },
  {
    id: "swarm-service-scaled",
    types: [docker("Service")],
    operations: ["update"],
    properties: ["mode.replicated.replicas"],
    impact: Impact.Cost,
    reason: "{before} → {after} tasks",
  },
  {
    id: "swarm-service-ends-first",
    types: [docker("Service")],
    operations: ["update"],
    properties: ["taskSpec"],
    when: stopsFirst,
    impact: Impact.Downtime,
    reason: "{changed}: a node's only task stops before its replacement starts",
  },
  {
    id: "swarm-service-changed",
    types: [docker("Service")],
    operations: ["update"],
    properties: ["taskSpec"],
    impact: Impact.Rolling,
    reason: "{changed}: tasks are replaced as configured in updateConfig",
  },
  {
    id: "swarm-service-later",
    types: [docker("Service")],
    operations: ["update"],
    properties: ["updateConfig", "rollbackConfig", "convergeConfig", "labels", "auth"],
    impact: Impact.Metadata,
    reason: "{changed}: applies from the next update",
  },
  {
    id: "swarm-service-ports",
    types: [docker("Service")],
    operations: ["update"],
    properties: ["endpointSpec"],
    impact: Impact.Access,
    reason: "{changed} ({before} → {after}): affects which ports the service publishes",
  },
  {
    id: "swarm-service-gone",
    types: [docker("Service")],
    operations: ["replace", "delete"],
    impact: Impact.Downtime,
    reason: "{changed}: the tasks of the service stop, and requests fail",
  },
  {
    id: "swarm-routes-hosts",
    types: [docker("ServiceConfig")],
    operations: ["replace"],
    when: hasOtherHosts,
    impact: Impact.Access,
    reason: "the service is exposed as {hosts}",
  },
  {
    id: "swarm-configuration",
    types: [docker("Secret"), docker("ServiceConfig")],
    operations: ["create", "import", "replace", "delete"],
    impact: Impact.Nothing,
    reason: "services that use it are listed separately",
  },
  {
    id: "image-made",
    types: images,
    operations: ["create", "import", "update", "replace"],
    impact: Impact.Nothing,
    reason: "{changed}: the image is pushed to the registry; workloads that run it are listed separately",
  },
  {
    id: "image-forgotten",
    types: images,
    operations: ["delete"],
    impact: Impact.Nothing,
    reason: "the image stays in the registry",
  },
];

import type { Step } from "../preview/step.ts";
import { Impact } from "../../lib/impact.ts";
import { hostsInRoutes, property, type ImpactRule } from "./rule.ts";

const docker = (kind: string) => `docker:index/*:${kind}`;
const dynamic = (kind: string) => `pulumi-nodejs:dynamic/slipway:${kind}`;
const image = [docker("Image"), docker("RemoteImage"), docker("RegistryImage"), dynamic("RegistryPush"), dynamic("RegistryPresence")];
const inCluster = ({ urn }: Step) => urn.includes("slipway:index:LocalCluster$");
const isReplica = ({ urn }: Step) => urn.includes("slipway:index:ContainerService$");
/** The first goes with the service alone, others when there are to be fewer. */
const isOneOfMore = (step: Step) => isReplica(step) && !/(^|-)1$/.test(step.name);

/** Tasks that a service has; Docker's default is one. */
const tasks = (step: Step) => Number(property(step, "mode.replicated.replicas") ?? 1);
const isGlobal = (step: Step) => property(step, "mode.global") === true;
const endsFirst = (step: Step) => property(step, "updateConfig.order") !== "start-first" && (isGlobal(step) || tasks(step) <= 1);

/** Whether the routes of a service lead other names to it; not where they are not known yet. */
function hasOtherHosts({ before, after }: Step): boolean {
  const [old, next] = [hostsInRoutes(before), hostsInRoutes(after)];
  return old.length > 0 && next.length > 0 && String(old) !== String(next);
}

/** What changes of Docker objects do, and of those that push images. Docker changes hardly anything in place. */
export const dockerRules: ImpactRule[] = [
  {
    id: "docker-volume-gone",
    types: [docker("Volume")],
    operations: ["replace", "delete"],
    impact: Impact.DataLoss,
    reason: "{changed}: the volume goes, with what is stored in it",
  },
  {
    id: "docker-cluster-gone",
    types: [docker("Container"), docker("Network")],
    operations: ["replace", "delete"],
    when: inCluster,
    impact: Impact.Replacement,
    reason: "{changed}: the {kind} of the local cluster is made anew; until it is back nothing in it answers",
  },
  {
    id: "docker-network-gone",
    types: [docker("Network")],
    operations: ["replace", "delete"],
    impact: Impact.Replacement,
    reason: "{changed}: the network is made anew, and with it every container in it",
  },
  {
    id: "docker-replica-replaced",
    types: [docker("Container")],
    operations: ["replace"],
    when: (step) => isReplica(step) && !step.deletesFirst,
    impact: Impact.Rolling,
    reason: "{changed}: the container ends once its successor is ready",
  },
  {
    id: "docker-replica-fewer",
    types: [docker("Container")],
    operations: ["delete"],
    when: isOneOfMore,
    impact: Impact.Cost,
    reason: "one container less",
  },
  {
    id: "docker-replica-more",
    types: [docker("Container")],
    operations: ["create", "import"],
    when: isOneOfMore,
    impact: Impact.Cost,
    reason: "one container more",
  },
  {
    id: "docker-container-gone",
    types: [docker("Container")],
    operations: ["replace", "delete"],
    impact: Impact.Downtime,
    reason: "{changed}: the container ends, and a new one, if any, starts afterwards",
  },
  {
    id: "docker-container-changed",
    types: [docker("Container")],
    operations: ["update"],
    properties: ["memory", "memorySwap", "cpuShares", "cpuSet", "cpus", "restart", "maxRetryCount"],
    impact: Impact.Metadata,
    reason: "{changed}: {before} → {after}; the container runs on",
  },
  {
    id: "docker-created",
    types: [docker("Container"), docker("Network"), docker("Volume"), docker("Service")],
    operations: ["create", "import"],
    impact: Impact.Nothing,
    reason: "it is new: nobody relies on it yet",
  },
  {
    id: "proxy-route-hosts",
    types: [dynamic("ProxyRoute")],
    operations: ["update", "replace"],
    when: hasOtherHosts,
    impact: Impact.Access,
    reason: "it is reached by the name {hosts}",
  },
  {
    id: "proxy-route-changed",
    types: [dynamic("ProxyRoute")],
    operations: ["update", "replace"],
    impact: Impact.Rolling,
    reason: "{changed}: the proxy leads requests elsewhere, while it runs",
  },
  {
    id: "proxy-route-gone",
    types: [dynamic("ProxyRoute")],
    operations: ["delete"],
    impact: Impact.Downtime,
    reason: "the proxy no longer leads requests to the service",
  },
  {
    id: "proxy-route-new",
    types: [dynamic("ProxyRoute")],
    operations: ["create", "import"],
    impact: Impact.Access,
    reason: "the proxy leads requests to the service",
  },
  {
    id: "container-files",
    types: [dynamic("VolumeFiles")],
    operations: ["create", "import", "update", "replace", "delete"],
    impact: Impact.Nothing,
    reason: "files of containers; those are told of by themselves",
  },
  {
    id: "container-handover",
    types: [dynamic("Handover")],
    operations: ["create", "import", "update", "replace", "delete"],
    impact: Impact.Nothing,
    reason: "requests pass from a container to its successor; those are told of by themselves",
  },
  {
    id: "swarm-service-stopped",
    types: [docker("Service")],
    operations: ["update"],
    properties: ["mode.replicated.replicas"],
    when: (step) => tasks(step) === 0,
    impact: Impact.Downtime,
    reason: "{changed}: {before} → 0: no task is left to answer",
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
    when: endsFirst,
    impact: Impact.Downtime,
    reason: "{changed}: a node's one task ends before its successor starts",
  },
  {
    id: "swarm-service-changed",
    types: [docker("Service")],
    operations: ["update"],
    properties: ["taskSpec"],
    impact: Impact.Rolling,
    reason: "{changed}: tasks are exchanged as updateConfig says",
  },
  {
    id: "swarm-service-later",
    types: [docker("Service")],
    operations: ["update"],
    properties: ["updateConfig", "rollbackConfig", "convergeConfig", "labels", "auth"],
    impact: Impact.Metadata,
    reason: "{changed}: counts from the next update on",
  },
  {
    id: "swarm-service-ports",
    types: [docker("Service")],
    operations: ["update"],
    properties: ["endpointSpec"],
    impact: Impact.Access,
    reason: "{changed}: {before} → {after}: at which ports it is reached",
  },
  {
    id: "swarm-service-gone",
    types: [docker("Service")],
    operations: ["replace", "delete"],
    impact: Impact.Downtime,
    reason: "{changed}: the service goes; what it serves is no longer served meanwhile",
  },
  {
    id: "swarm-routes-hosts",
    types: [docker("ServiceConfig")],
    operations: ["replace"],
    when: hasOtherHosts,
    impact: Impact.Access,
    reason: "it is reached by the name {hosts}",
  },
  {
    id: "swarm-configuration",
    types: [docker("Secret"), docker("ServiceConfig")],
    operations: ["create", "import", "replace", "delete"],
    impact: Impact.Nothing,
    reason: "services that read it are told of by themselves",
  },
  {
    id: "image-made",
    types: image,
    operations: ["create", "import", "update", "replace"],
    impact: Impact.Nothing,
    reason: "{changed}: an image is put into the registry; what runs it is told of by itself",
  },
  {
    id: "image-forgotten",
    types: image,
    operations: ["delete"],
    impact: Impact.Nothing,
    reason: "the image stays in the registry",
  },
];

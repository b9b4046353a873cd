import type { Step } from "../preview/step.ts";
import { Impact } from "./classes.ts";
import type { ImpactRule } from "./rule.ts";

const docker = (kind: string) => `docker:index/*:${kind}`;
const dynamic = (kind: string) => `pulumi-nodejs:dynamic/slipway:${kind}`;
const image = [docker("Image"), docker("RemoteImage"), docker("RegistryImage"), dynamic("RegistryPush"), dynamic("RegistryPresence")];
const inCluster = ({ urn }: Step) => urn.includes("slipway:index:LocalCluster$");

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
    types: [docker("Container"), docker("Network"), docker("Volume")],
    operations: ["create", "import"],
    impact: Impact.Nothing,
    reason: "it is new: nobody relies on it yet",
  },
  {
    id: "swarm-service-changed",
    types: [docker("Service")],
    operations: ["update"],
    properties: ["taskSpec", "mode", "updateConfig", "rollbackConfig", "labels"],
    impact: Impact.Rolling,
    reason: "{changed}: tasks are exchanged as updateConfig says",
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

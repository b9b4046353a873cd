/** What a platform has of something, and the tests that show it: `<file below test/>: <name of the test>`. */
export interface Cell {
  says: string;
  by: string[];
}

/** A row of the table "Where it runs" of the README. */
export interface Feature {
  what: string;
  local: Cell;
  docker: Cell;
  swarm: Cell;
  eks: Cell;
}

/** Tests on the real parts show it. */
const tested = (...by: string[]): Cell => ({ says: "tested", by });
/** Tests show what would be made; the real part has not run, or not in this way. */
const planned = (...by: string[]): Cell => ({ says: "planned", by });
/** Asking for it is an error, before anything is changed. */
const refused = (...by: string[]): Cell => ({ says: "refused", by });
/** There is no such thing here. */
const none: Cell = { says: "–", by: [] };
const notTested: Cell = { says: "not tested", by: [] };
const saying = (words: string, cell: Cell): Cell => ({ ...cell, says: `${cell.says}: ${words}` });

const on = (file: string) => (name: string) => `${file}.test.ts: ${name}`;
const docker = on("integration/docker");
const dockerRollout = on("integration/docker-rollout");
const swarm = on("integration/swarm");
const nodes = on("integration/swarm-nodes");
const local = on("integration/local-stack");
const service = on("integration/web-service");
const load = on("integration/load");
const rollout = on("integration/rollout");
const engines = on("unit/platforms/docker-stacks");
const support = on("unit/config/support");
const eks = on("unit/platforms/eks-stacks");
const webService = on("unit/components/web-service");

const dockerUp = docker("services are up behind the proxy, and reach each other by name as `calls` says and no other way");
const swarmUp = swarm("services are up behind the proxy, hardened, and reach each other by name as `calls` says and no other way");
const dockerLoad = docker("no request fails in an update, a change of settings, while scaling, or when a new version does not come up");
const swarmLoad = swarm("no request fails in an update, while scaling, or when Swarm goes back from a version that does not come up");
const localLoad = load("no request fails, except those in flight on a killed pod: $name");
const eksAll = eks("consists of exactly these resources");
const eksIn = eks("allows only its load balancer to reach the service");
const keyByKey = support("what a platform does not have is refused by path, with those that do and the way out");
const placement = engines("placement, encryption and the routing mesh are as the settings of swarm say");
const further = engines("further networks and volumes are made as the settings say, and those that exist are only named");
const overSsh = on("integration/docker-over-ssh")(
  "an engine over SSH: what is wrong with the way there is said; then up, unchanged, down, over few connections",
);

/** The table that says where a stack runs, and what it has there. A test holds every name of a test here against the tests. */
export const features: Feature[] = [
  {
    what: "Hosts and paths over HTTP, replicas",
    local: tested(local("the service answers through the Ingress")),
    docker: tested(dockerUp),
    swarm: tested(swarmUp),
    eks: planned(eksAll),
  },
  {
    what: "TLS",
    local: tested(service("HTTPS uses the certificate of the Secret, and HTTP redirects to HTTPS")),
    docker: tested(docker("TLS is served with the certificate that is given, whose key is in no checkpoint, and HTTP leads there")),
    swarm: tested(swarm("TLS is served with the certificate that is given, whose key is in a secret alone, and HTTP leads there")),
    eks: planned(eks("serves HTTPS with a certificate for its domain, at a DNS name of the load balancer")),
  },
  {
    what: "Update and scaling without a failed request",
    local: tested(localLoad),
    docker: tested(dockerLoad, dockerRollout("a new version takes over replica by replica, and no request fails")),
    swarm: tested(swarmLoad),
    eks: planned(eks("has pods that are restricted, and ready once the load balancer sends requests to them")),
  },
  {
    what: "A version that does not come up: the one before serves on",
    local: tested(localLoad),
    docker: tested(dockerLoad, docker("a new version that ends by itself is told with its last lines, and the version before serves on")),
    swarm: saying("Swarm goes back itself", tested(swarmLoad)),
    eks: planned(eksAll),
  },
  {
    what: "`make rollback`",
    local: tested(rollout("deploys the last good image by digest, after one that exceeds its memory limit")),
    docker: tested(dockerRollout("a rollback deploys the version before, and another one the one after it")),
    swarm: tested(swarm("a version that does not come up has a card; rollbacks go to the last good image, and then to the one before it")),
    eks: notTested,
  },
  {
    what: "An up that is killed, or an engine that goes away half-way: the next one carries on",
    local: saying("killed", tested(local("after an up is killed half-way, the next up completes it"))),
    docker: tested(
      docker("an up that was killed is carried on by the next, and down leaves nothing"),
      dockerRollout("an engine that goes away half-way is told of once, and the next up carries on"),
    ),
    swarm: notTested,
    eks: notTested,
  },
  {
    what: "Probes; what hangs is started anew",
    local: planned(webService("each probe has a path of its own, and its numbers can be set")),
    docker: tested(docker("a service that hangs is ended, says where it hung, and is started anew")),
    swarm: tested(swarm("a task that hangs is ended, and another takes its place")),
    eks: planned(eksAll),
  },
  {
    what: "Cut off but for `calls`",
    local: tested(service("a service is reachable only from services that list it in calls")),
    docker: tested(dockerUp),
    swarm: tested(swarmUp),
    eks: planned(eksIn),
  },
  {
    what: "Ways out to ranges of addresses",
    local: planned(webService("with a host the ingress controller gets in; callers, destinations and other peers are let through")),
    docker: saying(
      "all or nothing",
      planned(
        engines(
          "containers are in their service's network and in those of the services that it calls; one that may send anywhere has a way out",
        ),
        keyByKey,
      ),
    ),
    swarm: saying("all or nothing", notTested),
    eks: planned(eksAll),
  },
  {
    what: "Not root, read-only root, no capabilities",
    local: tested(local("the namespace rejects pods that violate the restricted profile")),
    docker: tested(docker("a container has no privileges, a read-only root, bounded resources and rotated logs")),
    swarm: saying("no_new_privileges is no setting of Swarm's", tested(swarmUp)),
    eks: planned(eks("has pods that are restricted, and ready once the load balancer sends requests to them")),
  },
  {
    what: "Limits of CPU and memory",
    local: planned(webService("memory is limited to what was asked for, CPU is not limited, and Go's collector knows of it")),
    docker: tested(docker("a container has no privileges, a read-only root, bounded resources and rotated logs")),
    swarm: tested(swarmUp),
    eks: planned(eksAll),
  },
  {
    what: "Files, and secrets as files",
    local: tested(service("a secret value is in the Secret and nowhere else")),
    docker: tested(
      docker("files are read-only and in a folder with what the image has there; secrets are in no inspection and no checkpoint"),
    ),
    swarm: saying(
      "they rotate",
      tested(swarm("a secret rotates: the service is updated, the old one is gone, and its content is only in the file")),
    ),
    eks: planned(webService("files come from a ConfigMap, a key each, and a change is a new version")),
  },
  {
    what: "Volumes that outlive updates, one for each replica of a stateful service",
    local: tested(service("every pod of a stateful service has a stable name and its own volume, and files are in a ConfigMap")),
    docker: tested(docker("what a service wrote into its volume survives an update and a restart, and each replica has its own")),
    swarm: saying("each node its own", tested(swarm("each task of a stateful service keeps its volume over an update"))),
    eks: planned(eks("services depend on the ingress class and its certificate, the StorageClass and the network policies")),
  },
  {
    what: "Volumes and networks that exist",
    local: none,
    docker: tested(docker("a network and a volume that exist are used as they are, and those that do not are told of")),
    swarm: saying("networks alone", notTested),
    eks: none,
  },
  {
    what: "macvlan and other drivers of networks and volumes",
    local: none,
    docker: planned(further),
    swarm: notTested,
    eks: none,
  },
  {
    what: "Services come and go without a failed request to others",
    local: notTested,
    docker: tested(dockerLoad),
    swarm: saying("proxies start anew, node by node", none),
    eks: notTested,
  },
  {
    what: "Autoscaling",
    local: planned(
      webService("with autoscaling the number of pods is left to it"),
      service("the example in docs/SERVICES.md has fewer than 30 lines and deploys unchanged"),
    ),
    docker: refused(keyByKey),
    swarm: refused(support("the table decides on every key of a service, and has none that there is not")),
    eks: planned(eksAll),
  },
  {
    what: "Several nodes",
    local: none,
    docker: none,
    swarm: tested(nodes("tasks spread over the nodes, every node answers for all of them, and a drained node's tasks go to the other")),
    eks: planned(eksAll),
  },
  {
    what: "Placement on nodes",
    local: planned(webService("where pods may run is handed on")),
    docker: refused(keyByKey),
    swarm: saying(
      "by label",
      tested(nodes("tasks spread over the nodes, every node answers for all of them, and a drained node's tasks go to the other")),
    ),
    eks: planned(webService("where pods may run is handed on")),
  },
  {
    what: "Routing mesh, encrypted overlay networks, spread by constraints",
    local: none,
    docker: none,
    swarm: planned(placement),
    eks: none,
  },
  { what: "An engine elsewhere, over SSH", local: none, docker: tested(overSsh), swarm: notTested, eks: none },
  {
    what: "From a Compose file",
    local: planned(on("unit/cli/compose-import")("is created, and the report lists what differs and what to do")),
    docker: tested(
      on("integration/compose")(
        "an imported Compose file is up on the engine as it is: names, replicas, files, memory, a volume that outlives an update",
      ),
    ),
    swarm: notTested,
    eks: notTested,
  },
  {
    what: "What is removed by hand comes back",
    local: tested(local("a deleted node container is recreated, with everything that ran in it")),
    docker: tested(docker("an unchanged up changes nothing, and what somebody removed by hand comes back")),
    swarm: tested(swarm("an unchanged up changes nothing, and what somebody scaled by hand goes back")),
    eks: notTested,
  },
  {
    what: "A port in use is told before anything is changed",
    local: tested(local("a port in use is rejected before anything changes, and the message names the key")),
    docker: tested(docker("a port in use, a volume of another stack, an engine that is away: one clear message, and nothing is changed")),
    swarm: tested(swarm("a port in use and a volume of another stack: one clear message, and nothing is changed")),
    eks: none,
  },
  {
    what: "`make down` leaves nothing",
    local: tested(local("down leaves no container, network or volume, not even an anonymous one")),
    docker: tested(docker("an up that was killed is carried on by the next, and down leaves nothing")),
    swarm: tested(swarm("down leaves nothing")),
    eks: notTested,
  },
];

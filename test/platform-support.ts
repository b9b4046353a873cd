/** How a platform supports a feature, and the tests that prove it: `<file below test/>: <name of the test>`. */
export interface Cell {
  says: string;
  by: string[];
}

/** A row of the table in docs/PLATFORMS.md. */
export interface Feature {
  what: string;
  local: Cell;
  docker: Cell;
  swarm: Cell;
  eks: Cell;
}

/** Integration tests prove it. */
const tested = (...by: string[]): Cell => ({ says: "tested", by });
/** Unit tests prove which resources are created; it has not run, or not in this way. */
const planned = (...by: string[]): Cell => ({ says: "planned", by });
/** It is an error, before anything changes. */
const rejected = (...by: string[]): Cell => ({ says: "rejected", by });
/** Does not apply to the platform. */
const none: Cell = { says: "–", by: [] };
const notTested: Cell = { says: "not tested", by: [] };
const withNote = (note: string, cell: Cell): Cell => ({ ...cell, says: `${cell.says}: ${note}` });

const on = (file: string) => (name: string) => `${file}.test.ts: ${name}`;
const docker = on("integration/docker");
const dockerRollout = on("integration/docker-rollout");
const dockerLock = on("integration/docker-lock");
const composeProject = (platform: "local" | "docker" | "swarm") =>
  on(`integration/compose-${platform}`)(
    `an imported Compose project with nginx, a Go service, PostgreSQL and a migration runs on ${platform}, and keeps its data`,
  );
const jobs = on("unit/platforms/jobs");
const lockFile = on("unit/config/lock-file");
const swarm = on("integration/swarm");
const nodes = on("integration/swarm-nodes");
const local = on("integration/local-stack");
const service = on("integration/web-service");
const load = on("integration/load");
const loadBalancer = on("integration/load-balancer");
const rollout = on("integration/rollout");
const dockerStacks = on("unit/platforms/docker-stacks");
const support = on("unit/config/support");
const eks = on("unit/platforms/eks-stacks");
const webService = on("unit/components/web-service");

const dockerUp = docker("the proxy routes to services, and services reach each other by name only with `calls`");
const swarmUp = swarm("the proxy routes to hardened services, and services reach each other by name only with `calls`");
const dockerLoad = docker("no request fails during an update, a change of settings, scaling, or a failed rollout");
const swarmLoad = swarm("no request fails during an update, scaling, or a failed rollout that Swarm rolls back");
const localLoad = load("no request fails, except those in flight on a killed pod: $name");
const eksAll = eks("consists of exactly these resources");
const eksIn = eks("allows only its load balancer to reach the service");
const keyByKey = support("an unsupported setting is rejected with the platforms that support it and a remedy");
const placement = dockerStacks("placement, encryption and the routing mesh follow the settings of swarm");
const further = dockerStacks("networks and volumes in the settings are created, and external ones are only referenced");
const overSsh = on("integration/docker-over-ssh")(
  "a Docker host over SSH: a failed connection is reported; up, an unchanged up and down share a few connections",
);

/** Features by platform. A test checks that every test named here exists. */
export const features: Feature[] = [
  {
    what: "Hosts and paths over HTTP, replicas",
    local: tested(local("the service answers through the Ingress")),
    docker: tested(dockerUp),
    swarm: tested(swarmUp),
    eks: planned(eksAll),
  },
  {
    what: "Ports published over TCP and UDP",
    local: tested(
      local("services reach each other by name, and clients published ports; images from a Dockerfile and by tag are deployed by digest"),
    ),
    docker: tested(docker("clients reach published ports over UDP and TCP, and `up` prints their addresses"), dockerLoad),
    swarm: tested(swarm("clients reach published ports over UDP and TCP"), swarmLoad),
    eks: planned(
      eks("published ports get a Network Load Balancer, and pods stop as late as behind the other one"),
      loadBalancer("anyone reaches the Ingress, and only the source ranges a published port"),
    ),
  },
  {
    what: "TLS",
    local: tested(service("HTTPS uses the certificate of the Secret, and HTTP redirects to HTTPS")),
    docker: tested(docker("HTTPS uses the certificate in the settings, whose key is not in the checkpoint, and HTTP redirects to HTTPS")),
    swarm: tested(swarm("HTTPS uses the certificate in the settings, whose key is only in a secret, and HTTP redirects to HTTPS")),
    eks: planned(
      eks("serves HTTPS with a certificate for its domain and a DNS record for the load balancer"),
      loadBalancer(
        "HTTP is redirected to HTTPS, which has the certificate of the stack and a current policy, and knows the service's host",
      ),
    ),
  },
  {
    what: "Update and scaling without a failed request",
    local: tested(localLoad),
    docker: tested(dockerLoad, dockerRollout("a rollout replaces maxSurge replicas at a time, and no request fails")),
    swarm: tested(swarmLoad),
    eks: planned(
      eks("has a namespace that enforces the restricted profile and injects pod readiness gates for the load balancer"),
      loadBalancer("pods have a readiness gate for each load balancer, which becomes true when their targets are healthy"),
    ),
  },
  {
    what: "A failed rollout: the previous version keeps serving",
    local: tested(localLoad),
    docker: tested(
      dockerLoad,
      dockerRollout("a failed rollout prints a card, and a rollback without --service deploys the last good image"),
    ),
    swarm: withNote("Swarm rolls back by itself", tested(swarmLoad)),
    eks: planned(eksAll),
  },
  {
    what: "Images by tag, deployed by the digest in the lock file",
    local: tested(
      local("services reach each other by name, and clients published ports; images from a Dockerfile and by tag are deployed by digest"),
    ),
    docker: tested(dockerLock("a tag is rejected in a pipeline; otherwise up locks it, and deploys the image by digest")),
    swarm: notTested,
    eks: notTested,
  },
  {
    what: "Images that only the Docker Engine has",
    local: rejected(lockFile("that only the Docker Engine has are rejected on %s")),
    docker: tested(
      dockerLock("an image that only the Docker Engine has runs by its ID, and a new build of it after an update of the lock file"),
    ),
    swarm: rejected(lockFile("that only the Docker Engine has are rejected on %s")),
    eks: rejected(lockFile("that only the Docker Engine has are rejected on %s")),
  },
  {
    what: "`slipway rollback`",
    local: tested(rollout("deploys the last good image by digest, after one that exceeds its memory limit")),
    docker: tested(dockerRollout("a rollback deploys the previous version, and a second rollback returns to the newer one")),
    swarm: tested(swarm("a failed rollout prints a card, and rollbacks deploy the last good image, then the one before it")),
    eks: notTested,
  },
  {
    what: "`slipway dev`: a program is replaced in place",
    local: tested(on("integration/dev")("a change replaces the program in the same pod, and no request fails")),
    docker: tested(
      on("integration/dev-docker")(
        "a program with a published port is replaced in its container; no request fails, and connections to the port wait",
      ),
    ),
    swarm: rejected(on("unit/config/development")("platform %s is rejected")),
    eks: rejected(on("unit/config/development")("platform %s is rejected")),
  },
  {
    what: "An up that is killed or loses Docker: the next up completes it",
    local: withNote("killed", tested(local("after an up is killed half-way, the next up completes it"))),
    docker: tested(
      docker("after an up is killed, the next up completes it, and down deletes everything"),
      dockerRollout("a Docker daemon that disappears during an up is reported once, and the next up completes it"),
    ),
    swarm: notTested,
    eks: notTested,
  },
  {
    what: "Probes; a service that hangs is restarted",
    local: planned(webService("path, port and timing of a probe can be set, and other probes keep their defaults")),
    docker: tested(docker("a service that hangs logs where it hangs and restarts")),
    swarm: tested(swarm("a task that hangs is replaced")),
    eks: planned(eksAll),
  },
  {
    what: "Network isolation, except for `calls`",
    local: tested(service("a service, here on port 80, is reachable only from services that list it in calls")),
    docker: tested(dockerUp),
    swarm: tested(swarmUp),
    eks: planned(
      eksIn,
      loadBalancer("the network policy lets the load balancers reach the ports to which they send requests and health checks"),
    ),
  },
  {
    what: "Egress to address ranges",
    local: planned(
      webService("the network policy allows the ingress controller of a host, and the configured callers, peers, destinations and DNS"),
    ),
    docker: withNote(
      "all or nothing",
      planned(
        dockerStacks(
          "a container is in the networks of its service and of the services it calls, and in the one with egress if its service may use it",
        ),
        keyByKey,
      ),
    ),
    swarm: withNote("all or nothing", notTested),
    eks: planned(eksAll),
  },
  {
    what: "Non-root user, read-only root file system, no capabilities",
    local: tested(local("the namespace rejects pods that violate the restricted profile")),
    docker: tested(docker("a container has no privileges, a read-only root, limited resources and rotated logs")),
    swarm: withNote("Swarm has no setting for no_new_privileges", tested(swarmUp)),
    eks: planned(eks("has a namespace that enforces the restricted profile and injects pod readiness gates for the load balancer")),
  },
  {
    what: "CPU and memory limits",
    local: planned(webService("memory is limited to its request, CPU is not limited, and GOMEMLIMIT is 90 percent of the memory limit")),
    docker: tested(docker("a container has no privileges, a read-only root, limited resources and rotated logs")),
    swarm: tested(swarmUp),
    eks: planned(eksAll),
  },
  {
    what: "Files, and secrets as files",
    local: tested(service("a secret value is in the Secret and nowhere else")),
    docker: tested(
      docker("files are mounted read-only next to the image's files, and secrets are neither in docker inspect nor in the checkpoint"),
    ),
    swarm: withNote(
      "changed files are new secrets",
      tested(swarm("a changed secret updates the service, the previous secret is deleted, and its content is only in the file")),
    ),
    eks: planned(webService("each file is a key of the ConfigMap, and a change to a file changes the pod template")),
  },
  {
    what: "Persistent volumes, one for each replica of a stateful service",
    local: tested(service("every pod of a stateful service has a stable name and its own volume, and files are in a ConfigMap")),
    docker: tested(docker("a volume keeps its files after an update and a restart, and each replica has its own volume")),
    swarm: withNote("each node has its own", tested(swarm("each task of a stateful service keeps its volume during an update"))),
    eks: planned(eks("services depend on the ingress class and its certificate, the StorageClass and the network policies")),
  },
  {
    what: "Existing volumes and networks",
    local: none,
    docker: tested(docker("external networks and volumes are used unchanged, and missing ones are reported")),
    swarm: withNote("networks only", notTested),
    eks: none,
  },
  {
    what: "macvlan and other network and volume drivers",
    local: none,
    docker: planned(further),
    swarm: notTested,
    eks: none,
  },
  {
    what: "Adding and removing services without a failed request to others",
    local: notTested,
    docker: tested(dockerLoad),
    swarm: withNote("proxies restart, node by node", none),
    eks: notTested,
  },
  {
    what: "Autoscaling",
    local: planned(
      webService("with autoscaling, the HorizontalPodAutoscaler sets the number of replicas"),
      service("the example in docs/SERVICES.md has fewer than 30 lines and deploys unchanged"),
    ),
    docker: rejected(keyByKey),
    swarm: rejected(support("an unsupported setting is rejected with the platforms that support it and a remedy")),
    eks: planned(eksAll),
  },
  {
    what: "Several nodes",
    local: none,
    docker: none,
    swarm: tested(nodes("tasks spread over the nodes, every node routes to all of them, and draining a node moves its tasks")),
    eks: planned(eksAll),
  },
  {
    what: "Placement on nodes",
    local: planned(webService("pods have the configured priority class, node selector and tolerations")),
    docker: rejected(keyByKey),
    swarm: withNote(
      "by label",
      tested(nodes("tasks spread over the nodes, every node routes to all of them, and draining a node moves its tasks")),
    ),
    eks: planned(webService("pods have the configured priority class, node selector and tolerations")),
  },
  {
    what: "Routing mesh, encrypted overlay networks, spread by constraints",
    local: none,
    docker: none,
    swarm: planned(placement),
    eks: none,
  },
  { what: "A remote Docker host, over SSH", local: none, docker: tested(overSsh), swarm: notTested, eks: none },
  {
    what: "Jobs that run before services, and a failed one keeps the previous version",
    local: tested(composeProject("local")),
    docker: tested(composeProject("docker")),
    swarm: tested(composeProject("swarm")),
    eks: notTested,
  },
  {
    what: "Jobs with a schedule",
    local: planned(jobs("a job with a schedule is a CronJob with all its settings")),
    docker: rejected(on("unit/config/jobs")("a schedule is rejected on %s, which has no scheduler")),
    swarm: rejected(on("unit/config/jobs")("a schedule is rejected on %s, which has no scheduler")),
    eks: notTested,
  },
  {
    what: "Security level baseline: root, capabilities, a writable root file system",
    local: tested(composeProject("local")),
    docker: tested(composeProject("docker")),
    swarm: tested(composeProject("swarm")),
    eks: notTested,
  },
  {
    what: "Import from a Compose file",
    local: tested(composeProject("local")),
    docker: tested(composeProject("docker")),
    swarm: tested(composeProject("swarm")),
    eks: notTested,
  },
  {
    what: "Manually removed objects are created again",
    local: tested(local("a deleted node container is recreated, with everything that ran in it")),
    docker: tested(docker("an unchanged up changes nothing, and a container that was removed by hand is created again")),
    swarm: tested(swarm("an unchanged up changes nothing, and a service that was scaled by hand is scaled back")),
    eks: notTested,
  },
  {
    what: "A port in use is reported before anything changes",
    local: tested(local("a port in use is rejected before anything changes, and the message names the key")),
    docker: tested(docker("a port in use, a volume of another stack and an unreachable daemon are reported before anything changes")),
    swarm: tested(swarm("a port in use and a volume of another stack are reported before anything changes")),
    eks: none,
  },
  {
    what: "`slipway down` deletes everything",
    local: tested(local("down leaves no container, network or volume, not even an anonymous one")),
    docker: tested(docker("after an up is killed, the next up completes it, and down deletes everything")),
    swarm: tested(swarm("down deletes everything")),
    eks: notTested,
  },
];

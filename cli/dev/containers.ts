import { Duplex } from "node:stream";
import type Docker from "dockerode";
import { helperProgram } from "../../components/development.ts";
import { serviceLabel, stackLabel } from "../../lib/docker-labels.ts";
import type { Place } from "../workloads/place.ts";

/** A container whose program can be replaced. */
export interface DevelopedContainer {
  service: string;
  /** Name of the pod or container. */
  name: string;
  /** Connects to a port of its loopback address. */
  open: (port: number) => Promise<Duplex>;
}

/** The newest running container of a service. Undefined while there is none. */
export async function containerOf(place: Place, service: string): Promise<DevelopedContainer | undefined> {
  return (await developedContainers(place, service))[0];
}

/**
 * The running containers that have a helper, the newest first.
 *
 * @param service only those of this one. @default - all
 */
export async function developedContainers(place: Place, service?: string): Promise<DevelopedContainer[]> {
  return place.kind === "kubernetes" ? inPods(place, service) : onDocker(place.docker, place.label, service);
}

const nameLabel = "app.kubernetes.io/name";

async function inPods(
  { cluster, namespace, labels }: Place & { kind: "kubernetes" },
  service: string | undefined,
): Promise<DevelopedContainer[]> {
  const pods = await cluster.select("v1", "Pod", namespace, service === undefined ? labels : `${labels},${nameLabel}=${service}`);
  return pods
    .filter(({ metadata, status }) => metadata?.deletionTimestamp === undefined && status?.phase === "Running")
    .filter(({ spec }) => spec.containers[0].command?.[0] === helperProgram)
    .sort((a, b) => String(b.metadata?.creationTimestamp).localeCompare(String(a.metadata?.creationTimestamp)))
    .map((pod) => ({
      service: String(pod.metadata?.labels?.[nameLabel]),
      name: String(pod.metadata?.name),
      open: (port) => cluster.forward(pod, port),
    }));
}

async function onDocker(docker: Docker, stack: string, service: string | undefined): Promise<DevelopedContainer[]> {
  const label = [`${stackLabel}=${stack}`, service === undefined ? serviceLabel : `${serviceLabel}=${service}`];
  const found = await docker.listContainers({ filters: { label } });
  return found
    .filter(({ Command }) => Command.startsWith(helperProgram))
    .sort((a, b) => b.Created - a.Created)
    .map(({ Id, Names, Labels }) => ({
      service: String(Labels[serviceLabel]),
      name: String(Names[0]).slice(1),
      open: (port) => connectIn(docker, Id, port),
    }));
}

/**
 * Connects to a port of the loopback address of a container that has the helper: through a program in the container, since a port would have to be published, and the Docker host may be another machine.
 */
export async function connectIn(docker: Docker, id: string, port: number): Promise<Duplex> {
  const exec = await docker.getContainer(id).exec({
    Cmd: [helperProgram, "connect", String(port)],
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
  });
  const stream = await exec.start({ hijack: true, stdin: true });
  const connection = new Duplex({
    read() {},
    write: (chunk: Buffer, _encoding, done) => void stream.write(chunk, () => done()),
    destroy(error, done) {
      stream.destroy();
      done(error);
    },
  });
  let errors = "";
  const push = { write: (chunk: Buffer) => connection.push(chunk) };
  const keep = { write: (chunk: Buffer) => (errors += String(chunk)) };
  docker.modem.demuxStream(stream, push as never, keep as never);
  const end = () => {
    if (connection.destroyed) return;
    if (errors !== "") connection.destroy(new Error(errors.trim()));
    else {
      connection.push(null);
      connection.destroy();
    }
  };
  stream
    .on("end", end)
    .on("close", end)
    .on("error", (error: Error) => connection.destroy(error));
  return connection;
}

import { Duplex } from "node:stream";
import type Docker from "dockerode";
import { helperProgram } from "../../components/development.ts";
import { serviceLabel, stackLabel } from "../../lib/docker-labels.ts";
import type { Place } from "../workloads/place.ts";

/** A container whose program can be replaced. */
export interface DevelopedContainer {
  /** Name of the pod or container. */
  name: string;
  /** Connects to a port of its loopback address. */
  open: (port: number) => Promise<Duplex>;
}

/** The newest running container of a service. Undefined while there is none. */
export async function containerOf(place: Place, service: string): Promise<DevelopedContainer | undefined> {
  return place.kind === "kubernetes" ? podOf(place, service) : onDocker(place.docker, place.label, service);
}

async function podOf({ cluster, namespace, labels }: Place & { kind: "kubernetes" }, service: string) {
  const pods = await cluster.select("v1", "Pod", namespace, `${labels},app.kubernetes.io/name=${service}`);
  const [newest] = pods
    .filter(({ metadata, status }) => metadata?.deletionTimestamp === undefined && status?.phase === "Running")
    .filter(({ spec }) => spec.containers[0].command?.[0] === helperProgram)
    .sort((a, b) => String(b.metadata?.creationTimestamp).localeCompare(String(a.metadata?.creationTimestamp)));
  if (newest === undefined) return undefined;
  return { name: newest.metadata!.name!, open: (port: number) => cluster.forward(newest, port) };
}

async function onDocker(docker: Docker, stack: string, service: string) {
  const found = await docker.listContainers({ filters: { label: [`${stackLabel}=${stack}`, `${serviceLabel}=${service}`] } });
  const [newest] = found.filter(({ Command }) => Command.startsWith(helperProgram)).sort((a, b) => b.Created - a.Created);
  if (newest === undefined) return undefined;
  return { name: String(newest.Names[0]).slice(1), open: (port: number) => connectIn(docker, newest.Id, port) };
}

/** Through a program in the container, since a port would have to be published, and the Docker host may be another machine. */
async function connectIn(docker: Docker, id: string, port: number): Promise<Duplex> {
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

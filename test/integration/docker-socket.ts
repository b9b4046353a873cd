import { rmSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A socket that forwards to the Docker daemon until it is cut, as if the machine or the connection failed. */
export class DockerSocket {
  private readonly file = join(tmpdir(), `slipway-docker-${process.pid}.sock`);
  private readonly connections = new Set<Socket>();
  private readonly server = createServer((near) => {
    const far = connect(process.env["DOCKER_HOST"]?.replace(/^unix:\/\//, "") ?? "/var/run/docker.sock");
    for (const socket of [near, far]) {
      this.connections.add(socket);
      socket.on("error", () => {}).on("close", () => [near, far].forEach((other) => other.destroy()));
    }
    near.pipe(far).pipe(near);
  });

  /** The value for `DOCKER_HOST`. */
  get host(): string {
    return `unix://${this.file}`;
  }

  async open(): Promise<this> {
    rmSync(this.file, { force: true });
    await new Promise<void>((listening) => this.server.listen(this.file, listening));
    return this;
  }

  /** Closes all connections and accepts no more. */
  cut(): void {
    this.server.close();
    for (const connection of this.connections) connection.destroy();
  }
}

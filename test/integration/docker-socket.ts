import { rmSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A socket that leads to the engine, until it is cut: as where a machine or the way there fails. */
export class EngineSocket {
  private readonly file = join(tmpdir(), `slipway-engine-${process.pid}.sock`);
  private readonly connections = new Set<Socket>();
  private readonly server = createServer((near) => {
    const far = connect(process.env["DOCKER_HOST"]?.replace(/^unix:\/\//, "") ?? "/var/run/docker.sock");
    for (const socket of [near, far]) {
      this.connections.add(socket);
      socket.on("error", () => {}).on("close", () => [near, far].forEach((other) => other.destroy()));
    }
    near.pipe(far).pipe(near);
  });

  /** What `DOCKER_HOST` takes. */
  get host(): string {
    return `unix://${this.file}`;
  }

  async open(): Promise<this> {
    rmSync(this.file, { force: true });
    await new Promise<void>((listening) => this.server.listen(this.file, listening));
    return this;
  }

  /** From now on nobody gets through. */
  cut(): void {
    this.server.close();
    for (const connection of this.connections) connection.destroy();
  }
}

import { Agent, type ClientRequestArgs } from "node:http";
import type { Duplex } from "node:stream";

/** An HTTP agent whose connections are streams of any kind, such as one through the API of a cluster. They are kept for further requests. */
export class StreamAgent extends Agent {
  private readonly open: () => Promise<Duplex>;

  constructor(open: () => Promise<Duplex>) {
    super({ keepAlive: true });
    this.open = open;
  }

  override createConnection(_options: ClientRequestArgs, callback: (error: Error | null, stream: Duplex) => void): undefined {
    this.open().then(
      (stream) => callback(null, stream),
      (error: Error) => callback(error, undefined as never),
    );
  }

  /** There is nothing to set on a stream that is no socket. */
  override keepSocketAlive(): boolean {
    return true;
  }

  override reuseSocket(): void {}
}

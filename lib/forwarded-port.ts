import { Duplex } from "node:stream";
import type { KubeConfig } from "@kubernetes/client-node/dist/config.js";
import { WebSocketHandler } from "@kubernetes/client-node/dist/web-socket-handler.js";

/** Channels of a forwarded port, each of which begins with the port's number in two bytes. */
const Channel = { Data: 0, Error: 1 } as const;

const portBytes = 2;

/**
 * A connection to a port of a pod's loopback address, through the API of the cluster:
 * https://kubernetes.io/docs/tasks/access-application-cluster/port-forward-access-application-cluster/.
 *
 * @throws Error if the API rejects it, or the pod does not exist.
 */
export async function forwardedPort(config: KubeConfig, namespace: string, pod: string, port: number): Promise<Duplex> {
  const link: { socket?: NodeSocket } = {};
  const connection = new Duplex({
    read() {},
    write: (chunk: Buffer, _encoding, done) => link.socket!.send(Buffer.concat([Buffer.of(Channel.Data), chunk]), done),
    destroy(error, done) {
      link.socket?.close();
      done(error);
    },
  });
  const begun = new Set<number>();
  const receive = (channel: number, message: Buffer): boolean => {
    const content = begun.has(channel) ? message : message.subarray(portBytes);
    begun.add(channel);
    if (content.length === 0) return true;
    if (channel === Channel.Error) connection.destroy(new Error(content.toString().trim()));
    else connection.push(content);
    return true;
  };
  const path = `/api/v1/namespaces/${namespace}/pods/${pod}/portforward?ports=${port}`;
  const opened = await new WebSocketHandler(config).connect(path, null, receive).catch((event: Error) => {
    throw new Error(`the API does not forward port ${port} of pod ${pod}: ${event.message}`);
  });
  opened.onclose = () => {
    connection.push(null);
    connection.destroy();
  };
  link.socket = opened as unknown as NodeSocket;
  return connection;
}

/** In Node.js, a WebSocket also says when a message is sent. */
interface NodeSocket {
  send(message: Uint8Array, done: (error?: Error | null) => void): void;
  close(): void;
}

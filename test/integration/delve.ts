import { once } from "node:events";
import { connect } from "node:net";

/** A connection to a debugger, as an editor has one: JSON-RPC 1.0, https://github.com/go-delve/delve/blob/master/Documentation/api/json-rpc/README.md. */
export interface Delve {
  call(method: string, parameters: object): Promise<any>; // oxlint-disable-line typescript/no-explicit-any -- depends on the method
  [Symbol.dispose](): void;
}

export async function connectToDelve(port: number): Promise<Delve> {
  const socket = connect(port, "127.0.0.1");
  await once(socket, "connect");
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  let received = "";
  socket.on("data", (chunk) => {
    received += String(chunk);
    const lines = received.split("\n");
    received = lines.pop()!;
    for (const line of lines) {
      const { id, result, error } = JSON.parse(line) as { id: number; result: unknown; error: string | null };
      if (error === null) waiting.get(id)?.resolve(result);
      else waiting.get(id)?.reject(new Error(error));
    }
  });
  let last = 0;
  return {
    call(method, parameters) {
      const answer = Promise.withResolvers<unknown>();
      waiting.set(++last, answer);
      socket.write(JSON.stringify({ method: `RPCServer.${method}`, params: [parameters], id: last }));
      return answer.promise;
    },
    [Symbol.dispose]: () => void socket.destroy(),
  };
}

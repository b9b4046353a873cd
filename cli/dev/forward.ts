import { createServer } from "node:net";
import type { Duplex } from "node:stream";
import { loopback } from "../../components/ports.ts";
import { UserError } from "../../lib/user-error.ts";

/**
 * Connects a port of this machine's loopback address to what `open` opens, until the signal is aborted.
 *
 * @throws UserError if the port cannot be used.
 */
export async function forwardPort(port: number, open: () => Promise<Duplex>, signal: AbortSignal): Promise<void> {
  const server = createServer((socket) => {
    const close = () => void socket.destroy();
    const forward = async () => {
      const connection = await open();
      socket.pipe(connection).pipe(socket);
      connection.on("error", close).on("close", close);
      socket.on("error", () => connection.destroy()).on("close", () => connection.destroy());
    };
    forward().catch(close);
  });
  signal.addEventListener("abort", () => server.close(), { once: true });
  const listening = Promise.withResolvers<void>();
  server.once("error", ({ code }: NodeJS.ErrnoException) => {
    const remedy = "End the program that uses it, or set another --debug-port";
    listening.reject(new UserError(`--debug: port ${port} of ${loopback} cannot be used (${code}). ${remedy}.`));
  });
  server.listen(port, loopback, listening.resolve);
  await listening.promise;
}

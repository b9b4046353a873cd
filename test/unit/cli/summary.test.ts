import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { stripVTControlCharacters } from "node:util";
import { answersOf, formatServices } from "../../../cli/summary.ts";

const image = "registry.example/dns@sha256:0";
const servers: Server[] = [];
afterEach(() => servers.splice(0).forEach((server) => server.close()));

/** The address of a TCP server on this machine. */
async function serve(accept: (socket: Socket) => void): Promise<string> {
  const server = createServer(accept);
  servers.push(server);
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  return `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test("a published TCP port accepts connections, and one for UDP is not checked", async () => {
  const [silent, speaking] = [await serve(() => {}), await serve((socket) => socket.end("hello"))];
  const addresses = { dns: { silent, speaking, packets: "udp://127.0.0.1:53" } };
  expect(await answersOf({ images: { dns: image, worker: image }, addresses })).toEqual({
    dns: {
      image,
      addresses: {
        silent: { address: silent, accepts: true },
        speaking: { address: speaking, accepts: true },
        packets: { address: "udp://127.0.0.1:53" },
      },
    },
    worker: { image },
  });
});

test("a connection that a proxy closes at once was not accepted, until one is", async () => {
  let isUp = false;
  const proxied = await serve((socket) => isUp || socket.destroy());
  setTimeout(() => (isUp = true), 500);
  const started = performance.now();
  const { dns } = await answersOf({ images: { dns: image }, addresses: { dns: { lines: proxied } } });
  expect(dns!.addresses).toEqual({ lines: { address: proxied, accepts: true } });
  expect(performance.now() - started).toBeGreaterThan(500);
});

test("each address is a line below the service, the image is the last", () => {
  const addresses = {
    lines: { address: "tcp://127.0.0.1:53", accepts: true },
    none: { address: "tcp://127.0.0.1:54", accepts: "it is closed at once" },
    packets: { address: "udp://127.0.0.1:53" },
  } as const;
  const text = formatServices({
    dns: { image, url: "http://dns.localhost/", answer: 200, addresses },
    worker: { image },
    other: { image, addresses: { packets: addresses.packets } },
  });
  expect(stripVTControlCharacters(text)).toBe(`  dns  http://dns.localhost/  answers HTTP 200
       tcp://127.0.0.1:53  lines  accepts connections
       tcp://127.0.0.1:54  none  accepts no connection (it is closed at once)
       udp://127.0.0.1:53  packets
       ${image}
  worker  ${image}
  other  udp://127.0.0.1:53  packets
         ${image}
`);
});

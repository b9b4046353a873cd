import { createSocket } from "node:dgram";
import { connect } from "node:net";
import { setTimeout } from "node:timers/promises";

/** What probe-app answers on UDP and TCP, on port 7000. */
export const echoPort = 7000;

/** As long as the clients that send HTTP requests wait. A busy machine delays answers by seconds. */
const timeoutMs = 10_000;

/** UDP packets get lost, for example if their replica is just stopping. Clients ask again after this time. */
const udpTimeoutMs = 2000;

/** The answer to a UDP packet. */
export function echoOverUdp(port: number, text: string): Promise<string> {
  return new Promise((done, failed) => {
    const socket = createSocket("udp4");
    const timer = globalThis.setTimeout(() => end(() => failed(new Error("no UDP answer within 2 s"))), udpTimeoutMs);
    const end = (then: () => void) => {
      clearTimeout(timer);
      socket.close();
      then();
    };
    socket.once("message", (answer) => end(() => done(answer.toString())));
    socket.once("error", (error) => end(() => failed(error)));
    socket.send(text, port, "127.0.0.1");
  });
}

/** The answer to a line on a new TCP connection. */
export function echoOverTcp(port: number, text: string): Promise<string> {
  return new Promise((done, failed) => {
    let answer = "";
    const socket = connect({ host: "127.0.0.1", port, timeout: timeoutMs }, () => socket.end(text));
    socket.on("data", (data) => (answer += data.toString()));
    socket.on("close", () => done(answer));
    socket.on("timeout", () => socket.destroy(new Error("no TCP answer within 10 s")));
    socket.on("error", failed);
  });
}

/** Sends about twenty packets and opens about twenty connections a second while `work` runs. Returns the failures. */
export async function whileEchoing(
  udpPort: number,
  tcpPort: number,
  work: () => Promise<void>,
): Promise<{ count: number; failures: string[] }> {
  let [count, isDone] = [0, false];
  const failures: string[] = [];
  const client = async (echo: typeof echoOverTcp, port: number) => {
    while (!isDone) {
      const text = `echo ${++count}`;
      const attempts = echo === echoOverUdp ? timeoutMs / udpTimeoutMs : 1;
      let answer = "";
      // Each attempt is from another port.
      for (let i = 0; i < attempts && answer !== text; i++) answer = await echo(port, text).catch((error: Error) => error.message);
      if (answer !== text) failures.push(`${echo.name}: ${answer}`);
      await setTimeout(50);
    }
  };
  const clients = [client(echoOverUdp, udpPort), client(echoOverTcp, tcpPort)];
  await work().finally(() => (isDone = true));
  await Promise.all(clients);
  return { count, failures };
}

import { createSocket } from "node:dgram";
import { connect } from "node:net";
import { setTimeout } from "node:timers/promises";

/** What probe-app answers on UDP and TCP, on port 7000. */
export const echoPort = 7000;

const timeoutMs = 2000;

/** The answer to a UDP packet. */
export function echoOverUdp(port: number, text: string): Promise<string> {
  return new Promise((done, failed) => {
    const socket = createSocket("udp4");
    const timer = globalThis.setTimeout(() => end(() => failed(new Error("no UDP answer within 2 s"))), timeoutMs);
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
    socket.on("timeout", () => socket.destroy(new Error("no TCP answer within 2 s")));
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
      // Nobody promises that a packet arrives, for example if its replica is just stopping. Clients of UDP ask again, from another port.
      const ask = () => echo(port, text).catch((error: Error) => error.message);
      const first = await ask();
      const answer = first !== text && echo === echoOverUdp ? await ask() : first;
      if (answer !== text) failures.push(`${echo.name}: ${answer}`);
      await setTimeout(50);
    }
  };
  const clients = [client(echoOverUdp, udpPort), client(echoOverTcp, tcpPort)];
  await work().finally(() => (isDone = true));
  await Promise.all(clients);
  return { count, failures };
}

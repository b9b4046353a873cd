import http from "node:http";
import https from "node:https";
import net from "node:net";
import { styleText } from "node:util";
import { poll } from "../lib/poll.ts";

/** Seconds within which a URL must answer, once everything behind it is up. */
const timeoutSeconds = 15;

/** A service of the stack after `up`. */
export interface ServiceSummary {
  image: string;
  url?: string;
  /** HTTP status of the URL, or why there is none. */
  answer?: number | string;
  /** Published ports by name. */
  addresses?: Record<string, AddressSummary>;
}

/** A published port. */
export interface AddressSummary {
  /** Such as `tcp://127.0.0.1:5432`. */
  address: string;
  /** Whether it accepts a connection, or why not. Absent for UDP, which has no connections. */
  accepts?: true | string;
}

interface Outputs {
  urls?: Record<string, string>;
  images?: Record<string, string>;
  addresses?: Record<string, Record<string, string>>;
}

/**
 * Requests the URL of every service until it answers as it should, and connects to its published ports.
 *
 * @param seconds within which they must answer. 0 for one attempt. @default 15
 */
export async function answersOf(outputs: Outputs, seconds = timeoutSeconds): Promise<Record<string, ServiceSummary>> {
  const { urls = {}, images = {}, addresses = {} } = outputs;
  const services = Object.entries(images).map(async ([name, image]): Promise<[string, ServiceSummary]> => {
    const url = urls[name];
    const published = addresses[name] && acceptancesOf(addresses[name], seconds);
    return [
      name,
      {
        image,
        ...(url !== undefined && { url, answer: await answerOf(url, seconds) }),
        ...(published && { addresses: await published }),
      },
    ];
  });
  return Object.fromEntries(await Promise.all(services));
}

async function acceptancesOf(addresses: Record<string, string>, seconds: number): Promise<Record<string, AddressSummary>> {
  const summaries = Object.entries(addresses).map(async ([name, address]): Promise<[string, AddressSummary]> => [
    name,
    address.startsWith("tcp:") ? { address, accepts: await acceptanceOf(address, seconds) } : { address },
  ]);
  return Object.fromEntries(await Promise.all(summaries));
}

export function formatServices(services: Record<string, ServiceSummary>): string {
  const lines = Object.entries(services).flatMap(([name, { image, url, answer, addresses = {} }]) => {
    const said = typeof answer === "number" ? `answers HTTP ${answer}` : `does not answer (${answer})`;
    const published = Object.entries(addresses).map(([port, { address, accepts }]) => `${address}  ${port}${formatAcceptance(accepts)}`);
    const [first, ...others] = [...(url === undefined ? [] : [`${url}  ${said}`]), ...published, image];
    return [`  ${styleText("bold", name)}  ${first}`, ...others.map((line) => `  ${" ".repeat(name.length)}  ${line}`)];
  });
  return lines.map((line) => `${line}\n`).join("");
}

function formatAcceptance(accepts: AddressSummary["accepts"]): string {
  if (accepts === undefined) return "";
  return accepts === true ? "  accepts connections" : `  accepts no connection (${accepts})`;
}

/** A proxy that has no route yet answers 404 or 5xx: that answer counts only after the timeout. */
async function answerOf(url: string, seconds: number): Promise<number | string> {
  let answer: number | string = "no request was made";
  const settled = async () => {
    answer = await statusOf(url);
    return typeof answer === "number" && ![404, 502, 503, 504].includes(answer) ? answer : undefined;
  };
  return poll(settled, { timeoutSeconds: seconds }).catch(() => answer);
}

function statusOf(url: string): Promise<number | string> {
  const { hostname, port, pathname, host, protocol } = new URL(url);
  // Not every resolver knows that *.localhost is this machine.
  const address = hostname.endsWith(".localhost") ? "127.0.0.1" : hostname;
  return new Promise((done) => {
    const { request } = protocol === "https:" ? https : http;
    // The question is whether the service answers, not whether this machine trusts its certificate.
    const tls = { servername: hostname, rejectUnauthorized: false };
    const asked = request({ host: address, port, path: pathname, headers: { host }, timeout: 2000, ...tls }, (response) => {
      response.resume();
      done(response.statusCode ?? 0);
    });
    asked.on("timeout", () => asked.destroy(new Error("no answer within 2 s")));
    asked.on("error", (error) => done(error.message));
    asked.end();
  });
}

/** A load balancer with a new name, or a proxy without servers, does not accept connections yet: that counts only after the timeout. */
async function acceptanceOf(address: string, seconds: number): Promise<true | string> {
  let last: true | string = "no attempt was made";
  const accepted = async () => {
    last = await connects(address);
    return last === true ? last : undefined;
  };
  return poll(accepted, { timeoutSeconds: seconds }).catch(() => last);
}

/** Milliseconds that an accepted connection must stay open. A proxy accepts it first, and closes it if no server does. */
const openMs = 300;

function connects(address: string): Promise<true | string> {
  const { hostname, port } = new URL(address);
  return new Promise((done) => {
    const socket = net.connect({ host: hostname, port: Number(port), timeout: 2000 });
    const end = (result: true | string) => {
      done(result);
      socket.destroy();
    };
    socket.on("connect", () => setTimeout(end, openMs, true));
    socket.on("data", () => end(true));
    socket.on("end", () => end("it is closed at once"));
    socket.on("timeout", () => end("no answer within 2 s"));
    socket.on("error", (error) => end(error.message));
  });
}

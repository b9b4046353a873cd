import http from "node:http";
import https from "node:https";
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
}

/** Requests the URL of every service until it answers as it should. */
export async function answersOf(outputs: Record<string, unknown>): Promise<Record<string, ServiceSummary>> {
  const { urls = {}, images = {} } = outputs as { urls?: Record<string, string>; images?: Record<string, string> };
  const services = Object.entries(images).map(async ([name, image]) => {
    const url = urls[name];
    return [name, url === undefined ? { image } : { image, url, answer: await answerOf(url) }] as const;
  });
  return Object.fromEntries(await Promise.all(services));
}

export function formatServices(services: Record<string, ServiceSummary>): string {
  const lines = Object.entries(services).flatMap(([name, { image, url, answer }]) => {
    const title = styleText("bold", name);
    if (url === undefined) return [`  ${title}  ${image}`];
    const said = typeof answer === "number" ? `answers HTTP ${answer}` : `does not answer (${answer})`;
    return [`  ${title}  ${url}  ${said}`, `  ${" ".repeat(name.length)}  ${image}`];
  });
  return lines.map((line) => `${line}\n`).join("");
}

/** A proxy that has no route yet answers 404 or 5xx: that answer counts only after the timeout. */
async function answerOf(url: string): Promise<number | string> {
  let answer: number | string = "no request was made";
  const settled = async () => {
    answer = await statusOf(url);
    return typeof answer === "number" && ![404, 502, 503, 504].includes(answer) ? answer : undefined;
  };
  return poll(settled, { timeoutSeconds }).catch(() => answer);
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

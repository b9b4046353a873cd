import http from "node:http";
import https from "node:https";
import { styleText } from "node:util";

/** Seconds that a URL may take to answer as it should, once everything behind it is up. */
const patienceSeconds = 15;

/** Says where the services answer, which images run and how long it took, once they do answer. */
export async function summarize(outputs: Record<string, unknown>, began: number): Promise<void> {
  const { urls = {}, images = {} } = outputs as { urls?: Record<string, string>; images?: Record<string, string> };
  const answers = new Map(await Promise.all(Object.entries(urls).map(async ([name, url]) => [name, await answerOf(url)] as const)));
  process.stdout.write("\n");
  for (const [name, image] of Object.entries(images)) {
    if (urls[name]) process.stdout.write(`  ${styleText("bold", name)}  ${urls[name]}  ${answers.get(name)}\n`);
    process.stdout.write(`  ${urls[name] ? " ".repeat(name.length) : styleText("bold", name)}  ${image}\n`);
  }
  process.stdout.write(`\nup after ${((performance.now() - began) / 1000).toFixed(1)} s\n`);
}

/** What a URL answers, in words; a proxy that does not route there yet is asked again. */
async function answerOf(url: string): Promise<string> {
  const until = Date.now() + patienceSeconds * 1000;
  for (;;) {
    const answer = await status(url);
    const settled = typeof answer === "number" && ![404, 502, 503, 504].includes(answer);
    if (settled) return `answers HTTP ${answer}`;
    if (Date.now() > until) return typeof answer === "number" ? `answers HTTP ${answer}` : `does not answer (${answer})`;
    await new Promise((wake) => setTimeout(wake, 100));
  }
}

function status(url: string): Promise<number | string> {
  const { hostname, port, pathname, host, protocol } = new URL(url);
  // Not every resolver knows that *.localhost is this machine.
  const address = hostname.endsWith(".localhost") ? "127.0.0.1" : hostname;
  return new Promise((done) => {
    const { request } = protocol === "https:" ? https : http;
    // Whether it answers is asked, not whether its certificate is one that this machine trusts.
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

import { styleText } from "node:util";
import { shortDigest } from "../../lib/image-reference.ts";
import { age, table } from "../table.ts";
import { Health } from "./status.ts";
import type { StackStatus } from "./read.ts";

const colours = {
  [Health.Healthy]: "green",
  [Health.Succeeded]: "green",
  [Health.Updating]: "yellow",
  [Health.Running]: "yellow",
  [Health.Failing]: "red",
  [Health.Stopped]: "dim",
  [Health.Scheduled]: "dim",
} as const;

/** The status as `slipway status` prints it. */
export function formatStatus({ stack, workloads, events }: StackStatus): string {
  const paint = (colour: Parameters<typeof styleText>[0], text: string) => styleText(colour, text, { stream: process.stdout });
  const head = ["SERVICE", "STATUS", "READY", "RESTARTS", "AGE", "IMAGE", "URL"].map((title) => paint("dim", title));
  const rows = workloads.map(({ name, health, ready, replicas, restarts, since, image, url, answer }) => [
    name,
    paint(colours[health], health),
    ready === undefined ? "" : `${ready}/${replicas}`,
    restarts === undefined ? "" : String(restarts),
    since === undefined ? "" : age(new Date(since)),
    image.includes("@") || image.startsWith("sha256:") ? shortDigest(image) : image,
    url === undefined ? "" : `${url}  ${formatAnswer(answer)}`,
  ]);
  const reasons = workloads.flatMap(({ name, reason }) => (reason === undefined ? [] : [`  ${name}: ${reason}`]));
  const happened = events.map(
    ({ time, object, reason, message, count }) =>
      `  ${age(new Date(time))} ago  ${object}  ${reason}${count > 1 ? ` (${count} times)` : ""}: ${message}`,
  );
  return [
    `stack "${stack}"`,
    table(head, rows).trimEnd(),
    ...(reasons.length > 0 ? ["", "Failing:", ...reasons] : []),
    ...(happened.length > 0 ? ["", "Last hour:", ...happened] : []),
    "",
  ].join("\n");
}

function formatAnswer(answer: number | string | undefined): string {
  return typeof answer === "number" ? `HTTP ${answer}` : `does not answer (${answer})`;
}

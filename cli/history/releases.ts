import { knownStacks } from "../../config/project.ts";
import { readStack } from "../../config/stack-file.ts";
import { shortDigest } from "../../lib/image-reference.ts";
import { age } from "../table.ts";
import { deploymentsOf, namesIn, releasesOf, type Release } from "./deployments.ts";
import { formatCommit, formatTime } from "./format.ts";

/** What runs in a stack, and what ran there. */
export interface StackReleases {
  stack: string;
  /** Whether it was ever deployed, as far as is known from here. */
  deployed: boolean;
  /** Why its history cannot be read. @default - it can */
  problem?: string;
  /** The images of each service and job, the newest first. Empty if they are not known. */
  services: Record<string, Release[]>;
}

/** The releases of all stacks of the project. A stack whose history cannot be read does not stop the others. */
export function allReleases(): Promise<StackReleases[]> {
  return Promise.all(knownStacks().sort().map(releasesIn));
}

async function releasesIn(name: string): Promise<StackReleases> {
  try {
    // Whoever looks need not know the secrets.
    const deployments = await deploymentsOf(readStack(name, { withoutSecrets: true }));
    const services = Object.fromEntries(namesIn(deployments).map((service) => [service, releasesOf(deployments, service)]));
    return { stack: name, deployed: deployments.length > 0, services };
  } catch (error) {
    return { stack: name, deployed: false, problem: (error as Error).message, services: {} };
  }
}

/** The releases as `slipway releases --json` prints them. */
export function releasesAsJson(all: StackReleases[]): object {
  const shown = ({ image, since, until, deployment: { id, command, commit, actor, ci } }: Release) => ({
    image,
    since,
    ...(until !== undefined && { until }),
    deployment: { id, command, commit, actor, ci },
  });
  const stacks = all.map(({ services, ...stack }) => ({
    ...stack,
    services: Object.fromEntries(Object.entries(services).map(([name, releases]) => [name, releases.map(shown)])),
  }));
  return { stacks };
}

/** How many earlier images of a service are printed. `--json` has all of them. */
const maxEarlier = 5;

/** The releases as `slipway releases` prints them. */
export function formatReleases(all: StackReleases[]): string {
  return all.map(formatStack).join("");
}

function formatStack({ stack, deployed, problem, services }: StackReleases): string {
  if (problem !== undefined) return `${stack}  its history cannot be read: ${problem.replaceAll("\n", "\n  ")}\n`;
  if (!deployed) return `${stack}  never deployed\n`;
  const names = Object.entries(services);
  if (names.length === 0) return `${stack}  deployed, but its images are not known\n`;
  const lines = names.flatMap(([name, releases]) => {
    const [newest, ...earlier] = releases.map(formatRelease);
    const further = earlier.length - maxEarlier;
    return [
      `  ${name}  ${newest}`,
      ...earlier.slice(0, maxEarlier).map((line) => `  ${" ".repeat(name.length)}  ${line}`),
      ...(further > 0 ? [`  ${" ".repeat(name.length)}  ${further} more`] : []),
    ];
  });
  return `${[stack, ...lines].join("\n")}\n`;
}

/** `sha256:6e04de1c9a72  since 2026-11-28 14:05:09 (3m)  commit 6e04de1 by ada (up 12)` */
function formatRelease({ image, since, until, deployment: { id, command, commit, actor } }: Release): string {
  const digest = shortDigest(image);
  const when =
    until === undefined ? `since ${formatTime(since)} (${age(new Date(since))})` : `${formatTime(since)} to ${formatTime(until)}`;
  const from = [commit && `commit ${formatCommit(commit)}`, actor !== undefined && `by ${actor}`].filter(Boolean).join(" ");
  return [digest, when, from && `${from} (${command} ${id})`].filter(Boolean).join("  ");
}

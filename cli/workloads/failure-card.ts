/** Why a service's new version failed, and how to get back. */
export interface FailureCard {
  service: string;
  /** One line: what failed. */
  title: string;
  /** Kind and name of the pod, container or task, and what still serves. */
  where: [kind: "pod" | "container" | "service", text: string];
  reason: string[];
  /** Last lines of the program's log. */
  log: string[];
  /** The most frequent cause, and what to do. */
  likely: string;
  /** The command or edit that brings the previous version back. */
  rollback: string;
}

/** The card as text: one labelled line for each fact. */
export function formatCard({ title, where, reason, log, likely, rollback }: FailureCard): string {
  const [kind, text] = where;
  const facts: [string, string[]][] = [
    [kind, [text]],
    ["reason", reason],
    ["log", log.map((line) => `| ${line}`)],
    ["likely", [likely]],
    ["rollback", [rollback]],
  ];
  const width = Math.max(...facts.map(([label]) => label.length)) + 2;
  const lines = facts.flatMap(([label, texts]) => texts.map((line, i) => `  ${(i === 0 ? label : "").padEnd(width)}${line}`));
  return [title, ...lines].join("\n");
}

/** What the previous version still does. */
export function formatServing(replicas: number): string {
  if (replicas === 0) return "the previous version is not running";
  return `${replicas} ${replicas === 1 ? "replica" : "replicas"} of the previous version still ${replicas === 1 ? "serves" : "serve"}`;
}

/** How to go on after a job failed. */
export function afterJob(stack: string): string {
  return `not needed: what starts after the job was not changed. Correct the job, then run slipway up --stack ${stack}`;
}

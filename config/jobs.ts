import { Cron } from "croner";
import { problemsWithJob } from "../components/rules/job.ts";
import { collect, type Problem, type Report } from "../lib/problem.ts";
import { checkCalls, checkImage, withKnownImage } from "./services.ts";
import type { Jobs, JobSettings, Services, ServiceSettings } from "./settings.ts";

/** A job as a service that nobody calls, for what is the same for both. */
export function asService({ retries: _retries, timeoutSeconds: _timeout, schedule: _schedule, ...job }: JobSettings): ServiceSettings {
  return { ...job, expose: "none", replicas: 1 };
}

/** All jobs as services. */
export function asServices(jobs: Jobs): Services {
  return Object.fromEntries(Object.entries(jobs).map(([name, job]) => [name, asService(job)]));
}

/** What is wrong with the jobs of a stack. `services` are the names of the services, `names` also those of jobs whose shape is invalid. */
export function problemsWithJobs(jobs: Jobs, services: string[]): Problem[] {
  return Object.entries(jobs).flatMap(([name, job]) =>
    collect((report) => {
      report([], services.includes(name) && "has the name of a service. Choose another");
      checkImage(asService(job), report);
      checkCalls(name, job, services, report);
      for (const { path, message } of problemsWithJob(name, { ...job, image: withKnownImage(job.image) })) report(path, message);
      checkSchedule(job, report);
    }).map(({ path, message }) => ({ path: ["jobs", name, ...path], message })),
  );
}

function checkSchedule({ schedule }: JobSettings, report: Report): void {
  if (!schedule) return;
  const { cron, timeZone } = schedule;
  if (timeZone !== undefined)
    report(
      ["schedule", "timeZone"],
      !isTimeZone(timeZone) && `must be in the tz database, such as Europe/Berlin (got "${timeZone}"). Correct it`,
    );
  try {
    new Cron(cron, { mode: "5-part", paused: true });
  } catch {
    report(
      ["schedule", "cron"],
      `must have the five fields minute, hour, day of the month, month and day of the week, such as "0 3 * * *" (got "${cron}"). Correct it`,
    );
  }
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return name !== "Local" && !/^[+-]/.test(name);
  } catch {
    return false;
  }
}

/** What is wrong with the order in which services and jobs start. */
export function problemsWithOrder(services: Services, jobs: Jobs, names: string[]): Problem[] {
  const all = [
    ...Object.entries(services).map(([name, { after = [] }]) => ({ root: "services", name, after })),
    ...Object.entries(jobs).map(([name, { after = [] }]) => ({ root: "jobs", name, after })),
  ];
  const unknown = all.flatMap(({ root, name, after }) =>
    after.flatMap((other, i): Problem[] => {
      const path = [root, name, "after", i];
      if (other === name || !names.includes(other)) {
        const others = names.filter((known) => known !== name).join(", ") || "none";
        return [{ path, message: `must be another service or job of the stack (got "${other}"). Others: ${others}` }];
      }
      if (jobs[other]?.schedule)
        return [{ path, message: `"${other}" runs on a schedule, so nothing can wait for its end. Remove it, or the schedule` }];
      return [];
    }),
  );
  const cycle = cycleIn(new Map(all.map(({ name, after }) => [name, after])));
  if (!cycle) return unknown;
  const { root, name, after } = all.find((one) => one.name === cycle[0])!;
  const path = [root, name, "after", after.indexOf(cycle[1]!)];
  return [...unknown, { path, message: `closes a cycle, in which each waits for the next: ${cycle.join(" → ")}. Remove one of them` }];
}

/** The names of a cycle, the first one again at its end. A name that waits for itself is no cycle here. */
function cycleIn(after: Map<string, string[]>): string[] | undefined {
  const done = new Set<string>();
  const visit = (name: string, path: string[]): string[] | undefined => {
    if (path.includes(name)) return [...path.slice(path.indexOf(name)), name];
    if (done.has(name)) return undefined;
    for (const other of after.get(name) ?? []) {
      const cycle = other === name ? undefined : visit(other, [...path, name]);
      if (cycle) return cycle;
    }
    done.add(name);
    return undefined;
  };
  for (const name of after.keys()) {
    const cycle = visit(name, []);
    if (cycle) return cycle;
  }
  return undefined;
}

/** Names of services and jobs, each after those that it waits for. The order must have no cycle. */
export function inOrder(after: Record<string, string[]>): string[] {
  const ordered = new Set<string>();
  const add = (name: string) => {
    if (ordered.has(name)) return;
    for (const other of after[name] ?? []) add(other);
    ordered.add(name);
  };
  for (const name of Object.keys(after)) add(name);
  return [...ordered];
}

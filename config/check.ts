import type { z } from "zod";
import type { Problem } from "../lib/problem.ts";
import { isMap, valueAt, type Path } from "../lib/property-path.ts";
import { secretMask } from "../lib/secret-mask.ts";
import { asService, asServices, problemsWithJobs, problemsWithOrder } from "./jobs.ts";
import { jobSettings } from "./schema/job.ts";
import { serviceSettings } from "./schema/service.ts";
import type { Platform } from "./schema/setting.ts";
import { besidesPlaceholders, problemsWithPlaceholders } from "./placeholders.ts";
import { problemWithPlatform } from "./review-environment.ts";
import { problemsWithSecrets, problemsWithServices } from "./services.ts";
import {
  settings,
  type Jobs,
  type JobSettings,
  type LoadRules,
  type PlatformRules,
  type PlatformSettings,
  type Services,
  type Settings,
} from "./settings.ts";
import { problemsWithAdmission } from "./admission.ts";
import { problemsWithRequirements } from "./required-attestations.ts";
import { problemsWithSupport } from "./support.ts";
import { problemsWithShape } from "./shape.ts";

export interface CheckOptions {
  /** Paths of secret values, which no message may contain. @default - none. */
  secretPaths?: Path[];
}

/** Checks settings as a stack file has them. Returns all problems, or the settings with defaults if there are none. */
export async function checkSettings(
  input: Record<string, unknown>,
  loadRules: LoadRules,
  { secretPaths = [] }: CheckOptions = {},
): Promise<{ value?: Settings; problems: Problem[] }> {
  // Missing settings of a platform are reported as the required fields in them.
  for (const needed of ["eks", "kubernetes"])
    if (input["platform"] === needed && input[needed] === undefined)
      return checkSettings({ ...input, [needed]: {} }, loadRules, { secretPaths });
  const result = settings.safeParse(input);
  const issues = result.error?.issues ?? [];
  const { data: platform } = settings.shape.platform.safeParse(input["platform"]);
  const rules = platform && (await loadRules(platform));
  const own = platform && platformSettings(platform, input);
  const written = { services: readable(serviceSettings, "services", input, issues), jobs: readable(jobSettings, "jobs", input, issues) };
  const { services, jobs } = rules && own ? withPlatformDefaults(written, rules, own) : written;
  const given = { services: mapIn(input["services"]), jobs: mapIn(input["jobs"]) };
  const [serviceNames, jobNames] = [Object.keys(given.services), Object.keys(given.jobs)];
  const mask = secretMask(secretPaths.map((path) => valueAt(input, path)));
  const violations = [
    ...(isMap(input["services"]) && serviceNames.length === 0 && !rules?.mayBeEmpty
      ? [{ path: ["services"], message: "must have at least one service" }]
      : []),
    ...(input["review"] === undefined || platform === undefined ? [] : ifAny(["platform"], problemWithPlatform(platform))),
    ...problemsWithServices(services, serviceNames),
    ...problemsWithJobs(jobs, serviceNames),
    ...(result.data ? problemsWithRequirements({ supplyChain: result.data.supplyChain, services, jobs }) : []),
    ...(result.data ? problemsWithAdmission(result.data) : []),
    ...problemsWithOrder(services, jobs, [...serviceNames, ...jobNames]),
    ...roots.flatMap((root) => problemsWithSecrets(root, given[root], secretPaths)),
    ...(platform ? roots.flatMap((root) => problemsWithSupport(platform, root, written[root])) : []),
    ...(rules && own ? [...rules.problemsWith(own, services), ...problemsOfJobs(rules, own, jobs)] : []),
  ];
  const found = [
    ...issues.flatMap((issue) => problemsWithShape(issue, settings, input, secretPaths)),
    ...violations.map(({ path, message }) => ({ path, message: mask(message) })),
  ];
  const placeholders = problemsWithPlaceholders({ eks: input["eks"], services: hostsIn(input["services"]) });
  const problems = placeholders.length === 0 ? found : [...placeholders, ...besidesPlaceholders(found, placeholders)];
  return result.success && problems.length === 0 ? { value: { ...result.data, services, jobs }, problems } : { problems };
}

/** Services and jobs with what the platform adds. Of its defaults, those of images concern jobs too. */
export function withPlatformDefaults(
  { services, jobs }: { services: Services; jobs: Jobs },
  rules: PlatformRules,
  own: PlatformSettings,
): { services: Services; jobs: Jobs } {
  const complete = (job: JobSettings): JobSettings => {
    const { platforms } = rules.withDefaults(asService(job), own);
    return platforms === undefined ? job : { ...job, platforms };
  };
  return {
    services: mapped(services, (service) => rules.withDefaults(service, own)),
    jobs: mapped(jobs, complete),
  };
}

function ifAny(path: Path, message: string | undefined): Problem[] {
  return message === undefined ? [] : [{ path, message }];
}

function mapped<T>(all: Record<string, T>, change: (one: T) => T): Record<string, T> {
  return Object.fromEntries(Object.entries(all).map(([name, one]) => [name, change(one)]));
}

/** The settings of a platform; undefined if their shape is invalid. */
function platformSettings(platform: Platform, input: Record<string, unknown>): PlatformSettings | undefined {
  const own = settings.shape[platform].safeParse(input[platform]);
  return own.success ? ({ platform, [platform]: own.data } as PlatformSettings) : undefined;
}

const roots = ["services", "jobs"] as const;

/** What a platform demands of services is also demanded of jobs. */
function problemsOfJobs(rules: PlatformRules, own: PlatformSettings, jobs: Jobs): Problem[] {
  const found = Object.keys(jobs).length === 0 ? [] : rules.problemsWith(own, asServices(jobs));
  return found.flatMap(({ path, message }) => (path[0] === "services" ? [{ path: ["jobs", ...path.slice(1)], message }] : []));
}

/** The settings of services that `slipway init` leaves to the user. Other texts may look like placeholders. */
function hostsIn(services: unknown): object {
  return Object.fromEntries(Object.entries(mapIn(services)).map(([name, one]) => [name, { host: mapIn(one)["host"] }]));
}

function mapIn(value: unknown): Record<string, unknown> {
  return isMap(value) ? value : {};
}

/** The services or jobs whose shape is valid. They are checked further, even if something else is invalid. */
function readable<T extends z.ZodType>(
  schema: T,
  root: (typeof roots)[number],
  input: Record<string, unknown>,
  issues: z.core.$ZodIssue[],
): Record<string, z.output<T>> {
  const invalid = new Set(issues.filter(({ path }) => path[0] === root).map(({ path }) => path[1]));
  const results = Object.entries(mapIn(input[root])).map(([name, one]) => [name, schema.safeParse(one)] as const);
  return Object.fromEntries(results.flatMap(([name, { success, data }]) => (success && !invalid.has(name) ? [[name, data]] : [])));
}

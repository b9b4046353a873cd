import { withDefaults } from "../../../lib/defaults.ts";
import type { JobArgs, JobWaitArgs, ScheduleArgs } from "../../job-args.ts";
import { jobDefaults as defaults } from "../../job-defaults.ts";
import type { WebServiceArgs } from "../../web-service-args.ts";
import { resolve, type WebServiceSpec } from "../web-service/spec.ts";

/** The arguments of a job with every default filled in. */
export interface JobSpec {
  /** What it shares with a service. Nobody calls it, and it has one pod. */
  pod: WebServiceSpec;
  service: WebServiceArgs;
  retries: number;
  timeoutSeconds: number;
  schedule: Required<ScheduleArgs> | undefined;
  waitFor: JobWaitArgs | undefined;
}

/** Fills in the defaults. */
export function resolveJob(name: string, args: JobArgs): JobSpec {
  const { retries = defaults.retries, timeoutSeconds = defaults.timeoutSeconds, schedule, waitFor, ...shared } = args;
  const service = { ...shared, replicas: 1, expose: "none" } satisfies WebServiceArgs;
  return {
    pod: resolve(name, service),
    service,
    retries,
    timeoutSeconds,
    waitFor,
    schedule: schedule && withDefaults({ ...defaults.schedule }, schedule),
  };
}

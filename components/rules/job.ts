import type { JobArgs } from "../job-args.ts";
import { resolveJob } from "../internal/job/spec.ts";
import { problemsWithWebService } from "./web-service.ts";
import { collect, problemWithNumber, type Problem } from "../../lib/problem.ts";

/** The pods of a CronJob's run have its name, a time of eight digits, a number and a hash, in at most 63 characters. */
const maxScheduledLength = 52;

/** What is wrong with the arguments of a job, as far as their values are known. */
export function problemsWithJob(name: string, args: JobArgs): Problem[] {
  const { service, retries, timeoutSeconds, schedule } = resolveJob(name, args);
  const shared = problemsWithWebService(name, service);
  return [
    ...shared,
    ...collect((report) => {
      report(
        [],
        schedule &&
          name.length > maxScheduledLength &&
          name.length <= 63 &&
          `the name must be at most ${maxScheduledLength} characters long with a schedule (got ${name.length} characters). Shorten it`,
      );
      report(["retries"], problemWithNumber(retries, 0, 100));
      report(["timeoutSeconds"], problemWithNumber(timeoutSeconds, 1));
      for (const [volume, { kind }] of Object.entries(args.volumes ?? {}))
        report(
          ["volumes", volume, "kind"],
          kind === "persistent" && "must be emptyDir in a job. Give persistent data to a service that the job calls",
        );
      if (!schedule) return;
      report(["schedule", "startingDeadlineSeconds"], problemWithNumber(schedule.startingDeadlineSeconds, 10));
      for (const key of ["successfulJobsHistoryLimit", "failedJobsHistoryLimit"] as const)
        report(["schedule", key], problemWithNumber(schedule[key], 0));
    }),
  ];
}

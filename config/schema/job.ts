import { z } from "zod";
import { ConcurrencyPolicy } from "../../components/concurrency-policy.ts";
import { jobDefaults as defaults } from "../../components/job-defaults.ts";
import { serviceSettings } from "./service.ts";
import { onDockerAndSwarm, required, setting, unsupported } from "./setting.ts";

// The one definition of a job. What it shares with a service is in service.ts.

const text = z.string().min(1);

/** The settings that mean the same for a job as for a service. */
const shared = serviceSettings.pick({
  source: true,
  image: true,
  builder: true,
  dockerfile: true,
  build: true,
  package: true,
  platforms: true,
  version: true,
  command: true,
  args: true,
  workingDir: true,
  user: true,
  group: true,
  security: true,
  after: true,
  calls: true,
  serviceAccount: true,
  aws: true,
  resources: true,
  priorityClassName: true,
  nodeSelector: true,
  tolerations: true,
  affinity: true,
  env: true,
  secretEnv: true,
  envFromSecret: true,
  files: true,
  secretFiles: true,
  secretFolders: true,
  volumes: true,
});

/** Nobody calls a job, so only its own calls can be set. */
const network = setting(
  z.strictObject({ ...serviceSettings.shape.network.unwrap().pick({ isolated: true, destinations: true, dnsAnywhere: true }).shape }),
  {
    meaning: "Network access of the pods: blocked unless declared",
    type: "JobNetworkArgs",
  },
);

const noScheduler = unsupported("there is no scheduler. Remove it, and start `slipway up` or the container from cron");

/** The settings that only a job has. */
export const runSettings = z.strictObject({
  retries: setting(z.int(), {
    meaning: "How often a job that failed starts again in the same run, on Kubernetes after 10 s, 20 s, 40 s and so on",
    default: defaults.retries,
    example: 4,
  }),
  timeoutSeconds: setting(z.int(), {
    meaning: "Seconds that the job has, with all its retries. Then it is stopped and has failed",
    default: defaults.timeoutSeconds,
    example: 1800,
  }),
  schedule: setting(
    z.strictObject({
      cron: required(text, {
        meaning: "When the job runs, in the five fields of cron: minute, hour, day of the month, month, day of the week",
        example: "0 3 * * *",
      }),
      timeZone: setting(text, {
        meaning: "Time zone of the schedule, from the tz database",
        default: defaults.schedule.timeZone,
        example: "Europe/Berlin",
      }),
      concurrencyPolicy: setting(z.enum(ConcurrencyPolicy), {
        meaning:
          "What happens if the previous run has not ended: Forbid skips the new run, Replace stops the previous one, Allow runs both",
        default: defaults.schedule.concurrencyPolicy,
        example: "Allow",
        type: "ConcurrencyPolicy",
      }),
      startingDeadlineSeconds: setting(z.int(), {
        meaning: "Seconds after its time in which a run that was missed still starts",
        default: defaults.schedule.startingDeadlineSeconds,
        example: 60,
      }),
      successfulJobsHistoryLimit: setting(z.int(), {
        meaning: "How many runs that succeeded are kept, with their logs",
        default: defaults.schedule.successfulJobsHistoryLimit,
        example: 1,
      }),
      failedJobsHistoryLimit: setting(z.int(), {
        meaning: "How many runs that failed are kept, with their logs",
        default: defaults.schedule.failedJobsHistoryLimit,
        example: 5,
      }),
      suspend: setting(z.boolean(), { meaning: "Whether no further run starts", default: defaults.schedule.suspend, example: true }),
    }),
    {
      meaning: "Runs the job at fixed times (a CronJob), instead of in `slipway up`",
      without: "it runs when its image or a setting changes",
      type: "ScheduleArgs",
      on: onDockerAndSwarm(noScheduler),
    },
  ),
});

/** A job in a stack file. */
export const jobSettings = z.strictObject({ ...shared.shape, network, ...runSettings.shape });
export type JobSettings = z.infer<typeof jobSettings>;

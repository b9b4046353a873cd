import type { JobRunArgs, ServiceNetworkArgs } from "./service-args.ts";
import type { WebServiceArgs } from "./web-service-args.ts";

export type { ScheduleArgs } from "./service-args.ts";
export * from "./concurrency-policy.ts";

/** Arguments that mean the same as those of a WebService. */
type Shared = Pick<
  WebServiceArgs,
  | "image"
  | "namespace"
  | "partOf"
  | "version"
  | "command"
  | "args"
  | "user"
  | "group"
  | "security"
  | "serviceAccount"
  | "resources"
  | "priorityClassName"
  | "nodeSelector"
  | "tolerations"
  | "affinity"
  | "env"
  | "secretEnv"
  | "envFromSecret"
  | "files"
  | "secretFiles"
  | "secretFolders"
  | "volumes"
>;

/** Network access of a job's pods: blocked unless declared. Nobody calls a job. */
export type JobNetworkArgs = Pick<ServiceNetworkArgs, "isolated" | "destinations" | "dnsAnywhere">;

export interface JobArgs extends Shared, JobRunArgs {
  /** @default - all traffic is blocked but DNS. */
  network?: JobNetworkArgs;
}

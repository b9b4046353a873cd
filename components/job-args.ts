import type * as pulumi from "@pulumi/pulumi";
import type { JobRunArgs } from "./service-args.ts";
import type { NetworkPolicyArgs, WebServiceArgs } from "./web-service-args.ts";

export type { ScheduleArgs } from "./service-args.ts";
export * from "./concurrency-policy.ts";

/** Arguments that mean the same as those of a WebService. */
type Shared = Pick<
  WebServiceArgs,
  | "image"
  | "namespace"
  | "partOf"
  | "pullSecret"
  | "assignedIds"
  | "version"
  | "command"
  | "args"
  | "workingDir"
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
// oxlint-disable-next-line typescript/no-empty-object-type -- the schema of the plugin has no type aliases
export interface JobNetworkArgs extends Pick<NetworkPolicyArgs, "isolated" | "destinations" | "dnsAnywhere" | "dnsServer"> {}

/** Waits in a job's pod, before its program runs. */
export interface JobWaitArgs {
  /** Image of the helper (`helperSource`), by digest. */
  image: pulumi.Input<string>;
  /** Addresses that must accept TCP connections, such as `db:5432`. */
  addresses: string[];
}

export interface JobArgs extends Shared, JobRunArgs {
  /** Until network policies know a new pod, its calls are rejected; with this, the program starts afterwards. @default - none. */
  waitFor?: JobWaitArgs;
  /** @default - all traffic is blocked but DNS. */
  network?: JobNetworkArgs;
}

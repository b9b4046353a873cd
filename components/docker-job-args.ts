import type * as pulumi from "@pulumi/pulumi";
import type { JobArgs } from "./job-args.ts";

/** Arguments of a job on a Docker host or in a swarm that mean the same as those of a Job. */
export interface DockerJobArgs extends Pick<
  JobArgs,
  | "image"
  | "partOf"
  | "version"
  | "command"
  | "args"
  | "workingDir"
  | "user"
  | "group"
  | "security"
  | "resources"
  | "env"
  | "secretEnv"
  | "files"
  | "secretFiles"
  | "volumes"
  | "retries"
  | "timeoutSeconds"
> {
  /** Prefix of the Docker objects' names. @default "<name>" */
  prefix?: string;
  /** Labels of every Docker object. @default - none. */
  labels?: Record<string, pulumi.Input<string>>;
}

import { z } from "zod";
import { setting } from "./setting.ts";

/** Defaults of a template. */
export const reviewDefaults = { ttl: "72h", limit: 10, hosts: "pr-{id}.{host}" };

const hosts = z
  .string()
  .regex(/\{id\}/, "must contain {id}, so that each environment has hosts of its own")
  .regex(/\{host\}/, "must contain {host}, so that each service has a host of its own");

/** A whole number of minutes, hours or days. */
export const timeToLive = z.string().regex(/^[1-9]\d{0,4}[mhd]$/, "must be a number of minutes, hours or days, such as 30m, 72h or 7d");

/** `slipway:review`: makes a stack the template of review environments, see docs/PIPELINES.md. */
export const reviewSettings = z
  .strictObject({
    ttl: setting(timeToLive, {
      meaning: "How long an environment stays after its last up. Then `slipway review reap` deletes it",
      default: reviewDefaults.ttl,
      example: "24h",
    }),
    limit: setting(z.int().min(1), {
      meaning: "How many environments of the template there may be at a time",
      default: reviewDefaults.limit,
      example: 3,
    }),
    hosts: setting(hosts, {
      meaning: "Hosts of the services: {host} is the one in the template, {id} the ID of the environment",
      default: reviewDefaults.hosts,
      example: "pr-{id}-{host}",
    }),
    sharesSecretsWith: setting(z.array(z.string().min(1)), {
      meaning: "Stacks that may have the same secrets or the same passphrase. Whoever can change the code of an environment can read them",
      without: "none",
      example: ["dev"],
    }),
  })
  .describe("The stack is the template of review environments: slipway review.");
export type ReviewSettings = z.infer<typeof reviewSettings>;

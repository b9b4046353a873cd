import { z } from "zod";
import { impactClasses } from "../pipeline/classes.ts";

/** What may be done to an environment without being asked about; see pipeline/gate.ts. */
export const gateSettings = z
  .strictObject({
    allow: z
      .array(z.enum(impactClasses))
      .optional()
      .describe("Impacts that are allowed. Default: all but unclassified, cluster or network replacement, and data loss."),
    approvals: z
      .array(
        z.strictObject({
          change: z
            .string()
            .regex(/^[0-9a-f]{12}$/, "must be the id that the gate tells")
            .describe("Id of the change, which the gate tells."),
          by: z.string().min(1).describe("Who answers for it."),
          reason: z.string().min(10, "must say why, in ten letters at least").describe("Why it is right."),
          until: z.iso.date("must be a day such as 2026-12-31").describe("The last day on which it holds."),
        }),
      )
      .optional()
      .describe("Changes that are allowed though their impact is not."),
  })
  .describe("What of a change `make gate` lets through.");

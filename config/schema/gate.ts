import { z } from "zod";
import { Impact } from "../../lib/impact.ts";

// What a reviewer or a pipeline lets through: docs/REVIEW.md.

const text = z.string().min(1);

/** `slipway:gate`. */
export const gateSettings = z
  .strictObject({
    refuse: z
      .array(z.enum(Impact))
      .optional()
      .describe("What the gate does not let through. Default: data loss, replacement and unclassified; on the platform local nothing."),
    approvals: z
      .array(
        z.strictObject({
          change: z
            .string()
            .regex(/^[0-9a-f]{12}$/, "must be the 12 digits that `slipway gate` prints for the change")
            .describe("Which change."),
          reason: text.describe("Why it may go through all the same."),
          approvedBy: text.describe("Who says so."),
          until: z.iso.date("must be a date such as 2026-12-31").describe("The last day that it counts."),
        }),
      )
      .default([])
      .describe("Changes that the gate lets through all the same, each by itself."),
  })
  .prefault({})
  .describe("What `slipway gate` rejects.");

export type GateSettings = z.infer<typeof gateSettings>;
export type Approval = GateSettings["approvals"][number];

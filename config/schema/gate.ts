import { z } from "zod";
import { Impact } from "../../lib/impact.ts";
import { required, setting } from "./setting.ts";

const text = z.string().min(1);

const approval = z.strictObject({
  change: required(z.string().regex(/^[0-9a-f]{12}$/, "must be the 12 digits that `slipway gate` prints for the change"), {
    meaning: "ID of the change, as `slipway gate` prints it",
    example: "0123456789ab",
  }),
  reason: required(text, { meaning: "Why the change is allowed", example: "the volume is empty" }),
  approvedBy: required(text, { meaning: "Who approved it", example: "Ada" }),
  until: required(z.iso.date("must be a date such as 2026-12-31"), { meaning: "Last day of the approval", example: "2026-12-31" }),
});

/** `slipway:gate`: which changes a pipeline lets through, see docs/REVIEW.md. */
export const gateSettings = z
  .strictObject({
    refuse: setting(z.array(z.enum(Impact)), {
      meaning: "Impacts that the gate rejects",
      without: "data loss, replacement and unclassified; on the platform local none",
      example: ["data loss"],
    }),
    approvals: z.array(approval).default([]).describe("Changes that the gate lets through nevertheless."),
  })
  .prefault({})
  .describe("What `slipway gate` rejects.");

export type GateSettings = z.infer<typeof gateSettings>;
export type Approval = GateSettings["approvals"][number];

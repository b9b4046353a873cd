import type { OptionDeclaration } from "./command.ts";

/** The option that selects the template of review environments. */
export const templateOption = {
  value: "stack",
  summary: "stack with slipway:review, as in stacks/Pulumi.<stack>.yaml",
  default: "review",
} as const satisfies OptionDeclaration;

/** The option that selects a review environment. */
export const idOption = {
  value: "id",
  summary: "ID of the environment, such as the number of a pull request",
  required: true,
} as const satisfies OptionDeclaration;

/** The option with which a pipeline says on the pull request what it did. */
export const commentOption = {
  summary: "post the result on the pull request, or update the comment of an earlier run",
} as const satisfies OptionDeclaration;

import type { OptionDeclaration } from "./command.ts";

/** The option that `impact`, `gate` and `report` share. */
export const previewOption = {
  value: "file",
  summary: 'file with the output of pulumi preview --json, or "-" for standard input (default: run a preview)',
} as const satisfies OptionDeclaration;

import { writeFileSync } from "node:fs";
import { stackFileSchema } from "../config/settings.ts";

/** Writes the JSON schema of stack files, which editors read. */
export function writeSchema(): void {
  writeFileSync("stacks/schema.json", JSON.stringify(stackFileSchema(), null, 2) + "\n");
}

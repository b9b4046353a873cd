import type { Configuration } from "../../config.ts";
export async function preflight(_c: Configuration): Promise<string[]> {
  return [];
}

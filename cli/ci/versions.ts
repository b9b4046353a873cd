import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { goVersionIn } from "./project.ts";

const own = join(import.meta.dirname, "../..");

/** The version of Node.js that Slipway is tested with. The npm package has it in another file. */
export function slipwayNode(): string {
  const file = [".node-version", "node-version"].map((name) => join(own, name)).find((path) => existsSync(path))!;
  return readFileSync(file, "utf8").trim();
}

/** The oldest version of Go that builds Slipway's own programs. */
export function slipwayGo(): string {
  return goVersionIn(join(own, "components/helper/go.mod"));
}

import { writeFileSync } from "node:fs";
import { stackFileSchema } from "../config/load.ts";

writeFileSync("stacks/schema.json", JSON.stringify(stackFileSchema(), null, 2) + "\n");

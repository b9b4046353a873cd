import { readFileSync } from "node:fs";
import { serviceArgs } from "../../../scripts/service-args.ts";

test("components/service-args.ts is generated from the settings of a service (npm run fix updates it)", async () => {
  expect(readFileSync("components/service-args.ts", "utf8")).toBe(await serviceArgs());
});

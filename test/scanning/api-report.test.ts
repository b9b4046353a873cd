import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeApiReports } from "../../scripts/api-report.ts";

test("the API reports show what the package exports now; npm run fix writes them", async () => {
  const folder = mkdtempSync(join(tmpdir(), "slipway-api-"));
  try {
    await writeApiReports(folder);
    for (const report of ["program.api.md", "components.api.md"])
      expect(readFileSync(join("api", report), "utf8")).toBe(readFileSync(join(folder, report), "utf8"));
  } finally {
    rmSync(folder, { recursive: true });
  }
});

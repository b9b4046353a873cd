// Screenshots of reports for docs/REVIEW.md: npm run screenshots
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { readStack } from "../config/stack-file.ts";
import { configurationOf } from "../review/configuration.ts";
import { impactsOf } from "../review/impact/step-impact.ts";
import { readPreview } from "../review/preview/read.ts";
import { formatHtml } from "../review/report/html.ts";
import { reviewOf } from "../review/review.ts";
import { openBrowser } from "./chromium.ts";

/** A fixed date for approvals and exceptions, so that the screenshots do not change from day to day. */
const today = "2026-11-21";

const previews = {
  "one-line-of-go": ["local", "test/fixtures/previews/image.events.jsonl"],
  selector: ["local", "test/fixtures/previews/selector.events.jsonl"],
  "volume-dropped": ["local", "test/fixtures/previews/drop-volume.events.jsonl"],
  "endpoint-opened": ["prod", "test/fixtures/written-previews/endpoint.json"],
};

const folder = "docs/reports";
for (const path of [folder, ".slipway"]) mkdirSync(path, { recursive: true });
const browser = await openBrowser();
try {
  for (const [name, [stackName = "", file = ""]] of Object.entries(previews)) {
    const stack = readStack(stackName);
    const impacts = impactsOf(readPreview(readFileSync(file, "utf8"), file, { project: stack.project, stack: stackName }));
    const html = resolve(".slipway", `${name}.html`);
    writeFileSync(html, formatHtml(await reviewOf(stack, await configurationOf(stack), impacts, today)));
    const page = await browser.newPage();
    await page.setViewport({ width: 1100, height: 200 });
    await page.goto(`file://${html}`);
    await page.screenshot({ path: `${folder}/${name}.png`, fullPage: true });
    process.stdout.write(`${folder}/${name}.png\n`);
  }
} finally {
  await browser.close();
}
process.exit(0);

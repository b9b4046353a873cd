// Pictures of reports, as docs/REVIEW.md shows them: npm run screenshots
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { configurationOf } from "../review/configuration.ts";
import { judge } from "../review/gate.ts";
import { impactsOf } from "../review/impact/impacts.ts";
import { readPreview } from "../review/preview/read.ts";
import { formatHtml } from "../review/report/html.ts";
import { readStack } from "../config/stack-file.ts";
import { errorsOf, scoreOn } from "../review/policy/of-stack.ts";
import { openBrowser } from "./chromium.ts";

/** The day that approvals and exceptions are looked at for; pictures are the same tomorrow. */
const today = "2026-11-21";

const previews = {
  "one-line-of-go": ["local", "test/fixtures/previews/image.events.jsonl"],
  selector: ["local", "test/fixtures/previews/selector.events.jsonl"],
  "volume-dropped": ["local", "test/fixtures/previews/drop-volume.events.jsonl"],
  "endpoint-opened": ["prod", "test/fixtures/written-previews/endpoint.json"],
};

const folder = "docs/reports";
mkdirSync(folder, { recursive: true });
const browser = await openBrowser();
try {
  for (const [name, [stackName = "", file = ""]] of Object.entries(previews)) {
    const stack = readStack(stackName);
    const { gate, platform, policy } = await configurationOf(stack);
    const { steps } = readPreview(readFileSync(file, "utf8"), file, { project: stack.project, stack: stackName });
    const impacts = impactsOf({ project: stack.project, stack: stackName, steps });
    const { resources, score } = await scoreOn(stack, policy, impacts, today);
    const problems = platform === "local" ? score.problems : [...score.problems, ...errorsOf(score)];
    const verdict = judge(impacts, gate, { platform, today, problems });
    const html = resolve(".slipway", `${name}.html`);
    writeFileSync(html, formatHtml({ project: stack.project, stack: stackName, impacts, verdict, resources, score }));
    const page = await browser.newPage();
    await page.setViewport({ width: 1100, height: 600 });
    await page.goto(`file://${html}`);
    await page.screenshot({ path: `${folder}/${name}.png`, fullPage: true });
    process.stdout.write(`${folder}/${name}.png\n`);
  }
} finally {
  await browser.close();
}
process.exit(0);

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AxeResults } from "axe-core";
import type { Browser, Page } from "puppeteer-core";
import { judge } from "../../review/gate.ts";
import { impactsOf } from "../../review/impact/impacts.ts";
import { readPreview } from "../../review/preview/read.ts";
import { registrationsOf } from "../../review/render/registrations.ts";
import { formatHtml } from "../../review/report/html.ts";
import { gateSettings } from "../../config/schema/gate.ts";
import { readStack } from "../../config/stack-file.ts";
import { openBrowser } from "../../scripts/chromium.ts";

const axe = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const folder = mkdtempSync(join(tmpdir(), "slipway-report-"));
const file = join(folder, "report.html");
let browser: Browser;

beforeAll(async () => {
  browser = await openBrowser();
  const preview = "test/fixtures/previews/selector.events.jsonl";
  const { steps } = readPreview(readFileSync(preview, "utf8"), preview, { project: "slipway", stack: "local" });
  const impacts = impactsOf({ project: "slipway", stack: "local", steps });
  const verdict = judge(impacts, gateSettings.parse({ refuse: ["restart with downtime"] }), { platform: "local", today: "2026-06-30" });
  const resources = await registrationsOf(readStack("local"));
  const finding = {
    rule: "r",
    severity: "error",
    resource: "Deployment web",
    message: "m",
    remedy: "Do.",
    reference: "https://example.org/",
  };
  const score = { points: 90, rules: 30, kept: 29, findings: [finding], excused: [] };
  writeFileSync(file, formatHtml({ project: "slipway", stack: "local", impacts, verdict, resources, score }));
});

afterAll(async () => {
  await browser.close();
  rmSync(folder, { recursive: true });
});

/** What a page asks for and complains about. */
async function open(scheme: "light" | "dark", width: number): Promise<{ page: Page; said: string[]; asked: string[] }> {
  const page = await browser.newPage();
  const [said, asked]: [string[], string[]] = [[], []];
  page.on("console", (message) => said.push(message.text()));
  page.on("pageerror", (error) => said.push(String(error)));
  page.on("request", (request) => asked.push(request.url()));
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
  await page.setViewport({ width, height: 800 });
  await page.goto(`file://${file}`);
  return { page, said, asked };
}

describe.each([
  ["light", 1280],
  ["dark", 1280],
  ["light", 360],
  ["dark", 360],
] as const)("in the %s, %i pixels wide, the report", (scheme, width) => {
  test("opens without complaint, asks for nothing, and no text leaves the page", async () => {
    const { page, said, asked } = await open(scheme, width);
    expect(said).toEqual([]);
    expect(asked).toEqual([`file://${file}`]);
    const size = await page.evaluate("[document.documentElement.scrollWidth, innerWidth]");
    expect(size).toEqual([width, width]);
    await page.close();
  });

  test("is accessible, as axe sees it", async () => {
    const { page } = await open(scheme, width);
    await page.setBypassCSP(true);
    await page.reload();
    await page.addScriptTag({ path: axe });
    const { violations, passes } = (await page.evaluate("axe.run()")) as AxeResults;
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`)).toEqual([]);
    expect(passes.map(({ id }) => id)).toContain("color-contrast");
    await page.close();
  });

  test("has the picture in the colours of the scheme, and one of its two forms", async () => {
    const { page } = await open(scheme, width);
    const background = await page.evaluate("getComputedStyle(document.body).backgroundColor");
    expect(background).toBe(scheme === "dark" ? "rgb(13, 17, 23)" : "rgb(255, 255, 255)");
    const shown = await page.evaluate("[...document.querySelectorAll('svg')].map((svg) => svg.checkVisibility())");
    expect(shown).toEqual(width > 768 ? [true, false] : [false, true]);
    const picture = await page.screenshot();
    expect(picture.length).toBeGreaterThan(10_000);
    await page.close();
  });
});

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AxeResults } from "axe-core";
import type { Browser, Page } from "puppeteer-core";
import { judge } from "../../review/gate.ts";
import { impactsOf } from "../../review/impact/step-impact.ts";
import { Severity } from "../../review/policy/rule.ts";
import { readPreview } from "../../review/preview/read.ts";
import { registrationsOf } from "../../review/render/registrations.ts";
import { formatHtml } from "../../review/report/html.ts";
import { DeploymentResult } from "../../lib/deployment-record.ts";
import { Impact } from "../../lib/impact.ts";
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
    severity: Severity.Error,
    resource: "Deployment web",
    message: "m",
    remedy: "Do.",
    reference: "https://example.org/",
  };
  const score = { points: 90, rules: 30, passed: 29, findings: [finding], exceptions: [] };
  const origin = {
    commit: { sha: "6e04de1c9a72", dirty: true },
    actor: "a-user-with-quite-a-long-name",
    ci: "https://example.org/runs/4711",
  };
  const deployments = Object.values(DeploymentResult).map((result, i) => ({
    ...{ id: 4 - i, command: "rollback", started: "2026-06-29T10:00:00.000Z", result, impact: Object.values(Impact).at(-1 - i)! },
    ...(i > 0 && origin),
  }));
  writeFileSync(file, formatHtml({ project: "slipway", stack: "local", impacts, verdict, resources, score, deployments }));
});

afterAll(async () => {
  await browser.close();
  rmSync(folder, { recursive: true });
});

/** Opens the report, and records its console messages and requests. */
async function open(scheme: "light" | "dark", width: number): Promise<{ page: Page; messages: string[]; requests: string[] }> {
  const page = await browser.newPage();
  const [messages, requests]: [string[], string[]] = [[], []];
  page.on("console", (message) => messages.push(message.text()));
  page.on("pageerror", (error) => messages.push(String(error)));
  page.on("request", (request) => requests.push(request.url()));
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
  await page.setViewport({ width, height: 800 });
  await page.goto(`file://${file}`);
  return { page, messages, requests };
}

describe.each([
  ["light", 1280],
  ["dark", 1280],
  ["light", 360],
  ["dark", 360],
] as const)("in the %s scheme, %i pixels wide, the report", (scheme, width) => {
  test("opens without errors or requests, and does not overflow", async () => {
    const { page, messages, requests } = await open(scheme, width);
    expect(messages).toEqual([]);
    expect(requests).toEqual([`file://${file}`]);
    const size = await page.evaluate("[document.documentElement.scrollWidth, innerWidth]");
    expect(size).toEqual([width, width]);
    await page.close();
  });

  test("has no accessibility violations that axe finds", async () => {
    const { page } = await open(scheme, width);
    await page.setBypassCSP(true);
    await page.reload();
    await page.addScriptTag({ path: axe });
    const { violations, passes } = (await page.evaluate("axe.run()")) as AxeResults;
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`)).toEqual([]);
    expect(passes.map(({ id }) => id)).toContain("color-contrast");
    await page.close();
  });

  test("has the colours of the scheme, and shows one of the two diagrams", async () => {
    const { page } = await open(scheme, width);
    const background = await page.evaluate("getComputedStyle(document.body).backgroundColor");
    expect(background).toBe(scheme === "dark" ? "rgb(13, 17, 23)" : "rgb(255, 255, 255)");
    const shown = await page.evaluate("[...document.querySelectorAll('svg')].map((svg) => svg.checkVisibility())");
    expect(shown).toEqual(width > 768 ? [true, false] : [false, true]);
    const screenshot = await page.screenshot();
    expect(screenshot.length).toBeGreaterThan(10_000);
    await page.close();
  });
});

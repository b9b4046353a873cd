import { spawn, type ChildProcess } from "node:child_process";
import { cpSync, readFileSync } from "node:fs";
import { request } from "node:http";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Browser, Page } from "puppeteer-core";
import { command } from "../../lib/command.ts";
import { pollUntil } from "../../lib/poll.ts";
import { openBrowser } from "../../scripts/chromium.ts";
import { eventually, get, otherPort, type Checkout } from "./checkout.ts";
import { namespace, sharedCheckout } from "./shared-stack.ts";

// `slipway dashboard` of a stack on a real cluster, in a real browser.

const host = "dashboard.localhost";
const axe = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const themes = [
  ["light", 1280],
  ["dark", 1280],
  ["light", 390],
  ["dark", 390],
] as const;
const views = ["", "logs", "figures", "telemetry"];

let checkout: Checkout;
let dashboard: ReturnType<Checkout["start"]>;
let browser: Browser;
let url: string;
let page: Page;
const messages: string[] = [];

beforeAll(async () => {
  checkout = sharedCheckout();
  const probe = { source: "probe", host: "probe.localhost", replicas: 1 };
  cpSync("test/integration/probe-app", join(checkout.folder, "probe"), { recursive: true });
  // Names of their own: pods of other suites are in the same namespace.
  checkout.configure({ shop: { source: "app", host, replicas: 2 }, probe });
  expect(await checkout.run("up")).toMatchObject({ code: 0 });
  dashboard = checkout.start("dashboard", {}, ["--port", "0", "--no-open"]);
  url = (await eventually(
    async () => /http:\S+/.exec(dashboard.output())?.[0],
    (found) => found !== undefined,
  ))!;
  browser = await openBrowser();
  page = await open("light", 1280);
  await page.waitForSelector(".service.good");
});
afterAll(async () => {
  await browser?.close();
  if (dashboard?.exitCode === null) process.kill(-dashboard.pid!, "SIGKILL");
});

async function open(scheme: "light" | "dark", width: number): Promise<Page> {
  const opened = await browser.newPage();
  opened.on("console", (message) => message.text().includes(networkChanged) || messages.push(message.text()));
  opened.on("pageerror", (error) => messages.push(String(error)));
  await opened.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
  await opened.setViewport({ width, height: 900 });
  await load(opened, () => opened.goto(url), ".service");
  return opened;
}

/** What Chromium says when it ends all requests because a network of the machine has changed, as those of Docker do while other tests run. */
const networkChanged = "net::ERR_NETWORK_CHANGED";

/** Opens or reloads a page, again if its files could not be loaded. */
async function load(of: Page, navigate: () => Promise<unknown>, selector: string): Promise<void> {
  const attempt = () => navigate().then(() => of.waitForSelector(selector, { timeout: 10_000 }));
  await pollUntil(() => attempt().then(Boolean, () => false), { timeoutSeconds: 180 });
}
const show = (view: string, of = page) => of.evaluate(`location.hash = "#/${view}"`);
const textOf = (selector: string) =>
  page.evaluate(`document.querySelector(${JSON.stringify(selector)})?.innerText ?? ""`) as Promise<string>;
/** Waits until an expression is true in the page. */
const until = (expression: string) => page.waitForFunction(expression, { timeout: 120_000 });
const card = (service: string) =>
  `[...document.querySelectorAll(".service")].find((one) => one.querySelector("h3").innerText === "${service}")`;

function send(path: string, headers: Record<string, string>, body?: string | Buffer): Promise<number> {
  const { port } = new URL(url);
  const method = body === undefined ? "GET" : "POST";
  return new Promise((done, failed) => {
    const outgoing = request({ host: "127.0.0.1", port, path, method, headers, agent: false }, (response) =>
      done(response.resume().statusCode!),
    );
    outgoing.on("error", failed).end(body);
  });
}

test("the diagram has the health of each part, and the services have replicas, image and URL", async () => {
  await until(`[...document.querySelectorAll(".wide .part")].some((part) => part.textContent.includes("HTTP 200"))`);
  const parts = (await page.evaluate(
    `[...document.querySelectorAll(".wide .part")].map((part) => part.dataset.part + ": " + (part.querySelector(".health")?.textContent ?? ""))`,
  )) as string[];
  expect(parts).toEqual(
    expect.arrayContaining([`cluster ${namespace}: reachable`, "image shop: ", "service shop: healthy 2/2", `URL ${host}: HTTP 200`]),
  );
  const { images } = await checkout.outputs();
  const text = (await page.evaluate(`${card("shop")}.innerText`)) as string;
  expect(text).toContain(/sha256:[0-9a-f]{12}/.exec(images["shop"]!)![0]);
  expect(text).toMatch(/ready\n2\/2\n/);
});

test.each(["/page/main.ts", "/package/preact.js", "/page/style.css"])("the page is loaded again if %s was not loaded", async (path) => {
  const opened = await browser.newPage();
  let failures = 0;
  await opened.setRequestInterception(true);
  opened.on("request", (asked) => {
    if (new URL(asked.url()).pathname !== path || failures === 2) return void asked.continue();
    failures++;
    void asked.abort("internetdisconnected");
  });
  await load(opened, () => opened.goto(url), ".service");
  // The number of attempts is kept until the page is complete.
  const isComplete = `document.readyState === "complete" && sessionStorage.length === 1 && document.querySelector(".service") !== null`;
  await opened.waitForFunction(isComplete, { timeout: 120_000 });
  expect(failures).toBe(2);
  await opened.close();
});

test("a log line appears as soon as it is printed, and can be searched", async () => {
  await show("logs");
  await page.waitForSelector(".lines");
  await get(host, "/version");
  await until(`[...document.querySelectorAll(".line")].some((line) => line.innerText.includes("path=/version"))`);
  await page.type("input[type=search]", 'msg":"serving');
  await until(`document.querySelector(".filters [role=status]").innerText.match(/^[2-9] of /)`);
  await page.evaluate(
    `(() => { const input = document.querySelector("input[type=search]"); input.value = ""; input.dispatchEvent(new InputEvent("input", { bubbles: true })); })()`,
  );
});

test("requests, latency, CPU and memory are drawn", async () => {
  await show("figures");
  await eventually(
    async () => (await get(host), await textOf("main")),
    (text) =>
      ["Requests per second", "Latency", "CPU", "Memory"].every((title) => text.includes(title)) && /all 0\.\d+|all [1-9]/.test(text),
  );
  expect(await page.evaluate(`document.querySelectorAll("canvas").length`)).toBeGreaterThanOrEqual(4);
});

test("health turns red at once after a crash, and the page is less than a second behind the cluster", async () => {
  await show("");
  const cluster = await checkout.cluster();
  const [pod] = await cluster.select("v1", "Pod", namespace, "app.kubernetes.io/name=probe");
  const id = String(pod!["status"].containerStatuses[0].containerID).replace("containerd://", "");
  const stop = new AbortController();
  const reported = new Promise<number>((done) => {
    const path = `/api/v1/namespaces/${namespace}/pods`;
    const seen = ({ status }: Record<string, { containerStatuses?: { ready: boolean }[] }>) =>
      status?.containerStatuses?.[0]?.ready === false && done(Date.now());
    void cluster.watch(path, { labelSelector: "app.kubernetes.io/name=probe" }, seen, stop.signal);
  });
  await until(`${card("probe")}?.classList.contains("good")`);
  const red = until(`${card("probe")}.classList.contains("bad") && Date.now()`);
  await command("docker", ["exec", `${namespace}-node`, "ctr", "--namespace", "k8s.io", "tasks", "kill", "--signal", "SIGKILL", id]);
  const shown = Number(await (await red).jsonValue());
  expect(shown - (await reported)).toBeLessThan(1000);
  stop.abort();
  await until(`${card("probe")}.classList.contains("good")`);
});

test("a failed rollout has its card, and the button rolls it back after showing the command", async () => {
  checkout.edit("app/main.go", "func main() {", 'func main() {\n\tprintln("about to crash")\n\tos.Exit(3)');
  expect((await checkout.run("up")).code).toBe(1);
  await until(`document.querySelector(".failure")?.innerText.includes("about to crash")`);
  expect(await textOf(".failure")).toContain("slipway rollback");
  await page.click('button[aria-label="Roll back shop"]');
  await page.waitForSelector("dialog[open]");
  const shown = `slipway rollback --service shop --stack ${checkout.stack}`;
  expect(await textOf("dialog code")).toBe(shown);
  await page.click("dialog button[type=submit]");
  await until(`document.querySelector(".command .badge")?.innerText === "succeeded"`);
  expect(await textOf(".command")).toMatch(new RegExp(`^${shown}.*rollback finished after`, "s"));
  await until(`document.querySelector(".failure") === null && ${card("shop")}.classList.contains("good")`);
  checkout.edit("app/main.go", 'func main() {\n\tprintln("about to crash")\n\tos.Exit(3)', "func main() {");
});

test("restart and scale change what runs", async () => {
  const cluster = await checkout.cluster();
  const deployment = async () => (await cluster.select("apps/v1", "Deployment", namespace, "app.kubernetes.io/name=shop"))[0]!;
  const { out } = await checkout.run("scale", {}, ["shop", "--replicas", "3"]);
  expect(out).toBe(`Deployment ${namespace}/shop has 3 replicas now; services.shop.replicas in the stack file is unchanged\n`);
  expect((await deployment())["spec"].replicas).toBe(3);
  await until(`${card("shop")}.innerText.includes("3/3")`);
  expect((await checkout.run("restart", {}, ["shop"])).out).toBe(`Deployment ${namespace}/shop replaces its pods\n`);
  expect((await deployment())["spec"].template.metadata.annotations["kubectl.kubernetes.io/restartedAt"]).toMatch(/^20\d\d-/);
  const unknown = await checkout.run("restart", {}, ["nothing"]);
  expect([unknown.code, unknown.out]).toEqual([1, 'error: There is no service "nothing". Known services: probe, shop.\n']);
  await until(`${card("shop")}.classList.contains("good")`);
});

test("traces and metrics of the sample application are shown", async () => {
  const program = join(checkout.folder, "app-with-telemetry");
  await command("go", ["build", "-tags=otel", "-o", program, "."], { cwd: "app" });
  const variables = {
    PORT: String(otherPort),
    OTEL_SERVICE_NAME: "traced",
    OTEL_EXPORTER_OTLP_ENDPOINT: new URL(url).origin,
    OTEL_METRIC_EXPORT_INTERVAL: "1000",
    OTEL_BSP_SCHEDULE_DELAY: "200",
  };
  const app: ChildProcess = spawn(program, { env: { ...process.env, ...variables }, stdio: "ignore" });
  try {
    await eventually(
      () => get("localhost", "/version", { port: otherPort }),
      ({ status }) => status === 200,
    );
    await show("telemetry");
    await until(`document.querySelector(".traces")?.innerText.includes("GET /version")`);
    await page.click(".traces button");
    await until(`document.querySelector(".waterfall")?.innerText.includes("GET /version")`);
    await until(`document.querySelector(".charts")?.innerText.includes("http.server.request.duration")`);
  } finally {
    app.kill();
  }
});

test.each(themes)("in the %s theme, %i pixels wide, axe finds nothing, and nothing overflows", async (scheme, width) => {
  const opened = await open(scheme, width);
  // A page that stays in front keeps the one of the next test from drawing.
  await using closing = new AsyncDisposableStack();
  closing.defer(() => opened.close());
  await opened.setBypassCSP(true);
  for (const view of views) {
    await show(view, opened);
    await load(opened, () => opened.reload(), "main h2");
    await opened.addScriptTag({ path: axe });
    const { violations, passes } = (await opened.evaluate("axe.run()")) as {
      violations: { id: string; nodes: { html: string }[] }[];
      passes: { id: string }[];
    };
    expect(violations.map(({ id, nodes }) => `${view} ${id}: ${nodes.map(({ html }) => html).join(" ")}`)).toEqual([]);
    expect(passes.map(({ id }) => id)).toContain("color-contrast");
    expect(await opened.evaluate("document.documentElement.scrollWidth")).toBe(width);
  }
});

test("the button changes the theme, and the choice stays", async () => {
  const background = () => page.evaluate("getComputedStyle(document.body).backgroundColor");
  expect(await background()).toBe("rgb(255, 255, 255)");
  await page.click("header button");
  expect(await background()).toBe("rgb(13, 17, 23)");
  await load(page, () => page.reload(), ".badge.good");
  expect(await background()).toBe("rgb(13, 17, 23)");
});

test("100,000 log lines scroll, with few of them in the page", async () => {
  const record = (i: number) => ({
    timeUnixNano: `${Date.now()}000000`,
    severityText: "INFO",
    body: { stringValue: `line ${i} of many, with some text after it` },
  });
  for (let batch = 0; batch < 10; batch++) {
    const logRecords = Array.from({ length: 10_000 }, (_, i) => record(batch * 10_000 + i));
    const body = JSON.stringify({ resourceLogs: [{ resource: { attributes: [] }, scopeLogs: [{ logRecords }] }] });
    expect(await send("/v1/logs", { "content-type": "application/json" }, body)).toBe(200);
  }
  await show("logs");
  await page.waitForSelector(".lines");
  await until(`/^10\\d,\\d{3} lines/.test(document.querySelector(".filters [role=status]").innerText)`);
  const longest = (await page.evaluate(`new Promise((done) => {
    const list = document.querySelector(".lines");
    let [frames, last, longest] = [0, performance.now(), 0];
    const step = (now) => {
      longest = Math.max(longest, now - last);
      last = now;
      list.scrollTop = (list.scrollHeight / 120) * (120 - frames);
      if (++frames < 120) requestAnimationFrame(step); else done(longest);
    };
    requestAnimationFrame(step);
  })`)) as number;
  // A frame takes 16 ms; a busy machine is slower, but drawing all lines would take seconds.
  expect(longest).toBeLessThan(1000);
  expect(await page.evaluate(`document.querySelectorAll(".line").length`)).toBeLessThan(150);
  await page.type("input[type=search]", "line 4711 of");
  await until(`document.querySelector(".filters [role=status]").innerText.startsWith("1 of ")`);
});

test("a flood of telemetry is accepted without growing without bound", async () => {
  const attributes = Array.from({ length: 32 }, (_, i) => ({ key: `key-${i}`, value: { stringValue: "x".repeat(500) } }));
  for (let batch = 0; batch < 60; batch++) {
    const spans = Array.from({ length: 150 }, (_, i) => ({
      ...{ traceId: (batch * 150 + i + 1).toString(16).padStart(32, "0"), spanId: "00000000000000a1", name: "flood", attributes },
      ...{ startTimeUnixNano: `${Date.now()}000000`, endTimeUnixNano: `${Date.now()}500000` },
    }));
    const body = JSON.stringify({ resourceSpans: [{ resource: { attributes: [] }, scopeSpans: [{ spans }] }] });
    expect(await send("/v1/traces", { "content-type": "application/json" }, body)).toBe(200);
  }
  // 160 MB were sent.
  const resident = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${dashboard.pid}/status`, "utf8"))![1]) / 1024;
  expect(resident).toBeLessThan(600);
});

test("a missing token, a foreign host and a foreign origin are rejected", async () => {
  const { port } = new URL(url);
  expect(await send("/api/logs?after=0", {})).toBe(401);
  expect(await send("/api/actions", {}, '{"kind":"restart","service":"web"}')).toBe(401);
  expect(await send("/", { host: `evil.example:${port}` })).toBe(403);
  expect(await send("/v1/traces", { origin: "https://evil.example", "content-type": "application/json" }, "{}")).toBe(403);
  // A page of another origin in the same browser: another port is another origin.
  const other = await browser.newPage();
  await other.goto(`http://127.0.0.1:${otherPort}/`).catch(() => undefined);
  await other.setContent("<p>malicious</p>");
  const attack = (path: string, options: string) =>
    other.evaluate(`fetch("${new URL(url).origin}${path}", ${options}).then((r) => r.type + r.status, () => "rejected")`);
  expect(await attack("/api/stream", "{}")).toBe("rejected");
  expect(await attack("/v1/traces", '{ method: "POST", body: "{}" }')).toBe("rejected");
  await other.close();
});

test("with --read-only, there are no buttons; a stack that is not up, and a port in use, are one sentence", async () => {
  const { port } = new URL(url);
  const used = await checkout.run("dashboard", {}, ["--no-open", "--port", port]);
  expect([used.code, used.out]).toEqual([
    1,
    `error: --port: ${port} is in use, perhaps by another dashboard. Choose another port, or 0 for any free one.\n`,
  ]);
  const readOnly = checkout.start("dashboard", {}, ["--no-open", "--port", "0", "--read-only"]);
  const address = await eventually(
    async () => /http:\S+/.exec(readOnly.output())?.[0],
    (found) => found !== undefined,
  );
  const watching = await browser.newPage();
  await load(watching, () => watching.goto(address!), ".service");
  expect(await watching.evaluate(`[...document.querySelectorAll("button")].map((button) => button.innerText)`)).toEqual(["Dark theme"]);
  await watching.close();
  process.kill(-readOnly.pid!, "SIGINT");
  expect((await readOnly.run).code).toBe(0);
});

test("the browser had nothing to complain about, and Ctrl-C ends the dashboard", async () => {
  expect(messages).toEqual([]);
  process.kill(-dashboard.pid!, "SIGINT");
  expect((await dashboard.run).code).toBe(0);
  await pollUntil(async () => (await textOf("header")).includes("reconnecting"), { timeoutSeconds: 30 });
});

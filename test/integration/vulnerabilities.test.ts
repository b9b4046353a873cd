import { randomUUID } from "node:crypto";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parse } from "yaml";
import { cacheFolder } from "../../lib/cache-folder.ts";
import { command } from "../../lib/command.ts";
import { ageProblem, currentDatabase, knownDatabase, updateDatabase } from "../../lib/vulnerabilities/database.ts";
import { Checkout, eventually, get, dockerPorts } from "./checkout.ts";

// Known vulnerabilities, with govulncheck and the database that the Go proxy has. The program has a vulnerable version of golang.org/x/text, and calls
// the vulnerable function only once a test has changed a line.

const stack = "integration-vulnerabilities";
const host = "vulnerable.localhost";
const parsing = 'language.MustParse("en")';
const id = "GO-2021-0113";
const settings = (more: object = {}) => ({ "slipway:supplyChain": { vulnerabilities: { scan: true, ...more } } });
const exception = { id: "CVE-2021-38561", reason: "the text is a constant", until: "2999-12-31" };
let checkout: Checkout;

beforeAll(async () => {
  checkout = new Checkout(stack, "docker");
  cpSync("test/integration/vulnerable-app", join(checkout.folder, "vulnerable-app"), { recursive: true });
  // A program that no earlier run has scanned.
  checkout.edit("vulnerable-app/main.go", "fmt.Println(", `fmt.Println("${randomUUID()}", `);
  configure();
});
afterAll(() => checkout[Symbol.asyncDispose]());

function configure(more: Record<string, unknown> = {}): void {
  checkout.configure({ web: { source: "vulnerable-app", host } }, {}, more);
}

interface Found {
  id: string;
  level: string;
  module: string;
  upgrade?: string;
  calls?: { function: string; position?: string }[];
  exception?: object;
}

async function scan(options: string[] = []): Promise<{ code: number | null; out: string; findings: Found[]; warnings: string[] }> {
  const { code, out } = await checkout.run("scan", {}, ["--json", ...options]);
  // Progress is before the document.
  const document = parse(out.slice(out.indexOf("{\n"))) as { services: { findings: Found[] }[]; warnings: string[] };
  return { code, out, findings: document.services.flatMap(({ findings }) => findings), warnings: document.warnings };
}

const textOf = (findings: Found[]) => findings.filter(({ module }) => module === "golang.org/x/text");

test("a scan tells what the program calls from what it only has, with the way and the command that upgrades", async () => {
  const first = await scan();
  expect(first.code).toBe(7);
  expect(first.out).toContain("scan web for vulnerabilities");
  expect(textOf(first.findings).filter(({ level }) => level === "reachable")).toEqual([]);
  expect(first.findings.find((one) => one.id === id)).toMatchObject({ level: "imported", fixed: "v0.3.7" });
  const again = await scan();
  expect(again.findings).toEqual(first.findings);
  expect(again.out).not.toContain("scan web for vulnerabilities");
  await changed(async () => {
    const { findings } = await scan();
    expect(findings.find((one) => one.id === id)).toMatchObject({
      level: "reachable",
      aliases: expect.arrayContaining(["CVE-2021-38561"]),
      version: "v0.3.5",
      calls: expect.arrayContaining([
        { function: "main.greet", position: "vulnerable-app/main.go:18" },
        { function: "language.MustParse" },
      ]),
      upgrade: "go -C vulnerable-app get golang.org/x/text@v0.3.7 && go -C vulnerable-app mod tidy",
    });
  });
});

test("the build tags and the environment of the service decide what is scanned", async () => {
  writeFileSync(
    join(checkout.folder, "vulnerable-app/parse.go"),
    `//go:build parsing\n\npackage main\n\nimport "golang.org/x/text/language"\n\nfunc init() { language.MustParse("en") }\n`,
  );
  const reachable = async (build: object) => {
    checkout.configure({ web: { source: "vulnerable-app", host, build } });
    return textOf((await scan()).findings).some(({ level }) => level === "reachable");
  };
  expect(await reachable({})).toBe(false);
  expect(await reachable({ tags: ["parsing"] })).toBe(true);
  expect(await reachable({ env: { GOFLAGS: "-tags=parsing" } })).toBe(true);
  rmSync(join(checkout.folder, "vulnerable-app/parse.go"));
  configure();
});

test("a workspace is scanned with its modules, also if the folder of the service has no go.mod", async () => {
  const work = join(checkout.folder, "work");
  const write = (file: string, text: string) => {
    mkdirSync(dirname(join(work, file)), { recursive: true });
    writeFileSync(join(work, file), text);
  };
  const text = "require golang.org/x/text v0.3.5";
  write("go.work", "go 1.24.0\n\nuse (\n\t./greeting\n\t./web\n)\n");
  for (const name of ["greeting", "web"]) {
    write(`${name}/go.mod`, `module dev.slipway/${name}\n\ngo 1.24.0\n\n${text}\n`);
    cpSync("test/integration/vulnerable-app/go.sum", join(work, name, "go.sum"));
  }
  write("greeting/greeting.go", `package greeting\n\nimport "golang.org/x/text/language"\n\nvar Tag = language.MustParse("en")\n`);
  write("web/main.go", `package main\n\nimport "dev.slipway/greeting"\n\nfunc main() { println(greeting.Tag.String()) }\n`);
  checkout.configure({ web: { source: "work", package: "web", host } });
  const { findings } = await scan();
  expect(findings.find((one) => one.id === id)).toMatchObject({
    level: "reachable",
    calls: expect.arrayContaining([expect.objectContaining({ position: expect.stringMatching(/^work\/greeting\/greeting\.go:\d+$/) })]),
    upgrade: "go -C work/web get golang.org/x/text@v0.3.7 && go -C work/web mod tidy",
  });
  rmSync(work, { recursive: true });
  configure();
});

test("an exception accepts a vulnerability by any of its names until a day", async () => {
  const all = (await scan()).findings.filter(({ level }) => level === "reachable").map((one) => ({ ...exception, id: one.id }));
  configure(settings({ exceptions: all }));
  expect((await scan()).code).toBe(0);
  configure(settings({ exceptions: [...all.map((one) => ({ ...one, until: "2020-01-31" })), { ...exception, id: "CVE-1" }] }));
  const { code, warnings } = await scan();
  expect(code).toBe(7);
  expect(warnings.filter((one) => one.includes("expired on 2020-01-31"))).toHaveLength(all.length);
  expect(warnings).toContain(`slipway:supplyChain.vulnerabilities.exceptions[${all.length}]: matches no vulnerability (CVE-1). Remove it.`);
  configure();
});

describe("a deployed stack that requires scans", () => {
  beforeAll(async () => {
    configure(settings());
    const { code, out } = await checkout.run("up");
    expect([code, out]).toEqual([0, expect.any(String)]);
    await eventually(
      () => get(host, "/", { port: dockerPorts.http }),
      ({ status }) => status === 200,
    );
  });

  test("an unchanged stack has only what was there before, and the gate is open", async () => {
    const { code, out } = await checkout.run("gate");
    expect([code, out]).toEqual([0, expect.stringContaining("open")]);
    expect((await checkout.run("impact")).out).toMatch(/^reachable vulnerabilities: 0 introduced, [1-9]\d* existing$/m);
  });

  test("a line that makes a vulnerable function reachable is in the preview, and closes the gate", async () => {
    await changed(async () => {
      const preview = await checkout.run("preview");
      expect([preview.code, preview.out]).toEqual([
        0,
        expect.stringMatching(/^reachable vulnerabilities: 1 introduced, [1-9]\d* existing$/m),
      ]);
      expect(preview.out).toContain(`✗ web: ${id} (CVE-2021-38561`);
      expect(preview.out).toMatch(
        /this change makes it reachable: main\.main \(vulnerable-app\/main\.go:\d+\) → .*main\.greet \(vulnerable-app\/main\.go:18\) → language\.MustParse/,
      );
      expect(preview.out).toContain(
        "golang.org/x/text v0.3.5, fixed in v0.3.7: go -C vulnerable-app get golang.org/x/text@v0.3.7 && go -C vulnerable-app mod tidy",
      );
      const gate = await checkout.run("gate");
      expect(gate.code).toBe(3);
      expect(gate.out).toContain(`✗ web: this change makes ${id} (CVE-2021-38561`);
      configure(settings({ exceptions: [exception] }));
      expect((await checkout.run("gate")).code).toBe(0);
      configure(settings());
    });
  });

  test("maxSeverity also closes the gate for what was there before, because Go's database has no severities", async () => {
    configure({ "slipway:supplyChain": { maxSeverity: "critical" } });
    const { code, out } = await checkout.run("gate");
    expect([code, out]).toEqual([3, expect.stringMatching(/✗ web: above maxSeverity critical: GO-\d{4}-\d+/)]);
    configure(settings());
  });

  test("without a database the gate is closed, because the stack requires scans", async () => {
    const empty = mkdtempSync(join(tmpdir(), "slipway-cache-"));
    try {
      linkCache(empty);
      const env = { XDG_CACHE_HOME: empty, GOPROXY: "off" };
      const { code, out } = await checkout.run("gate", env);
      expect([code, out]).toEqual([
        3,
        expect.stringContaining(
          "web: was not scanned for vulnerabilities, which the stack requires (slipway:supplyChain): there is no vulnerability database.",
        ),
      ]);
      configure();
      expect((await checkout.run("gate", env)).code).toBe(0);
    } finally {
      configure(settings());
      rmSync(empty, { recursive: true });
    }
  });
});

describe("the database", () => {
  const before = process.env["XDG_CACHE_HOME"];
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "slipway-cache-"));
    linkCache(folder);
    process.env["XDG_CACHE_HOME"] = folder;
  });
  afterEach(() => {
    if (before === undefined) delete process.env["XDG_CACHE_HOME"];
    else process.env["XDG_CACHE_HOME"] = before;
    rmSync(folder, { recursive: true });
  });

  test("the newest version of the proxy is used, once, and without the proxy the one before stays", async () => {
    expect(await knownDatabase()).toBeUndefined();
    const proxy = await proxyWith(folder, "2026-11-01T10:00:00Z");
    const { database, problem } = await updateDatabase(proxy.env);
    expect([problem, database]).toEqual([undefined, { folder: expect.any(String), version: proxy.version, date: "2026-11-01T10:00:00Z" }]);
    expect(existsSync(join(database!.folder, "index/modules.json"))).toBe(true);
    expect(await knownDatabase()).toEqual(database);
    const next = await proxyWith(folder, "2026-11-20T10:00:00Z");
    // Recent enough.
    expect(await currentDatabase(new Date("2026-11-15T10:00:00Z"), next.env)).toEqual({ database });
    // 15 days and more.
    const offline = await currentDatabase(new Date("2026-11-16T11:00:00Z"), { GOPROXY: "off" });
    expect(offline).toEqual({ database, problem: expect.stringMatching(/^the vulnerability database was not updated: .*GOPROXY=off\.$/) });
    // Not asked again within an hour.
    expect(await currentDatabase(new Date("2026-11-16T11:59:00Z"), next.env)).toEqual({ database });
    const updated = await currentDatabase(new Date("2026-11-16T12:00:00Z"), next.env);
    expect(updated).toEqual({ database: { folder: expect.any(String), version: next.version, date: "2026-11-20T10:00:00Z" } });
    expect(ageProblem(updated.database!, new Date("2026-12-04T10:00:00Z"))).toBeUndefined();
    expect(ageProblem(updated.database!, new Date("2026-12-05T10:00:00Z"))).toBe(
      "the vulnerability database is 15 days old (2026-11-20), so newer vulnerabilities are missing. Update it: slipway scan --update",
    );
  });

  test("two runs at the same time make it once, and only the last two are kept", async () => {
    const versions: string[] = [];
    for (const day of ["01", "02", "03"]) {
      const proxy = await proxyWith(folder, `2026-11-${day}T10:00:00Z`);
      versions.push(proxy.version);
      const both = await Promise.all([updateDatabase(proxy.env), updateDatabase(proxy.env)]);
      expect(both[0]).toEqual(both[1]);
    }
    expect(readdirSync(cacheFolder("vulnerabilities", "databases")).sort()).toEqual(versions.slice(1));
  });
});

/** Runs `work` with the line that reaches the vulnerable function. */
async function changed(work: () => Promise<void>): Promise<void> {
  checkout.edit("vulnerable-app/main.go", "language.English", parsing);
  try {
    await work();
  } finally {
    checkout.edit("vulnerable-app/main.go", parsing, "language.English");
  }
}

/** Puts the programs that were built already into another cache. */
function linkCache(folder: string): void {
  mkdirSync(join(folder, "slipway"));
  const programs = join(process.env["XDG_CACHE_HOME"] ?? join(process.env["HOME"]!, ".cache"), "slipway");
  for (const name of readdirSync(programs))
    if (name !== "vulnerabilities") symlinkSync(join(programs, name), join(folder, "slipway", name));
}

/** A folder as Go proxy, with one version of the database that has one vulnerability. */
async function proxyWith(folder: string, time: string): Promise<{ version: string; env: Record<string, string> }> {
  const version = `v0.0.0-${time.replaceAll(/\D/g, "")}-0123456789ab`;
  const root = mkdtempSync(join(folder, "proxy-"));
  const module = `golang.org/x/vulndb@${version}`;
  const content = join(root, module);
  mkdirSync(join(content, "data/osv"), { recursive: true });
  writeFileSync(join(content, "go.mod"), "module golang.org/x/vulndb\n");
  const known = await command("go", ["mod", "download", "-json", "golang.org/x/vulndb@latest"], { cwd: root });
  const { Dir } = JSON.parse(known) as { Dir: string };
  cpSync(join(Dir, `data/osv/${id}.json`), join(content, `data/osv/${id}.json`));
  await command("zip", ["-qrD", "content.zip", "golang.org"], { cwd: root });
  const listed = join(root, "golang.org/x/vulndb/@v");
  mkdirSync(listed, { recursive: true });
  writeFileSync(join(listed, "list"), "");
  const info = JSON.stringify({ Version: version, Time: time });
  writeFileSync(join(listed, `${version}.info`), info);
  writeFileSync(join(listed, "../@latest"), info);
  writeFileSync(join(listed, `${version}.mod`), "module golang.org/x/vulndb\n");
  cpSync(join(root, "content.zip"), join(listed, `${version}.zip`));
  return { version, env: { GOPROXY: `file://${root}`, GONOSUMDB: "*", GOMODCACHE: join(root, "modules"), GOFLAGS: "-modcacherw" } };
}

import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import writeFileAtomic from "write-file-atomic";
import { cacheFolder } from "../cache-folder.ts";
import { command } from "../command.ts";
import { lockedInTurn } from "../file-lock.ts";
import { goProgram } from "../go-program.ts";
import { step } from "../progress.ts";

/** Go's vulnerability database as a folder on this machine, https://go.dev/security/vuln/database. */
export interface VulnerabilityDatabase {
  folder: string;
  /** Version of the Go module golang.org/x/vulndb, which its entries are from. */
  version: string;
  /** The time of that version. RFC 3339, in UTC. */
  date: string;
}

/** A database that is older is reported. */
export const maxAgeDays = 14;

const vulndb = "golang.org/x/vulndb";

/** The database of this machine. Undefined if it has not been downloaded. */
export async function knownDatabase(): Promise<VulnerabilityDatabase | undefined> {
  const text = await readFile(recordFile(), "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  const { version, date } = JSON.parse(text) as Omit<VulnerabilityDatabase, "folder">;
  const folder = folderOf(version);
  return existsSync(folder) ? { folder, version, date } : undefined;
}

/** A database, and why it could not be updated. */
export interface DatabaseUpdate {
  /** @default - it could not be downloaded, and this machine had no earlier one */
  database?: VulnerabilityDatabase;
  /** Why it is not the newest. @default - it is */
  problem?: string;
}

/**
 * Gets the newest database that the Go proxy has. One from before is kept if that fails.
 *
 * @param env Variables for Go, such as GOPROXY. @default - those of this process
 */
export function updateDatabase(env: Record<string, string> = {}): Promise<DatabaseUpdate> {
  const update = async (): Promise<DatabaseUpdate> => {
    try {
      return { database: await newestDatabase(env) };
    } catch (error) {
      const database = await knownDatabase();
      return { ...(database && { database }), problem: `the vulnerability database was not updated: ${reasonIn(error as Error)}` };
    }
  };
  return lockedInTurn(cacheFolder("vulnerabilities"), "The vulnerability database", "slipway scan --update", update);
}

/** How old a database is, if it is too old. `now` is the time to compare with. */
export function ageProblem({ date }: Pick<VulnerabilityDatabase, "date">, now: Date): string | undefined {
  const days = Math.floor((now.getTime() - new Date(date).getTime()) / 86_400_000);
  return days > maxAgeDays
    ? `the vulnerability database is ${days} days old (${date.slice(0, 10)}), so newer vulnerabilities are missing. Update it: slipway scan --update`
    : undefined;
}

/** An hour: the proxy may have no newer one, or not answer, and each preview would wait for it. */
const retryMs = 3_600_000;

/** The database of this machine, or the newest one if it is missing or too old. */
export async function currentDatabase(now: Date, env: Record<string, string> = {}): Promise<DatabaseUpdate> {
  const database = await knownDatabase();
  if (database !== undefined && ageProblem(database, now) === undefined) return { database };
  const record = cacheFolder("vulnerabilities", "asked");
  const asked = await readFile(record, "utf8").catch(() => undefined);
  if (database !== undefined && asked !== undefined && now.getTime() - new Date(asked).getTime() < retryMs) return { database };
  const update = await updateDatabase(env);
  await writeFileAtomic(record, now.toISOString());
  return update;
}

interface Download {
  Version: string;
  /** File with the version and its time. */
  Info: string;
  /** The folder with the module. */
  Dir: string;
}

async function newestDatabase(env: Record<string, string>): Promise<VulnerabilityDatabase> {
  const download = await step("download the vulnerability database", () => downloadModule(env));
  const { Time: date } = JSON.parse(await readFile(download.Info, "utf8")) as { Time: string };
  const database = { folder: folderOf(download.Version), version: download.Version, date };
  if (!existsSync(database.folder)) await index(join(download.Dir, "data", "osv"), database.folder);
  await writeFileAtomic(recordFile(), JSON.stringify({ version: database.version, date }));
  await removeEarlier(database.version);
  return database;
}

/** Outside of a module, so that none on this machine decides the version. */
async function downloadModule(env: Record<string, string>): Promise<Download> {
  const cwd = await mkdtemp(join(await inCache(), "download-"));
  const alone = { GOWORK: "off", GOFLAGS: "", ...env };
  try {
    return JSON.parse(
      await command("go", ["mod", "download", "-json", `${vulndb}@latest`], { cwd, env: alone, timeoutSeconds: 300 }),
    ) as Download;
  } finally {
    await rm(cwd, { recursive: true });
  }
}

/** Makes a database of entries, with the program of the Go team. A run that is killed leaves no half of one. */
async function index(entries: string, folder: string): Promise<void> {
  const program = await goProgram(join(import.meta.dirname, "..", "vulnerability-index"));
  const unfinished = await mkdtemp(join(await inCache(), "index-"));
  try {
    await step("index the vulnerability database", () => command(program, ["-vulns", entries, "-out", unfinished]));
    await rename(unfinished, folder);
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
}

/** Another run may still use the one before. */
async function removeEarlier(version: string): Promise<void> {
  const names = (await readdir(cacheFolder("vulnerabilities", "databases"))).filter((name) => name !== version);
  const times = await Promise.all(names.map(async (name) => ({ name, time: (await stat(folderOf(name))).mtimeMs })));
  for (const { name } of times.sort((a, b) => b.time - a.time).slice(1)) await rm(folderOf(name), { recursive: true, force: true });
}

function folderOf(version: string): string {
  return cacheFolder("vulnerabilities", "databases", version);
}

function recordFile(): string {
  return cacheFolder("vulnerabilities", "database.json");
}

async function inCache(): Promise<string> {
  const folder = cacheFolder("vulnerabilities", "databases");
  await mkdir(folder, { recursive: true });
  return folder;
}

/** The last line that a program printed, without the command. `go mod download -json` prints its error as JSON. */
function reasonIn({ message }: Error): string {
  const lines = message.split("\n").map((line) => line.replace(/^ {2}(\| )?/, "").trim());
  const json = lines.find((line) => line.startsWith('"Error":'));
  const said =
    json === undefined
      ? lines.findLast((line) => line !== "" && line !== "}")
      : (JSON.parse(`{${json.replace(/,$/, "")}}`) as { Error: string }).Error;
  return said!.replace(/^go: /, "").replace(/\.?$/, ".");
}

import { dirname, join, relative } from "node:path";
import { command } from "../command.ts";
import { goProgram } from "../go-program.ts";
import type { VulnerabilityDatabase } from "./database.ts";
import { Level, sorted, worse, type Finding, type Frame } from "./finding.ts";

/** A Go program in source. */
export interface GoSource {
  /** The folder in which `go` runs. */
  folder: string;
  /** `.` or `./cmd/web`. */
  package: string;
  tags: string[];
  /** Environment variables of the compiler besides those of this process. */
  env: Record<string, string>;
}

/** What govulncheck says of a program. */
export interface GoReport {
  findings: Finding[];
  /** Modules in the program: `golang.org/x/text@v0.40.0`, `stdlib@v1.26.8`. */
  modules: string[];
}

/**
 * Path of govulncheck, which is built once for each version of Go: it reads what that version compiles, and no newer one.
 *
 * @param version `go1.26.8`. @default - that on the PATH
 */
export async function govulncheckProgram(version?: string): Promise<string> {
  const module = join(import.meta.dirname, "..", "govulncheck");
  const wanted = version ?? (await toolchainOf({ folder: module, env: {} })).version;
  // Distributions add to the version what no toolchain is called.
  return goProgram(module, /^go\d+(\.\d+){1,2}$/.test(wanted) ? wanted : undefined);
}

/** Finds the vulnerabilities of a program, and how it calls them, in its source. Takes seconds. */
export async function scanSource(source: GoSource, database: VulnerabilityDatabase): Promise<GoReport> {
  const { folder, package: goPackage, tags, env } = source;
  const args = [...inJson(database), ...(tags.length > 0 ? ["-tags", tags.join(",")] : []), goPackage];
  const { version } = await toolchainOf(source);
  const program = await govulncheckProgram(version);
  const [printed, modules] = await Promise.all([
    command(program, args, { cwd: folder, env }),
    command("go", ["list", "-m", "-f", "{{.Path}}\t{{.Dir}}"], { cwd: folder, env }),
  ]);
  return reportIn(
    printed,
    new Map(
      modules
        .trim()
        .split("\n")
        .map((line) => line.split("\t") as [string, string]),
    ),
  );
}

/**
 * Finds the vulnerabilities of a program whose functions are in the program. It must have a symbol table.
 *
 * @param version The version of Go that has compiled it.
 */
export async function scanProgram(file: string, version: string, database: VulnerabilityDatabase): Promise<GoReport> {
  return reportIn(await command(await govulncheckProgram(version), [...inJson(database), "-mode", "binary", file]));
}

function inJson({ folder }: VulnerabilityDatabase): string[] {
  return ["-db", `file://${folder}`, "-format", "json"];
}

// The messages of govulncheck: https://pkg.go.dev/golang.org/x/vuln/internal/govulncheck.

interface Message {
  SBOM?: { modules?: { path: string; version?: string }[]; roots?: string[] };
  osv?: Entry;
  finding?: { osv: string; fixed_version?: string; trace: Call[] };
}

/** https://ossf.github.io/osv-schema/ */
interface Entry {
  id: string;
  aliases?: string[];
  summary?: string;
  details?: string;
  database_specific?: { url?: string };
}

interface Call {
  module: string;
  version?: string;
  package?: string;
  function?: string;
  receiver?: string;
  position?: { filename: string; line: number };
}

/**
 * The findings in what govulncheck prints.
 *
 * @param folders Folders of the project's own modules, by their paths. Only their files are named.
 */
export function reportIn(printed: string, folders = new Map<string, string>()): GoReport {
  // Each message is an object over several lines.
  const messages = printed
    .split(/(?<=^\}\n)/m)
    .filter((text) => text.trim() !== "")
    .map((text) => JSON.parse(text) as Message);
  const entries = new Map(messages.flatMap(({ osv }) => (osv ? [[osv.id, osv]] : [])));
  const { modules = [], roots = [] } = messages.find(({ SBOM }) => SBOM)?.SBOM ?? {};
  const found = new Map<string, Finding>();
  for (const { finding } of messages) {
    if (!finding) continue;
    const one = findingOf(finding, entries.get(finding.osv)!, roots, folders);
    const known = found.get(one.id);
    found.set(one.id, known ? worse(known, one) : one);
  }
  return {
    findings: sorted([...found.values()]),
    modules: modules.map(({ path, version }) => (version === undefined ? path : `${path}@${version}`)).sort(),
  };
}

function findingOf(
  { fixed_version: fixed, trace }: NonNullable<Message["finding"]>,
  { id, aliases = [], summary, details = "", database_specific: { url } = {} }: Entry,
  roots: string[],
  folders: Map<string, string>,
): Finding {
  const [vulnerable] = trace;
  const { module, version = "", package: goPackage, function: name } = vulnerable!;
  const level = name !== undefined ? Level.Reachable : goPackage !== undefined ? Level.Imported : Level.Required;
  return {
    id,
    aliases,
    summary: summary ?? details.split("\n")[0]!,
    url: url ?? `https://pkg.go.dev/vuln/${id}`,
    module,
    version,
    ...(fixed !== undefined && { fixed }),
    level,
    ...(level === Level.Reachable && { calls: trace.map((call) => frameOf(call, roots, folders)).reverse() }),
  };
}

function frameOf(call: Call, roots: string[], folders: Map<string, string>): Frame {
  const { module, package: path = "", receiver, function: name = "", position } = call;
  const goPackage = roots.includes(path) ? "main" : path.slice(path.lastIndexOf("/") + 1);
  const folder = folders.get(module);
  return {
    function: [goPackage, receiver?.replace(/^\*/, ""), name].filter(Boolean).join("."),
    ...(folder !== undefined && position && { position: `${relative(".", join(folder, position.filename))}:${position.line}` }),
  };
}

/** The toolchain of a program in source, and what decides on it. */
export interface GoToolchain {
  /** `go1.26.8`. */
  version: string;
  /** Whether Go must not use another toolchain than the one on the PATH, or the one that a setting names. */
  fixed: boolean;
  /** Path of the go.work. Empty without a workspace. */
  workspace: string;
}

export async function toolchainOf({ folder, env }: Pick<GoSource, "folder" | "env">): Promise<GoToolchain> {
  const printed = await command("go", ["env", "-json", "GOVERSION", "GOTOOLCHAIN", "GOWORK"], { cwd: folder, env });
  const { GOVERSION: version = "", GOTOOLCHAIN: toolchain = "", GOWORK: workspace = "" } = JSON.parse(printed) as Record<string, string>;
  // https://go.dev/doc/toolchain#select
  return {
    version,
    fixed: !/^auto$|^path$|\+(auto|path)$/.test(toolchain),
    workspace: workspace === "off" ? "" : workspace && dirname(workspace),
  };
}

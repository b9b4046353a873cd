import { readFileSync, writeFileSync } from "node:fs";
import { dockerPlatforms, supportedSettings } from "../config/support.ts";
import type { Support } from "../config/schema/setting.ts";
import { UserError } from "../lib/user-error.ts";
import { features } from "../test/platform-support.ts";

const supported = "the same";

/** A table in the docs that is generated from the sources. */
export interface Table {
  file: string;
  /** The lines before and after it. */
  begin: string;
  end: string;
  rows: string[][];
}

const platforms = ["local", "docker", "swarm", "eks"] as const;

/** The features of every platform, and what each key of a service means on the Docker platforms. */
export const tables: Table[] = [
  {
    file: "docs/PLATFORMS.md",
    begin: "<!-- platforms: generated from test/platform-support.ts by `npm run fix` -->",
    end: "<!-- end of platforms -->",
    rows: [["", ...platforms.map((platform) => `\`${platform}\``)], ...features.map((f) => [f.what, ...platforms.map((p) => f[p].says)])],
  },
  {
    file: "docs/DOCKER.md",
    begin: "<!-- keys: generated from config/schema/service.ts by `npm run fix` -->",
    end: "<!-- end of keys -->",
    rows: [["Key", ...dockerPlatforms], ...supportRows()],
  },
];

/** Every setting of a service. A group of which nothing special is to be said, and a setting that is like its group, have no row. */
function supportRows(): string[][] {
  const cells = supportedSettings.map(({ path, on }) => [path.join("."), ...dockerPlatforms.map((platform) => describe(on[platform]))]);
  return cells
    .filter(
      ([path, ...texts]) =>
        !cells.some(
          ([above, ...same]) => path!.startsWith(`${above}.`) && texts.every((text, i) => text === same[i] || text === supported),
        ),
    )
    .filter(([path, ...texts]) => texts.some((text) => text !== supported) || !cells.some(([below]) => below!.startsWith(`${path}.`)))
    .map(([path, ...texts]) => [`\`${path}\``, ...texts]);
}

function describe({ how, reject }: Support): string {
  const why = reject?.(undefined);
  if (why === undefined) return how ?? supported;
  return [how, `${how ? "otherwise " : ""}rejected: ${why}`].filter(Boolean).join("; ");
}

/** The rows of a table in its file. */
export function rowsInFile(table: Table): string[][] {
  const lines = split(table).rows.split("\n");
  const rows = lines.filter((line) => line.startsWith("|") && !line.startsWith("| -"));
  return rows.map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

/** Writes the tables into their files. Prettier aligns them. */
export function writeTables(): void {
  for (const table of tables) {
    const { before, after } = split(table);
    const [head, ...body] = table.rows.map((row) => `| ${row.join(" | ")} |`);
    const text = [head, `| ${table.rows[0]!.map(() => "---").join(" | ")} |`, ...body].join("\n");
    writeFileSync(table.file, `${before}\n\n${text}\n\n${after}`);
  }
}

/** The text of a file up to the end of the first marker, between the markers, and from the second marker on. */
function split({ file, begin, end }: Table): { before: string; rows: string; after: string } {
  const text = readFileSync(file, "utf8");
  const from = text.indexOf(begin) + begin.length;
  const to = text.indexOf(end);
  if (from < begin.length || to < from) throw new UserError(`${file}: must contain "${begin}" and, below it, "${end}". Add both lines.`);
  return { before: text.slice(0, from), rows: text.slice(from, to), after: text.slice(to) };
}

import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { formatImport } from "../../../cli/compose/format.ts";
import { importCompose, type Imported } from "../../../cli/compose/import.ts";

const folder = resolve("test/fixtures/compose");

/** Compose files in the style of public projects, each with the report and the stack file that an import makes of it. */
export const fixtures = readdirSync(folder).sort();

/** Variables that files require. */
const variables: Record<string, string> = {
  edge: "IMAGE=example/frontend:2\nNGINX_TAG=1.29\n",
  shop: "REGISTRY=127.0.0.1:5000\nDB_PASSWORD=Hunter22\n",
};

export interface Result {
  imported: Imported;
  /** The stack file as it is written. */
  written: string;
  /** The report and the stack file, without what differs each time. */
  text: string;
}

/** Imports a copy of a fixture in a temporary folder. */
export async function importFixture(
  name: string,
  { platform = "local", profiles = [] }: { platform?: "local" | "docker" | "swarm"; profiles?: string[] } = {},
): Promise<Result> {
  const checkout = process.cwd();
  const copy = mkdtempSync(join(tmpdir(), "slipway-import-"));
  cpSync(join(folder, name), copy, { recursive: true });
  if (variables[name]) writeFileSync(join(copy, ".env"), variables[name]);
  process.chdir(copy);
  try {
    const imported = await importCompose("compose.yaml", { stack: "shop", platform, profiles });
    const written = readFileSync(imported.stackFile, "utf8");
    const text = `${formatImport("compose.yaml", "shop", imported)}\n${written}`
      .replace(/(encryptionsalt|secure): v1:.*/g, "$1: …")
      .replaceAll(copy, ".");
    return { imported, written, text };
  } finally {
    process.chdir(checkout);
    rmSync(copy, { recursive: true });
  }
}

/** What an import of a fixture is expected to print and to write. */
export function expectedOf(name: string): string {
  return join(folder, name, "expected.txt");
}

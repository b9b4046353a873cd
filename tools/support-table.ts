import { readFileSync, writeFileSync } from "node:fs";
import { enginePlatforms, support } from "../settings/support.ts";

const file = "docs/DOCKER.md";
const [begin, end] = ["<!-- keys: written by tools/support-table.ts -->", "<!-- end of keys -->"];

/** Every key of a service with what becomes of it, as rows of a table. */
export function supportRows(): string[][] {
  const cell = (key: string, platform: (typeof enginePlatforms)[number]) => {
    const { how, refuse } = support[key]![platform];
    const why = refuse?.(undefined);
    return [how, why && `${how ? "else " : ""}refused: ${why}`].filter(Boolean).join("; ");
  };
  return Object.keys(support).map((key) => [`\`${key}\``, ...enginePlatforms.map((platform) => cell(key, platform))]);
}

if (import.meta.main) {
  const text = readFileSync(file, "utf8");
  const rows = [["Key", ...enginePlatforms], ["---", "---", "---"], ...supportRows()].map((row) => `| ${row.join(" | ")} |`);
  writeFileSync(file, `${text.slice(0, text.indexOf(begin) + begin.length)}\n\n${rows.join("\n")}\n\n${text.slice(text.indexOf(end))}`);
}

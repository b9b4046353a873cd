import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { formatHtml } from "./html.ts";
import { formatMarkdown } from "./markdown.ts";
import type { Review } from "../review.ts";

/** Writes report.md and report.html to a folder, and returns their paths. */
export function writeReport(review: Review, folder: string): string[] {
  mkdirSync(folder, { recursive: true });
  const contents = { "report.md": formatMarkdown(review), "report.html": formatHtml(review) };
  return Object.entries(contents).map(([name, content]) => {
    const file = join(folder, name);
    writeFileSync(file, content);
    return file;
  });
}

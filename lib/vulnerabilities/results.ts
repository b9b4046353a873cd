import { createHash } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import writeFileAtomic from "write-file-atomic";
import { cacheFolder } from "../cache-folder.ts";

/** The result of a scan, from an earlier run if it had the same key. */
export async function once<T>(key: unknown[], scan: () => Promise<T>): Promise<T> {
  const name = createHash("sha256").update(JSON.stringify(key)).digest("hex").slice(0, 24);
  const file = cacheFolder("vulnerabilities", "results", `${name}.json`);
  const known = await readFile(file, "utf8").then(
    (text) => JSON.parse(text) as T,
    () => undefined,
  );
  if (known !== undefined) return known;
  const result = await scan();
  await mkdir(dirname(file), { recursive: true });
  await writeFileAtomic(file, JSON.stringify(result));
  return result;
}

import { readdirSync, readFileSync } from "node:fs";
import { command } from "../../lib/command.ts";
import { toolProgram } from "../../scripts/tool-programs.ts";

const files = readdirSync(".github/workflows").map((file) => `.github/workflows/${file}`);

test("actionlint has no findings in the workflows", async () => {
  const { path } = await toolProgram("actionlint");
  expect(await command(path, files)).toBe("");
});

test.each(files)("in %s every action is pinned to a commit, and no permission is granted by default", (file) => {
  const text = readFileSync(file, "utf8");
  const used = [...text.matchAll(/uses: (\S+)( # v[\d.]+)?$/gm)];
  expect(used.length).toBeGreaterThan(0);
  for (const [, action, version] of used) expect([action, version]).toEqual([expect.stringMatching(/@[0-9a-f]{40}$/), expect.any(String)]);
  expect(text).toMatch(/^permissions: \{\}$/m);
});

import { readFileSync } from "node:fs";
import { rowsInFile, tables } from "../../../scripts/tables.ts";
import { features, type Cell } from "../../platform-support.ts";

const cells = features.flatMap(({ what, ...platforms }) =>
  Object.entries<Cell>(platforms).map(([platform, cell]) => ({ at: `${what}: ${platform}`, ...cell })),
);

/** Names of the tests in a file, as in its source. */
function testsIn(file: string): string[] {
  const names = /^\s*(?:test|here)(?:\.each\([^\n]*\))?\(\s*"((?:[^"\\]|\\.)*)"/gm;
  return [...readFileSync(`test/${file}`, "utf8").matchAll(names)].map(([, name]) => name!);
}

test.each(tables)("the table in $file is up to date (npm run fix updates it)", (table) => {
  expect(rowsInFile(table)).toEqual(table.rows);
});

test("every test that a cell names exists", () => {
  const missing = cells.flatMap(({ at, by }) =>
    by.flatMap((test) => {
      const [file = "", ...name] = test.split(": ");
      return testsIn(file).includes(name.join(": ")) ? [] : [`${at}: ${test}`];
    }),
  );
  expect(missing).toEqual([]);
});

test("a tested feature has an integration test, a planned or rejected one any test, and the others none", () => {
  const wrong = cells.filter(({ says, by }) => {
    if (/^tested\b/.test(says)) return !by.some((test) => test.startsWith("integration/"));
    if (/^(planned|rejected)\b/.test(says)) return by.length === 0;
    return by.length > 0 || !/^(–|not tested)(?=$|:)/.test(says);
  });
  expect(wrong).toEqual([]);
});

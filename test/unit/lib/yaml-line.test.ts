import { lineFinder } from "../../../lib/yaml-line.ts";

const text = `# a comment
a:
  b.c: 1
  list:
    - x
    - key: y
8080: number
`;

test.each([
  [["a"], 2],
  [["a", "b.c"], 3],
  [["a", "list", 1], 6],
  [["a", "list", 1, "key"], 6],
  [["8080"], 7],
  [["a", "d"], undefined],
  [["a", "list", "x"], undefined],
  [["a", "b.c", "d"], undefined],
  [[], undefined],
])("the key or item at %j is in line %j", (path, line) => {
  expect(lineFinder(text)(path)).toBe(line);
});

import { formatBytes, parseQuantity } from "../../../lib/quantity.ts";

test.each([
  ["250m", 0.25],
  ["2", 2],
  ["1.5", 1.5],
  ["3k", 3000],
  ["4M", 4e6],
  ["5G", 5e9],
  ["6T", 6e12],
  ["1.5Ki", 1536],
  ["64Mi", 67_108_864],
  ["2Gi", 2_147_483_648],
  ["1Ti", 1_099_511_627_776],
])("the quantity %s is %d", (text, value) => {
  expect(parseQuantity(text)).toBe(value);
});

test.each(["", "m", "1 Gi", "-1", "1.", ".5", "1e3", "1mi", "1Gi2", "x1"])("%j is not a quantity", (text) => {
  expect(parseQuantity(text)).toBeUndefined();
});

test("bytes are formatted in the largest unit that holds them exactly", () => {
  expect([1, 1024, 1536, 1_048_576, 67_108_864, 1_610_612_736, 1_073_741_824, 1.5].map(formatBytes)).toEqual([
    "1",
    "1Ki",
    "1536",
    "1Mi",
    "64Mi",
    "1536Mi",
    "1Gi",
    "1",
  ]);
});

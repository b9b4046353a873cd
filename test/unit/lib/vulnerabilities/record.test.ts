import { causeOf, recordOf, recordsIn } from "../../../../lib/vulnerabilities/record.ts";
import type { Finding, Level } from "../../../../lib/vulnerabilities/finding.ts";

const finding = (id: string, level: Level = "reachable", version = "v0.3.5"): Finding => ({
  id,
  aliases: [],
  summary: "",
  url: "",
  module: "golang.org/x/text",
  version,
  level,
});
const record = recordOf(
  {
    findings: [finding("GO-1"), finding("GO-2", "imported"), finding("GO-3", "required")],
    modules: ["golang.org/x/text@v0.3.5", "stdlib@v1.26.8"],
  },
  "v1",
);

test("a record has the IDs and a hash of each module", () => {
  expect(record).toEqual({
    database: "v1",
    reachable: ["GO-1"],
    others: ["GO-2", "GO-3"],
    modules: expect.stringMatching(/^[0-9a-f]{16}$/),
  });
  expect(recordsIn({ images: {}, vulnerabilities: { web: record } })).toEqual({ web: record });
});

test("outputs without records, or with others, have none", () => {
  expect(recordsIn({ images: {} })).toEqual({});
  expect(recordsIn({ vulnerabilities: { web: "of another version" } })).toEqual({});
});

test("what the last deployment called too is existing", () => {
  expect(causeOf(finding("GO-1"), record, true)).toBe("existing");
});

test("what it only had, and what is in another version of a module, is introduced", () => {
  expect(causeOf(finding("GO-2"), record, true)).toBe("introduced");
  expect(causeOf(finding("GO-3"), record, true)).toBe("introduced");
  expect(causeOf(finding("GO-4", "reachable", "v0.3.6"), record, true)).toBe("introduced");
  expect(causeOf({ ...finding("GO-4"), module: "golang.org/x/net" }, record, true)).toBe("introduced");
});

test("what the database did not know of a module that the program had is published since", () => {
  expect(causeOf(finding("GO-4"), record, true)).toBe("published");
});

test("without a record a deployed service may have had it, and a new one has not", () => {
  expect(causeOf(finding("GO-1"), undefined, true)).toBe("unknown");
  expect(causeOf(finding("GO-1"), undefined, false)).toBe("introduced");
});

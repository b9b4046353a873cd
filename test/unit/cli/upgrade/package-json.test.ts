import { parsePackage, slipwayIn, stagedPackage, withSlipway } from "../../../../cli/upgrade/package-json.ts";
import { specFor } from "../../../../cli/upgrade/target.ts";

const text = `{
    "name": "shop",   "scripts": { "slipway": "slipway up" },
    "devDependencies": {"typescript": "5.9.3",
        "slipway" : "^0.1.0" }
}`;

test("the version of Slipway is replaced, and the rest of package.json stays as it is written", () => {
  expect(withSlipway(text, "file:a$1.tgz")).toBe(text.replace('"^0.1.0"', '"file:a$1.tgz"'));
  expect(slipwayIn(parsePackage("package.json", text))).toBe("^0.1.0");
});

test("a project without Slipway has no version of it", () => {
  expect(slipwayIn({ name: "slipway", dependencies: { other: "1.0.0" }, scripts: { slipway: "1" } })).toBeUndefined();
  expect(withSlipway("{}", "1.0.0")).toBe("{}");
});

test.each([
  ["{", /^package\.json: /],
  ["[]", "package.json: must be a JSON object."],
])("package.json with %j is rejected", (content, message) => {
  expect(() => parsePackage("package.json", content)).toThrow(message);
});

test("the folder of an upgrade has no scripts and no relative paths", () => {
  const project = {
    scripts: { prepare: "husky" },
    workspaces: ["a"],
    dependencies: { slipway: "0.1.0", own: "file:../own", linked: "link:./x", other: "1.0.0" },
  };
  expect(JSON.parse(stagedPackage(JSON.stringify(project), "0.2.0", (path) => `/project/${path}`))).toEqual({
    dependencies: { slipway: "0.2.0", own: "file:/project/../own", linked: "link:/project/./x", other: "1.0.0" },
  });
});

test.each([
  ["0.1.0", { version: "0.2.0" }, "0.2.0"],
  ["^0.1.0", { version: "0.2.0" }, "^0.2.0"],
  ["~0.1.0", { version: "0.2.0" }, "~0.2.0"],
  [">=0.1.0 <1", { version: "0.2.0" }, "0.2.0"],
  ["latest", { version: "0.2.0" }, "latest"],
  ["file:../slipway-0.1.0.tgz", { version: "0.2.0" }, "0.2.0"],
  ["^0.1.0", { version: "0.2.0", tarball: "/downloads/slipway-0.2.0.tgz" }, "file:../../downloads/slipway-0.2.0.tgz"],
  ["^0.1.0", { version: "0.2.0", tarball: "/tmp/slipway-0.2.0.tgz", isPacked: true }, "file:slipway-0.2.0.tgz"],
])("%s becomes, with %j, %s", (current, target, expected) => {
  expect(specFor(target, current, "/home/shop")).toBe(expected);
});

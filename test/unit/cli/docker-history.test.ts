import { withImages } from "../../../cli/workloads/docker-history.ts";

test("the newest image of a service comes first, a repeated one moves to the front, and six are kept", () => {
  const before = { cameUp: { web: ["f", "e", "d", "c", "b", "a"], gone: ["x"] }, failed: true };
  expect(withImages(before, { web: "g" })).toEqual({ cameUp: { web: ["g", "f", "e", "d", "c", "b"] }, failed: false });
  expect(withImages(before, { web: "c", api: "1" }).cameUp).toEqual({ web: ["c", "f", "e", "d", "b", "a"], api: ["1"] });
});

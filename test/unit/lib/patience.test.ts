import { patience } from "../../../lib/patience.ts";

afterEach(() => delete process.env["SLIPWAY_PATIENCE"]);

test("SLIPWAY_PATIENCE scales every wait", () => {
  expect([patience("configuration"), patience("mount")]).toEqual([5, 20]);
  process.env["SLIPWAY_PATIENCE"] = "0.25";
  expect([patience("configuration"), patience("mount")]).toEqual([1.25, 5]);
});

test.each(["", "0", "-1", "soon", "Infinity"])('SLIPWAY_PATIENCE="%s" is rejected', (value) => {
  process.env["SLIPWAY_PATIENCE"] = value;
  expect(() => patience("quota")).toThrow(`SLIPWAY_PATIENCE: must be a positive number (got "${value}").`);
});

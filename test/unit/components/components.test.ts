import { readFileSync } from "node:fs";
import { ComponentResource } from "@pulumi/pulumi";
import { Analyzer } from "@pulumi/pulumi/provider/experimental/analyzer.js";
import * as exported from "../../../components/index.ts";

const { dependencies } = JSON.parse(readFileSync("package.json", "utf8")) as { dependencies: object };

const isComponent = (value: unknown) => typeof value === "function" && value.prototype instanceof ComponentResource;

// The first step of `pulumi package get-schema ./components`. Only the CLI can check the resulting schema.
test("all components can be used from other languages", () => {
  const names = Object.entries(exported).flatMap(([name, value]) => (isComponent(value) ? [name] : []));
  expect(names.length).toBeGreaterThan(0);
  const analyzer = new Analyzer("components", "slipway", { name: "slipway", dependencies }, new Set(names));
  expect(Object.keys(analyzer.analyze().components).sort()).toEqual(names.sort());
});

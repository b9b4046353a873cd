import { readFileSync } from "node:fs";
import { Analyzer } from "@pulumi/pulumi/provider/experimental/analyzer.js";

const { dependencies } = JSON.parse(readFileSync("package.json", "utf8")) as { dependencies: object };

// What `pulumi package get-schema ./components` starts with. That the schema then binds, it takes the CLI to show.
test("the components can be offered to programs in other languages", () => {
  const names = [
    "ContainerHost",
    "ContainerService",
    "EcrRepository",
    "EksAddOns",
    "EksCluster",
    "GoImage",
    "LocalCluster",
    "Network",
    "SwarmHost",
    "SwarmService",
    "TlsCertificate",
    "WebService",
  ];
  const analyzer = new Analyzer("components", "slipway", { name: "slipway", dependencies }, new Set(names));
  expect(Object.keys(analyzer.analyze().components).sort()).toEqual(names);
});

import type { Stack } from "../../../config/stack-file.ts";
import { formatParity, parityOf } from "../../../review/parity.ts";

const image = `registry.example/app@sha256:${"0".repeat(64)}`;
const stackWith = (web: object, name = "one", others: Record<string, string> = {}): Stack => ({
  project: "slipway",
  name,
  main: "index.ts",
  folder: `.slipway/${name}`,
  config: { "slipway:platform": "local", "slipway:services": JSON.stringify({ web: { image, ...web } }), ...others },
  secretKeys: [],
});

test("differences between stacks are listed by the setting that causes them", async () => {
  const found = await parityOf(
    stackWith({ replicas: 2, version: "1.0" }),
    stackWith({ replicas: 3, host: "web.localhost", version: "1.0" }, "two"),
  );
  expect(formatParity(found, "one", "two")).toBe(`parity of stacks "one" and "two": 4 resources differ
  slipway:services.web.replicas
      Deployment web  spec.replicas: 2 → 3
  slipway:services.web.host
      Ingress web  only in two
      Middleware web-retry  only in two
      NetworkPolicy web  spec.ingress[0]: not set → {"from":[{"namespaceSelector":{"matchLabels":{"kubernetes.io/metadata.name":"ku…`);
});

test("stacks with the same settings have no differences, whatever their names", async () => {
  const found = await parityOf(stackWith({ replicas: 2 }), stackWith({ replicas: 2 }, "two"));
  expect(formatParity(found, "one", "two")).toBe('parity of stacks "one" and "two": no differences');
});

test("settings that are only valid together are listed together", async () => {
  const found = await parityOf(stackWith({ replicas: 2 }), stackWith({ autoscaling: { maxReplicas: 4 } }, "two"));
  expect(formatParity(found, "one", "two")).toBe(`parity of stacks "one" and "two": 2 resources differ
  slipway:services.web.autoscaling with slipway:services.web.replicas
      Deployment web  spec.replicas: 2 → not set
      HorizontalPodAutoscaler web  only in two`);
});

test("a difference shared by four or more resources is listed once", () => {
  const all = ["a", "b", "c", "d"].map((name) => ({
    resource: `Subnet ${name}`,
    property: "tags.team",
    a: "x",
    b: "y",
    keys: ["slipway:eks.tags"],
  }));
  expect(formatParity(all, "one", "two").split("\n").slice(1)).toEqual(["  slipway:eks.tags", "      4 resources  tags.team: x → y"]);
  expect(formatParity(all.slice(1), "one", "two").split("\n").slice(2)).toEqual(
    ["b", "c", "d"].map((name) => `      Subnet ${name}  tags.team: x → y`),
  );
});

test("differences contain no secrets", async () => {
  const found = await parityOf(
    stackWith({ secretEnv: { TOKEN: "open sesame" } }),
    stackWith({ secretEnv: { TOKEN: "simsala bim" } }, "two"),
  );
  expect(JSON.stringify(found)).not.toMatch(/sesame|simsala/);
});

import { resolve } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { readStack, type Stack } from "../../../config/stack-file.ts";
import { UserError } from "../../../lib/user-error.ts";
import { plain, unknown } from "../../../lib/values.ts";
import { configurationOf } from "../../../review/configuration.ts";
import { registrationsOf, withAbsoluteSources } from "../../../review/render/registrations.ts";
import { HttpApi } from "../http-api.ts";

const image = `registry.example/app@sha256:${"0".repeat(64)}`;
const stackOn = (platform: string, web: object = {}): Stack => ({
  project: "slipway",
  name: "one",
  main: "index.ts",
  folder: ".slipway/one",
  config: { "slipway:platform": platform, "slipway:services": JSON.stringify({ web: { image, replicas: 1, ...web } }) },
  secretKeys: [],
});

test("the resources of a stack are in order, with their parents, dependencies and inputs from others", async () => {
  const dev = readStack("dev");
  const services = JSON.stringify({ web: { image, host: "web.dev.example.org", replicas: 2 } });
  const resources = await registrationsOf({ ...dev, config: { ...dev.config, "slipway:services": services } });
  const urns = resources.map(({ urn }) => urn);
  expect(urns).toEqual(urns.toSorted());
  expect(new Set(urns).size).toBe(urns.length);

  const find = (type: string, name: string) => resources.find((resource) => resource.type === type && resource.name === name)!;
  const shortened = (urn: string) => urn.split("$").at(-1)!;
  const subnet = find("aws:ec2/subnet:Subnet", "slipway-dev-public-eu-central-1a");
  expect(subnet.parent).toBe(find("slipway:index:Network", "slipway-dev").urn);
  expect(find("slipway:index:Network", "slipway-dev").parent).toBeUndefined();
  expect(find("aws:ec2/vpcEndpoint:VpcEndpoint", "slipway-dev-s3").dependencies!.map(shortened)).toEqual([
    "aws:ec2/routeTable:RouteTable::slipway-dev-intra",
    "aws:ec2/routeTable:RouteTable::slipway-dev-private-eu-central-1a",
    "aws:ec2/routeTable:RouteTable::slipway-dev-private-eu-central-1b",
    "aws:ec2/vpc:Vpc::slipway-dev",
  ]);
  for (const { dependencies } of resources) expect(dependencies).toEqual(dependencies!.toSorted());

  expect(subnet.inputs).toMatchObject({ vpcId: "slipway-dev-id" });
  expect(find("aws:eks/cluster:Cluster", "slipway-dev").inputs).toMatchObject({
    roleArn: "arn:aws:iam::111122223333:role/slipway-dev-cluster",
    encryptionConfig: { provider: { keyArn: "arn:aws:kms:eu-central-1:111122223333:key/slipway-dev" } },
  });
  expect(find("aws:route53/record:Record", "web.dev.example.org").inputs).toMatchObject({ records: ["load-balancer.example"] });
});

test("the container of a local cluster has no id, so that its kubeconfig stays unknown", async () => {
  const resources = await registrationsOf(stackOn("local"));
  const provider = resources.find(({ type }) => type === "pulumi:providers:kubernetes")!;
  expect(plain(provider.inputs)).toMatchObject({ kubeconfig: unknown });
});

test("Docker is asked nothing", async () => {
  const { DOCKER_HOST: dockerHost } = process.env;
  const api = await new HttpApi().open();
  process.env["DOCKER_HOST"] = api.host;
  try {
    expect(await registrationsOf(stackOn("local"))).not.toEqual([]);
    expect(api.requests).toEqual([]);
  } finally {
    if (dockerHost === undefined) delete process.env["DOCKER_HOST"];
    else process.env["DOCKER_HOST"] = dockerHost;
    api.close();
  }
});

test("the process stays as it was, also if the configuration is invalid", async () => {
  const state = () => [Error.stackTraceLimit, process.listenerCount("unhandledRejection")];
  const before = state();
  await registrationsOf(stackOn("swarm"));
  expect(state()).toEqual(before);
  await expect(registrationsOf(stackOn("swarm", { replicas: 0.5 }))).rejects.toThrow(UserError);
  expect(state()).toEqual(before);
});

test("sources of services become absolute; everything else in the configuration stays", () => {
  const services = { web: { source: "app", port: 1 }, api: { source: "/src/api" }, odd: { source: 5 }, image: { image }, none: null };
  const { "slipway:services": changed, ...others } = withAbsoluteSources({
    "slipway:platform": "local",
    "slipway:services": JSON.stringify(services),
  });
  expect(others).toEqual({ "slipway:platform": "local" });
  expect(JSON.parse(changed!)).toEqual({ ...services, web: { source: resolve("app"), port: 1 } });
  expect(withAbsoluteSources({})).toEqual({ "slipway:services": "{}" });
});

test.each(["hello", "null", "5", '["web"]'])(
  "services that are %s instead of a map are an error of the configuration",
  async (services) => {
    const config = { "slipway:platform": "local", "slipway:services": services };
    expect(withAbsoluteSources(config)).toBe(config);
    await expect(registrationsOf({ ...stackOn("local"), config })).rejects.toThrow(/slipway:services: must be a map/);
    await expect(registrationsOf({ ...stackOn("local"), config })).rejects.toThrow(UserError);
  },
);

test("a provider function cannot be called, and its error says so", async () => {
  await registrationsOf(stackOn("swarm"));
  await expect(pulumi.runtime.invoke("docker:index/getNetwork:getNetwork", { name: "a" })).rejects.toThrow(
    "The provider function docker:index/getNetwork:getNetwork cannot be called without its provider.",
  );
});

test("without the program, nothing can be registered or called, and the errors say so", async () => {
  await configurationOf(stackOn("swarm"));
  await expect(pulumi.runtime.invoke("docker:index/getNetwork:getNetwork", { name: "a" })).rejects.toThrow("The program does not run.");
});

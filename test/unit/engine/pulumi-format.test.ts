import { randomBytes } from "node:crypto";
import { fromPulumi, toPulumi, type PulumiState } from "../../../engine/state/pulumi-format.ts";
import type { ResourceState } from "../../../engine/state/checkpoint.ts";
import { open, seal } from "../../../lib/secrets.ts";
import { secret } from "../../../lib/values.ts";

// That the Pulumi CLI reads these files, and then has nothing to change, was tried by hand: docs/CLUSTERS.md.

const stack = { project: "shop", name: "prod" };
const key = randomBytes(32);
const sealing = { salt: "v1:salt", seal: (text: string) => seal(key, text) };
const opened = (text: string) => open(key, text);
const urn = (type: string, name: string) => `urn:pulumi:prod::shop::${type}::${name}`;

const root = resource("pulumi:pulumi:Stack", "shop-prod", { custom: false });
const identity = resource("pulumi-nodejs:dynamic/slipway:ClusterIdentity", "shop-prod", { id: "uid", parent: root.urn });
const provider = resource("pulumi:providers:kubernetes", "shop-prod", {
  id: "provider",
  dependencies: [identity.urn],
  inputs: { context: "shop" },
  outputs: { context: "shop" },
});
const config = resource("kubernetes:core/v1:ConfigMap", "web", {
  id: "shop/web",
  provider: `${provider.urn}::provider`,
  parent: root.urn,
  inputs: { apiVersion: "v1", metadata: { name: "web" }, data: { password: secret({ value: "s3cret" }) } },
  outputs: { apiVersion: "v1", metadata: { name: "web", uid: "1" } },
});

function resource(type: string, name: string, more: Partial<ResourceState>): ResourceState {
  return { urn: urn(type, name), type, custom: true, dependencies: [], uses: [], inputs: {}, outputs: {}, ...more };
}

const resourcesOf = ({ deployment }: PulumiState) => deployment.resources!;

test("a state comes back from Pulumi's form as it was", () => {
  const resources = [root, identity, provider, config];
  const exported = JSON.stringify(toPulumi(resources, sealing));
  expect(fromPulumi(exported, stack, opened)).toEqual(resources);
});

test("secrets are encrypted, and the salt of their passphrase is in the file", () => {
  const exported = toPulumi([config], sealing);
  expect(JSON.stringify(exported)).not.toContain("s3cret");
  expect(exported.deployment.secrets_providers).toEqual({ type: "passphrase", state: { salt: "v1:salt" } });
});

test("every provider has an ID of its own, which its resources refer to, and Pulumi's provider for dynamic resources is added", () => {
  const exported = resourcesOf(toPulumi([root, provider, identity, config], sealing));
  const byType = Object.fromEntries(exported.map((one) => [one.type, one]));
  const uuid = expect.stringMatching(/^[0-9a-f-]{36}$/) as string;
  expect(byType["pulumi:providers:pulumi-nodejs"]).toMatchObject({ urn: urn("pulumi:providers:pulumi-nodejs", "default"), id: uuid });
  expect(byType[provider.type]!.id).toEqual(uuid);
  expect(byType[identity.type]!.provider).toBe(
    `${urn("pulumi:providers:pulumi-nodejs", "default")}::${byType["pulumi:providers:pulumi-nodejs"]!.id}`,
  );
  expect(byType[config.type]!.provider).toBe(`${provider.urn}::${byType[provider.type]!.id}`);
});

test("Pulumi's provider goes on with the fields that Slipway owns in an object", () => {
  const exported = resourcesOf(toPulumi([provider, config], sealing)).find(({ type }) => type === config.type)!;
  expect(exported.outputs).toMatchObject({ __fieldManager: "slipway", __initialApiVersion: "v1", __inputs: { metadata: { name: "web" } } });
});

test("resources come after what they refer to, as Pulumi requires", () => {
  const exported = resourcesOf(toPulumi([config, provider, identity, root], sealing)).map(({ type }) => type);
  expect(exported).toEqual(["pulumi:providers:pulumi-nodejs", "pulumi:pulumi:Stack", identity.type, provider.type, config.type]);
});

test("a resource that an interrupted run was creating is a pending operation, and one that has been replaced is to be deleted", () => {
  const replaced = { ...config, urn: `${config.urn}#shop/we` };
  const resources = [root, provider, replaced, { ...config, creating: true }];
  const exported = toPulumi(resources, sealing);
  expect(exported.deployment.pending_operations).toMatchObject([{ type: "creating", resource: { urn: config.urn } }]);
  expect(resourcesOf(exported)).toContainEqual(expect.objectContaining({ urn: config.urn, delete: true }));
  expect(fromPulumi(JSON.stringify(exported), stack, opened)).toEqual(resources);
});

describe("a file that cannot be imported", () => {
  const exported = (resources: ResourceState[]) => JSON.stringify(toPulumi(resources, sealing));
  test.each([
    ["is no JSON", "{", /^It is no state: .+\. Give a file that slipway state export or pulumi stack export has written\.$/],
    ["has another version", '{"version":2}', "It is no state: version: must be 3 (got 2)."],
    ["has no deployment", '{"version":3}', "It is no state: deployment: is missing."],
    [
      "has resources that are no list",
      '{"version":3,"deployment":{"resources":{}}}',
      "It is no state: deployment.resources: must be a list.",
    ],
    [
      "is the state of another stack",
      exported([{ ...root, urn: "urn:pulumi:dev::shop::pulumi:pulumi:Stack::shop-dev" }]),
      "It is the state of another stack: urn:pulumi:dev::shop::pulumi:pulumi:Stack::shop-dev does not begin with urn:pulumi:prod::shop::. Give the file of this stack.",
    ],
    [
      "has resources that only the CLI can manage",
      exported([resource("aws:s3/bucket:Bucket", "files", {})]),
      "The embedded engine cannot manage aws:s3/bucket:Bucket. Keep this state in the backend of the Pulumi CLI.",
    ],
  ])("%s", (_what, text, message) => {
    expect(() => fromPulumi(text, stack, opened)).toThrow(message);
  });
});

import { randomUUID } from "node:crypto";
import { createRequire } from "node:module";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { policyRules } from "../../../review/policy/rules/all.ts";

const server = createRequire(import.meta.url)("@pulumi/policy/server") as { serve: unknown };
const { serve } = server;
const here = process.cwd();
const config = pulumi.runtime.allConfig();

afterEach(() => {
  server.serve = serve;
  process.chdir(here);
  pulumi.runtime.setAllConfig(config);
  vi.useRealTimers();
});

interface Seen {
  type: string;
  name: string;
  props: object;
}
type Identified = Seen & { urn: string };
type Report = (message: string, urn: string) => void;

/** A policy as the Pulumi SDK gets it. */
interface Policy {
  name: string;
  enforcementLevel: string;
  validateResource: (resource: Identified, report: Report) => void;
  validateStack?: (stack: { resources: Identified[] }, report: Report) => void;
}

/** Loads the pack for a stack with these settings, on 2026-06-30, without a server for the Pulumi CLI. */
async function load(settings?: object, others: Record<string, string> = {}) {
  vi.useFakeTimers({ now: new Date("2026-06-30T23:59:00Z"), toFake: ["Date"] });
  pulumi.runtime.setAllConfig({ ...(settings && { "slipway:policy": JSON.stringify(settings) }), ...others });
  process.chdir(resolve(here, "review/policy"));
  let served: unknown[] = [];
  server.serve = (...args: unknown[]) => (served = args);
  const pack = `../../../review/policy/pack.ts?${randomUUID()}`; // a pack reads the settings once
  await import(pack);
  const [name, , , { description, policies }] = served as [string, string, string, { description: string; policies: Policy[] }];
  return { name, description, policies };
}

const identified = (one: Seen): Identified => ({ ...one, urn: `urn:pulumi:test::slipway::${one.type}::${one.name}` });

/** What the pack reports about resources as the program registers them. */
function onRegistration(policies: Policy[], ...resources: Seen[]): string[] {
  const found: string[] = [];
  for (const one of resources.map(identified))
    for (const { name, validateResource } of policies) validateResource(one, (message, urn) => found.push(`${name}: ${message} (${urn})`));
  return found;
}

/** What the pack reports at the end of a preview, about resources as their providers see them. */
function atTheEnd(policies: Policy[], ...seen: Seen[]): string[] {
  const found: string[] = [];
  const resources = seen.map(identified);
  for (const { name, validateStack } of policies)
    validateStack?.({ resources }, (message, urn) => found.push(`${name}: ${message} (${urn})`));
  return found;
}

const repository = (name: string): Seen => ({
  type: "aws:ecr/repository:Repository",
  name,
  props: { imageTagMutability: "MUTABLE", encryptionConfigurations: [{ kmsKey: "k" }], imageScanningConfiguration: { scanOnPush: true } },
});
const overwritten = (name: string) =>
  `immutable-tags: Repository ${name} allows tags to be overwritten. Set imageTagMutability: IMMUTABLE. ` +
  `(urn:pulumi:test::slipway::aws:ecr/repository:Repository::${name})`;
const set = (name: string, replicas?: number): Seen => ({
  type: "kubernetes:apps/v1:StatefulSet",
  name,
  props: { spec: { replicas, template: { spec: { automountServiceAccountToken: false, topologySpreadConstraints: [{}] } } } },
});
const policyForAll: Seen = { type: "kubernetes:networking.k8s.io/v1:NetworkPolicy", name: "all", props: { spec: { podSelector: {} } } };
const alone = (name: string) =>
  `several-pods: StatefulSet ${name} has one replica, so requests fail while its pod restarts. Set replicas: 2 or more. ` +
  `(urn:pulumi:test::slipway::kubernetes:apps/v1:StatefulSet::${name})`;

test("each rule is a policy with its remedy, reference and enforcement level; only rules about a whole stack wait for its end", async () => {
  const { name, description, policies } = await load();
  expect([name, description]).toEqual(["slipway", "Policy rules for stacks of Slipway"]);
  expect(policies.map(({ validateResource: _, validateStack, ...shown }) => ({ ...shown, waits: validateStack !== undefined }))).toEqual(
    policyRules.map(({ id, remedy, reference, severity, inStack = false }) => ({
      name: id,
      description: remedy,
      url: reference,
      enforcementLevel: severity === "error" ? "mandatory" : "advisory",
      waits: inStack,
    })),
  );
});

test("severities of the settings replace those of the rules, and a rule that is off is no policy", async () => {
  const { policies } = await load({ severities: { "immutable-tags": "off", "scan-on-push": "error", "key-rotation": "warning" } });
  const level = (id: string) => policies.find(({ name }) => name === id)?.enforcementLevel;
  expect(["immutable-tags", "scan-on-push", "key-rotation", "encrypted-repository"].map(level)).toEqual([
    undefined,
    "mandatory",
    "advisory",
    "mandatory",
  ]);
  expect(policies.length).toBe(policyRules.length - 1);
});

test("settings of organisation defaults apply, from the project's folder", async () => {
  const folder = mkdtempSync(join(tmpdir(), "slipway-policy-"));
  try {
    writeFileSync(
      join(folder, "slipway.yaml"),
      "defaults: { policy: { severities: { immutable-tags: 'off', scan-on-push: warning, key-rotation: error } } }",
    );
    const extending = { "slipway:extends": relative(here, folder) };
    const { policies } = await load({ severities: { "scan-on-push": "error" } }, extending);
    const level = (id: string) => policies.find(({ name }) => name === id)?.enforcementLevel;
    expect(["immutable-tags", "scan-on-push", "key-rotation"].map(level)).toEqual([undefined, "mandatory", "mandatory"]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("a violation of one resource is reported when the program registers it, with its remedy and its URN", async () => {
  const { policies } = await load();
  expect(onRegistration(policies, repository("web"), repository("api"))).toEqual([overwritten("web"), overwritten("api")]);
  expect(atTheEnd(policies, repository("web"))).toEqual([]);
});

test("a violation that depends on other resources is reported at the end of the preview", async () => {
  const { policies } = await load();
  const early = onRegistration(policies, set("web"), policyForAll).map((line) => line.split(":")[0]);
  expect(early).not.toContain("several-pods");
  expect(atTheEnd(policies, set("web"), set("api", 1), policyForAll)).toEqual([alone("web"), alone("api")]);
});

test("at the end of the preview, resources are checked as the program registered them", async () => {
  const { policies } = await load();
  onRegistration(policies, set("web"), policyForAll);
  const seenByProvider = ({ type, name }: Seen): Seen => ({ type, name, props: {} });
  expect(atTheEnd(policies, set("web", 2), seenByProvider(policyForAll))).toEqual([alone("web")]);
});

test("an exception applies to one rule and one resource until its last day", async () => {
  const exception = { rule: "immutable-tags", resource: "Repository web", reason: "a mirror", until: "2026-06-30" };
  const reported = async (...exceptions: object[]) =>
    onRegistration((await load({ exceptions })).policies, repository("web"), repository("api"));
  expect(await reported(exception)).toEqual([overwritten("api")]);
  expect(await reported({ ...exception, until: "2026-07-01" })).toEqual([overwritten("api")]);
  expect(await reported({ ...exception, resource: "Repository api" }, exception)).toEqual([]);
  const both = [overwritten("web"), overwritten("api")];
  expect(await reported({ ...exception, until: "2026-06-29" })).toEqual(both);
  expect(await reported({ ...exception, rule: "scan-on-push" })).toEqual(both);
  expect(await reported({ ...exception, resource: "Repository other" })).toEqual(both);
});

test("a resource that passes, or that no rule concerns, is not reported", async () => {
  const { policies } = await load();
  const passing = { ...repository("web"), props: { ...repository("web").props, imageTagMutability: "IMMUTABLE" } };
  expect(onRegistration(policies, passing, { type: "random:index/randomId:RandomId", name: "id", props: {} })).toEqual([]);
});

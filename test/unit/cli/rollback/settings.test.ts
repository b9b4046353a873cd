import { restoredService, restoredSettings } from "../../../../cli/rollback/settings.ts";

const file = "stacks/Pulumi.prod.yaml";
const then = `encryptionsalt: v1:old
config:
  slipway:platform: kubernetes
  slipway:gate: { refuse: [] }
  slipway:services:
    # two, for the load
    web: { source: app, replicas: 2, env: { KEY: { secure: v1:abc } } }
    worker: { source: worker }
`;
const now = `encryptionsalt: v1:old
config:
  slipway:platform: kubernetes
  # what may be deployed
  slipway:gate:
    refuse: [rolling update]
  slipway:services:
    web: { source: app, replicas: 5 }
    api: { source: api }
`;

test("the settings are those of the release, comments included, and the gate is that of today", () => {
  expect(restoredSettings(now, then)).toBe(`encryptionsalt: v1:old
config:
  slipway:platform: kubernetes
  slipway:gate:
    refuse: [ rolling update ]
  slipway:services:
    # two, for the load
    web: { source: app, replicas: 2, env: { KEY: { secure: v1:abc } } }
    worker: { source: worker }
`);
});

test("today's gate stays, also if the release had none, and without a gate today the release's is removed", () => {
  const withoutGate = now.replace(/ {2}# what.*\n {2}slipway:gate:\n.*\n/, "");
  expect(restoredSettings(withoutGate, then)).not.toContain("slipway:gate");
  expect(restoredSettings(now, withoutGate.replace("replicas: 5", "replicas: 6"))).toContain(
    "slipway:gate:\n    refuse: [ rolling update ]",
  );
});

test("a file whose other settings are the same does not change, and with the same gate it is exactly that of the release", () => {
  expect(restoredSettings(now, now.replace("[rolling update]", "[]"))).toBe(now);
  const release = now.replace("replicas: 5", "replicas:   6");
  expect(restoredSettings(now, release)).toBe(release);
  expect(restoredService(now, now.replace("{ source: app", "{ source:   app"), "web", file)).toBe(now);
});

test("of one service, only its settings are those of the release", () => {
  expect(restoredService(now, then, "web", file)).toContain(
    "web: { source: app, replicas: 2, env: { KEY: { secure: v1:abc } } }\n    api: { source: api }",
  );
});

test("a service that the release did not have, or whose secrets cannot be read, is rejected", () => {
  expect(() => restoredService(now, then, "api", file)).toThrow(`--service: ${file} had no service or job "api" in that release.`);
  const other = now.replace("v1:old", "v1:new");
  expect(() => restoredService(other, then, "web", file)).toThrow(
    `--service: "web" has secrets, and the passphrase of ${file} has changed since. Leave the option out, or roll back the image alone: --images-only.`,
  );
  expect(restoredService(other, then.replace(/, env.*}/, " }"), "web", file)).toContain("encryptionsalt: v1:new");
});

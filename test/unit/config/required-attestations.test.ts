import { checkSettings } from "../../../config/check.ts";
import { loadPlatform } from "../../../platforms/platform.ts";

const problems = async (supplyChain: object, services: object = { web: { source: "app" } }) =>
  (await checkSettings({ platform: "local", services, supplyChain }, loadPlatform)).problems.map(
    ({ path, message }) => `${path.join(".")}: ${message}`,
  );

test("a stack that requires signatures and builds images must sign them, and must not turn off what it requires", async () => {
  const require = ["signature", "provenance", "sbom"];
  expect(await problems({ require, attest: { sbom: false } })).toEqual([
    "supplyChain.sign: must be set, because supplyChain.require asks for signed images. Run slipway keys create",
    "supplyChain.attest.sbom: must not be false, because supplyChain.require asks for it",
  ]);
  expect(await problems({ require, sign: { key: "keys/slipway.key" } })).toEqual([]);
});

test("an image from a Dockerfile must be signed too", async () => {
  const services = { web: { source: "app", builder: "dockerfile" } };
  expect(await problems({ require: ["signature"] }, services)).toEqual([
    "supplyChain.sign: must be set, because supplyChain.require asks for signed images. Run slipway keys create",
  ]);
  expect(await problems({ require: ["signature"], sign: { key: "keys/slipway.key" } }, services)).toEqual([]);
});

test("existing images need no key of one's own", async () => {
  expect(await problems({ require: ["signature"] }, { web: { image: `registry.example/web@sha256:${"a".repeat(64)}` } })).toEqual([]);
});

test("one way of signing, URLs and dates are checked", async () => {
  expect(await problems({ sign: { key: "a", kms: "b" } })).toEqual([
    'supplyChain.sign: must have one of key, kms and keyless (got {"key":"a","kms":"b"})',
  ]);
  expect(await problems({ sign: { keyless: { fulcio: "fulcio.example" } } })).toEqual([
    'supplyChain.sign.keyless.fulcio: must be a URL such as https://fulcio.example (got "fulcio.example")',
  ]);
  expect(await problems({ keys: [{ file: "a.pub", until: "soon" }], require: [] })).toEqual([
    "supplyChain.require: must not be empty (got [])",
    'supplyChain.keys.0.until: must be a date such as 2026-12-31 (got "soon")',
  ]);
});

test("an exception needs a reason and an end, and a justification the status that it justifies", async () => {
  const withException = (exception: object) => problems({ vulnerabilities: { exceptions: [exception] } });
  expect(await withException({ id: "GO-2026-6603" })).toEqual([
    expect.stringMatching(/^supplyChain\.vulnerabilities\.exceptions\.0\.reason: /),
    expect.stringMatching(/^supplyChain\.vulnerabilities\.exceptions\.0\.until: /),
  ]);
  const complete = { id: "GO-2026-6603", reason: "only HTTP/1", until: "2026-12-31" };
  expect(await withException(complete)).toEqual([]);
  expect(await withException({ ...complete, until: "soon" })).toEqual([
    'supplyChain.vulnerabilities.exceptions.0.until: must be a date such as 2026-12-31 (got "soon")',
  ]);
  const justification = "vulnerable_code_not_present";
  expect(await withException({ ...complete, justification })).toEqual([
    expect.stringContaining("supplyChain.vulnerabilities.exceptions.0.justification: needs the status not_affected"),
  ]);
  expect(await withException({ ...complete, status: "not_affected", justification })).toEqual([]);
});

test("a stack that requires statements on vulnerabilities must not turn them off", async () => {
  expect(await problems({ require: ["vulnerabilities"], sign: { key: "k" }, attest: { vulnerabilities: false } })).toEqual([
    "supplyChain.attest.vulnerabilities: must not be false, because supplyChain.require asks for it",
  ]);
});

test("admission needs a cluster that exists, and signatures that its engine checks", async () => {
  const admission = { engine: "kyverno" };
  expect(await problems({ admission })).toEqual([
    "supplyChain.admission: is only for the platform kubernetes, whose cluster may have such an engine (got platform local). Remove it",
    "supplyChain.admission: needs signature in supplyChain.require, which says what images must have. Add it, or remove admission",
  ]);
  const services = { web: { image: `registry.example/web@sha256:${"a".repeat(64)}` } };
  const onCluster = async (supplyChain: object) => {
    const settings = { platform: "kubernetes", kubernetes: { context: "prod" }, services, supplyChain };
    return (await checkSettings(settings, loadPlatform)).problems.map(({ path, message }) => `${path.join(".")}: ${message}`);
  };
  const require = ["signature"];
  expect(await onCluster({ require, admission })).toEqual([]);
  const because =
    "because policy-controller checks only signatures of identities (https://github.com/sigstore/policy-controller/issues/1958)";
  expect(
    await onCluster({ require, sign: { key: "a.key" }, keys: [{ file: "a.pub" }], admission: { engine: "policy-controller" } }),
  ).toEqual([
    `supplyChain.identities: must be set, ${because}. Set them, or the engine kyverno`,
    `supplyChain.keys: must be omitted, ${because}. Remove them, or set the engine kyverno`,
    `supplyChain.sign: must be keyless, ${because}. Change it, or set the engine kyverno`,
  ]);
});

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

test("an image from a Dockerfile cannot be signed, so it contradicts the requirement", async () => {
  expect(await problems({ require: ["signature"] }, { web: { source: "app", builder: "dockerfile" } })).toEqual([
    "services.web.builder: must be go, because supplyChain.require asks for a signature, and images from a Dockerfile are not signed. Build and sign it elsewhere, and set image",
  ]);
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

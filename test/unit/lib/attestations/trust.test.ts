import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { newKeyPair } from "../../../../lib/attestations/key-file.ts";
import { readTrust } from "../../../../lib/attestations/trust.ts";
import { readTrustedKeys } from "../../../../lib/attestations/trusted-keys.ts";

const before = process.cwd();
const identities = [{ issuer: "https://issuer.example", subject: "https://example.org/workflow" }];
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slipway-trust-"));
  process.chdir(folder);
  mkdirSync("keys");
  writeFileSync("keys/slipway.pub", newKeyPair("correct horse battery").publicKey);
});
afterEach(() => {
  process.chdir(before);
  rmSync(folder, { recursive: true });
});

test("without keys in the settings, those in keys/trusted.yaml count", () => {
  writeFileSync("keys/trusted.yaml", "keys: [{ file: slipway.pub, until: 2026-12-31 }]\n");
  expect(readTrust({}).keys).toMatchObject([{ file: "keys/slipway.pub", until: "2026-12-31" }]);
  expect(readTrust({ keys: [{ file: "keys/slipway.pub" }] }).keys).toMatchObject([{ file: "keys/slipway.pub", until: undefined }]);
});

test("somebody must be trusted, keys must exist, and identities need a trusted root", () => {
  expect(() => readTrust({})).toThrow("No signer is trusted. Run slipway keys create, or name public keys or identities.");
  expect(() => readTrust({ keys: [{ file: "keys/none.pub" }] })).toThrow("keys/none.pub: does not exist.");
  expect(() => readTrust({ identities })).toThrow("identities: need trustedRoot, the file with the certificates of Sigstore.");
  writeFileSync("root.json", "no JSON");
  expect(() => readTrust({ identities, trustedRoot: "root.json" })).toThrow("root.json: must be a trusted root of Sigstore in JSON.");
  writeFileSync("root.json", '{ "tlogs": [] }');
  expect(readTrust({ identities, trustedRoot: "root.json" })).toEqual({ keys: [], identities, root: { tlogs: [] } });
});

test("a list of keys that slipway has not written is reported with the place", () => {
  writeFileSync("keys/trusted.yaml", "keys: [{ file: slipway.pub, until: soon }]\n");
  expect(() => readTrustedKeys()).toThrow(/^keys\/trusted\.yaml: keys\.0\.until: .*\. Each of keys has file and, if it ends, until\.$/);
});

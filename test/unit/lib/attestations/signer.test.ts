import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundleFromJSON } from "@sigstore/bundle";
import { toSignedEntity, toTrustMaterial, Verifier } from "@sigstore/verify";
import { keyHint, newKeyPair, openPrivateKey, openPublicKey } from "../../../../lib/attestations/key-file.ts";
import { checkSignSettings, signerName } from "../../../../lib/attestations/sign-settings.ts";
import { signerFor } from "../../../../lib/attestations/signer.ts";
import { PredicateType, statementOn } from "../../../../lib/attestations/statement.ts";
import { restoreEnvironment } from "../../process-environment.ts";

const passphrase = "correct horse battery";
const environment = { ...process.env };
let folder: string;
const file = (name: string) => join(folder, name);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slipway-keys-"));
  const keys = newKeyPair(passphrase);
  writeFileSync(file("slipway.key"), keys.privateKey);
  writeFileSync(file("slipway.pub"), keys.publicKey);
  process.env["SLIPWAY_KEY_PASSPHRASE"] = passphrase;
});
afterEach(() => {
  restoreEnvironment(environment);
  rmSync(folder, { recursive: true });
});

const statement = statementOn("registry.example/web", [`sha256:${"a".repeat(64)}`], PredicateType.Signature, {});

test("a bundle has no key ID in its envelope, names the key in its material, and verifies; a changed one does not", async () => {
  const bundle = await (await signerFor({ key: file("slipway.key") }))(statement);
  const key = openPublicKey(file("slipway.pub"));
  expect(bundle.mediaType).toBe("application/vnd.dev.sigstore.bundle.v0.3+json");
  expect(bundle.dsseEnvelope!.signatures).toEqual([{ sig: expect.any(String) as string }]);
  expect(bundle.verificationMaterial.publicKey).toEqual({ hint: keyHint(key) });
  const trust = toTrustMaterial({ mediaType: "", tlogs: [], certificateAuthorities: [], ctlogs: [], timestampAuthorities: [] }, () => ({
    publicKey: key,
    validFor: () => true,
  }));
  const verifier = new Verifier(trust, { tlogThreshold: 0, ctlogThreshold: 0, timestampThreshold: 0 });
  const verify = (of: typeof bundle) => verifier.verify(toSignedEntity(bundleFromJSON(of)));
  verify(bundle);
  const changed = structuredClone(bundle);
  changed.dsseEnvelope!.payload = Buffer.from(JSON.stringify({ ...statement, predicate: { changed: true } })).toString("base64");
  expect(() => verify(changed)).toThrow("signature verification failed");
});

test("the private key is encrypted, and the error of a wrong passphrase has neither the key nor the passphrase", () => {
  expect(newKeyPair(passphrase).privateKey).toMatch(/^-----BEGIN ENCRYPTED PRIVATE KEY-----\n/);
  expect(() => openPrivateKey(file("slipway.key"), "wrong passphrase")).toThrow(
    new RegExp(
      `^${file("slipway.key")}: the private key cannot be opened\\. It must be a PKCS #8 key in PEM form, and SLIPWAY_KEY_PASSPHRASE its passphrase\\.`,
    ),
  );
  expect(() => openPrivateKey(file("slipway.key"), "wrong passphrase")).not.toThrow(/wrong passphrase/);
  expect(() => openPrivateKey(file("slipway.key"), "")).toThrow("the private key is encrypted, and SLIPWAY_KEY_PASSPHRASE is not set");
});

test("a missing key, no key, and a key on another curve are reported with the remedy", () => {
  expect(() => openPrivateKey(file("none.key"))).toThrow(`${file("none.key")}: does not exist. Run slipway keys create`);
  writeFileSync(file("text.pub"), "text");
  expect(() => openPublicKey(file("text.pub"))).toThrow(`${file("text.pub")}: must be a public key in PEM form.`);
  const { publicKey } = generateKeyPairSync("ec", { namedCurve: "P-384" });
  writeFileSync(file("p384.pub"), publicKey.export({ type: "spki", format: "pem" }));
  expect(() => openPublicKey(file("p384.pub"))).toThrow(`${file("p384.pub")}: must be an ECDSA key on the curve P-256 (got secp384r1).`);
});

test("the name of a signer needs no private key", async () => {
  rmSync(file("slipway.key"));
  expect(await signerName({ key: file("slipway.key") })).toBe(keyHint(openPublicKey(file("slipway.pub"))));
  expect(await signerName({ kms: "alias/slipway" })).toBe("kms:alias/slipway");
  expect(await signerName({ keyless: {} })).toBe("keyless:https://fulcio.sigstore.dev");
});

test.each([
  [{}, "none"],
  [{ key: "a.key", kms: "alias/a" }, "key, kms"],
])("exactly one way of signing is needed: %j", (settings, got) => {
  expect(() => checkSignSettings(settings, "sign")).toThrow(`sign: must have one of key, kms and keyless (got ${got}).`);
});

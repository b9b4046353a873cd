import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { localKey, newPassphraseKey, open, passphraseKey, seal } from "../../../lib/secrets.ts";

const key = randomBytes(32);

test("an encrypted text has Pulumi's form and can be decrypted with its key alone", () => {
  const sealed = seal(key, "s3cret ✓");
  expect(sealed).toMatch(/^v1:[\w+/]{16}:[\w+/=]+$/);
  expect(open(key, sealed)).toBe("s3cret ✓");
  expect(() => open(randomBytes(32), sealed)).toThrow("unable to authenticate");
});

test("the same text is encrypted differently each time", () => {
  expect(seal(key, "s3cret")).not.toBe(seal(key, "s3cret"));
});

test("a changed ciphertext is rejected", () => {
  const [version, nonce, body] = seal(key, "s3cret").split(":");
  const bytes = Buffer.from(body!, "base64");
  bytes[0]! ^= 1;
  expect(() => open(key, [version, nonce, bytes.toString("base64")].join(":"))).toThrow("unable to authenticate");
});

describe("the key of a checkout", () => {
  const before = process.cwd();
  let folder: string;
  beforeEach(() => process.chdir((folder = mkdtempSync(join(tmpdir(), "slipway-")))));
  afterEach(() => {
    process.chdir(before);
    rmSync(folder, { recursive: true });
  });

  test("is created at first use, and only its owner can read it", () => {
    expect(localKey()).toHaveLength(32);
    const file = join(folder, ".slipway/key");
    expect(readFileSync(file, "utf8")).toBe(localKey().toString("hex"));
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  test("is the one that the file already has", () => {
    mkdirSync(join(folder, ".slipway"));
    const given = randomBytes(32).toString("hex");
    writeFileSync(join(folder, ".slipway/key"), given);
    expect(localKey().toString("hex")).toBe(given);
    expect(readFileSync(join(folder, ".slipway/key"), "utf8")).toBe(given);
  });

  test("is read once for each folder, and not replaced if the file disappears", () => {
    const first = localKey();
    process.chdir(before);
    const other = mkdtempSync(join(tmpdir(), "slipway-"));
    process.chdir(other);
    expect(localKey()).not.toEqual(first);
    rmSync(join(other, ".slipway/key"));
    expect(localKey()).toHaveLength(32);
    expect(existsSync(join(other, ".slipway/key"))).toBe(false);
    process.chdir(folder);
    expect(localKey()).toEqual(first);
    rmSync(other, { recursive: true });
  });
});

describe("the key of a stack file", () => {
  const folder = mkdtempSync(join(tmpdir(), "slipway-"));
  const variables = ["PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"] as const;
  const before = variables.map((name) => [name, process.env[name]] as const);
  const saltOf = (derived: Buffer, salt: string) => `v1:${salt}:${seal(derived, "pulumi")}`;
  const checkout = process.cwd();
  beforeEach(() => {
    process.chdir(folder);
    variables.forEach((name) => delete process.env[name]);
  });
  afterEach(() => {
    process.chdir(checkout);
    rmSync(join(folder, ".slipway"), { recursive: true, force: true });
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
    for (const [name, value] of before)
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
  });

  // PBKDF2 with SHA-256 and a million rounds, computed with Python's hashlib.
  const salt = Buffer.from("saltsalt").toString("base64");
  const derived = Buffer.from("a7699a32d0d4c5cb1035d881a21e5a2087cd8a9c468b6eb85f6ca7311e0772b9", "hex");

  test("is derived from the passphrase as Pulumi does it", () => {
    process.env["PULUMI_CONFIG_PASSPHRASE"] = "correct horse";
    expect(passphraseKey(saltOf(derived, salt), "stack.yaml")).toEqual(derived);
  });

  test("is derived once per process", () => {
    process.env["PULUMI_CONFIG_PASSPHRASE"] = "correct horse";
    expect(passphraseKey(saltOf(derived, salt), "stack.yaml")).toBe(passphraseKey(saltOf(derived, salt), "stack.yaml"));
  });

  test("is derived from the passphrase in a file, without its line break, unless a passphrase is given", () => {
    const file = join(folder, "passphrase");
    writeFileSync(file, "correct horse\n");
    process.env["PULUMI_CONFIG_PASSPHRASE_FILE"] = file;
    expect(passphraseKey(saltOf(derived, salt), "stack.yaml")).toEqual(derived);
    process.env["PULUMI_CONFIG_PASSPHRASE"] = "wrong";
    expect(() => passphraseKey(saltOf(derived, salt), "stack.yaml")).toThrow("is not the passphrase");
  });

  test("is new for each file: from the given passphrase, or from one of this checkout, which is created once", () => {
    const made = [newPassphraseKey(), newPassphraseKey()];
    expect(made.map(({ isLocal }) => isLocal)).toEqual([true, true]);
    expect(made[0]!.key).not.toEqual(made[1]!.key);
    for (const { key: own, salt: made64 } of made) expect(passphraseKey(made64, "stack.yaml")).toEqual(own);
    expect(statSync(".slipway/passphrase").mode & 0o777).toBe(0o600);
    process.env["PULUMI_CONFIG_PASSPHRASE"] = "correct horse";
    expect(newPassphraseKey().isLocal).toBe(false);
    expect(() => passphraseKey(made[0]!.salt, "stack.yaml")).toThrow("is not the passphrase");
  });

  test("cannot be derived without a passphrase or a salt, or with the wrong one", () => {
    const missing = "stack.yaml: contains secrets. Set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE to decrypt them.";
    expect(() => passphraseKey(saltOf(derived, salt), "stack.yaml")).toThrow(missing);
    process.env["PULUMI_CONFIG_PASSPHRASE"] = "wrong";
    expect(() => passphraseKey(undefined, "stack.yaml")).toThrow(missing);
    expect(() => passphraseKey(saltOf(derived, salt), "stack.yaml")).toThrow(
      "stack.yaml: PULUMI_CONFIG_PASSPHRASE is not the passphrase that its secrets were encrypted with. Set the right one.",
    );
  });
});

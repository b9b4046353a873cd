import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createKeys } from "../../../../cli/keys/create.ts";
import { rotateKeys } from "../../../../cli/keys/rotate.ts";
import { today } from "../../../../cli/today.ts";
import { openPrivateKey, openPublicKey } from "../../../../lib/attestations/key-file.ts";
import { readTrustedKeys } from "../../../../lib/attestations/trusted-keys.ts";
import { restoreEnvironment } from "../../process-environment.ts";

const passphrase = "correct horse battery";
const environment = { ...process.env };
const before = process.cwd();
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slipway-keys-"));
  process.chdir(folder);
  process.env["SLIPWAY_KEY_PASSPHRASE"] = passphrase;
});
afterEach(() => {
  process.chdir(before);
  restoreEnvironment(environment);
  rmSync(folder, { recursive: true });
});

test("the private key is readable only by its owner, and its public key counts", async () => {
  expect(await createKeys("slipway")).toEqual({ privateKey: "keys/slipway.key", publicKey: "keys/slipway.pub" });
  expect(statSync("keys/slipway.key").mode & 0o777).toBe(0o600);
  openPrivateKey("keys/slipway.key", passphrase);
  expect(readTrustedKeys()).toEqual([{ file: "slipway.pub" }]);
});

test("an existing key is not overwritten, and a short passphrase or name is rejected before anything is written", async () => {
  process.env["SLIPWAY_KEY_PASSPHRASE"] = "short";
  await expect(createKeys("slipway")).rejects.toThrow("The passphrase must have at least 12 characters (got 5)");
  await expect(createKeys("../x")).rejects.toThrow(
    '--name: must have only lower-case letters, digits, dots and hyphens, and no ending (got "../x")',
  );
  expect(existsSync("keys")).toBe(false);
  process.env["SLIPWAY_KEY_PASSPHRASE"] = passphrase;
  await createKeys("slipway");
  const key = readFileSync("keys/slipway.key", "utf8");
  await expect(createKeys("slipway")).rejects.toThrow("keys/slipway.key: exists already. Run slipway keys rotate");
  expect(readFileSync("keys/slipway.key", "utf8")).toBe(key);
});

test("after a rotation the old public key counts until the date, and its private key is gone", async () => {
  await createKeys("slipway");
  const old = { key: readFileSync("keys/slipway.key", "utf8"), pub: readFileSync("keys/slipway.pub", "utf8") };
  const rotated = await rotateKeys("slipway", "2999-12-31");
  expect(rotated).toEqual({
    privateKey: "keys/slipway.key",
    publicKey: "keys/slipway.pub",
    oldPublicKey: `keys/slipway-${today()}.pub`,
    until: "2999-12-31",
    trusted: "keys/trusted.yaml",
  });
  expect(readFileSync(rotated.oldPublicKey, "utf8")).toBe(old.pub);
  expect(readFileSync("keys/slipway.key", "utf8")).not.toBe(old.key);
  openPublicKey("keys/slipway.pub");
  await rotateKeys("slipway", "2999-12-31");
  expect(readTrustedKeys()).toEqual([
    { file: "slipway.pub" },
    { file: `slipway-${today()}.pub`, until: "2999-12-31" },
    { file: `slipway-${today()}-2.pub`, until: "2999-12-31" },
  ]);
});

test("a date in the past, a word and a key that does not exist are rejected, and nothing changes", async () => {
  await expect(rotateKeys("slipway", undefined)).rejects.toThrow(
    "keys/slipway.pub: does not exist. Run slipway keys create --name slipway first.",
  );
  await createKeys("slipway");
  const pub = readFileSync("keys/slipway.pub", "utf8");
  for (const until of ["2020-01-01", "tomorrow"])
    await expect(rotateKeys("slipway", until)).rejects.toThrow(
      `--until: must be a date from today on, such as ${today()} (got "${until}").`,
    );
  expect(readFileSync("keys/slipway.pub", "utf8")).toBe(pub);
});

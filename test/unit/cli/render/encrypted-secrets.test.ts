import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { encryptedSecrets } from "../../../../cli/render/encrypted-secrets.ts";
import { UserError } from "../../../../lib/user-error.ts";
import { unknown } from "../../../../lib/values.ts";

// A script stands in for SOPS, to see when it is asked and what it gets. test/integration/gitops.test.ts has the real one.

let folder: string;
let path: string | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slipway-sops-"));
  path = process.env["PATH"];
  process.env["PATH"] = `${folder}:${path}`;
  install('wc -c; echo "$@"');
});
afterEach(() => {
  process.env["PATH"] = path;
  rmSync(folder, { recursive: true });
});

/** Installs a script as SOPS, which has the version 3.10.0. */
function install(encrypt: string): void {
  const file = join(folder, "sops");
  writeFileSync(file, `#!/bin/sh\nif [ "$1" = --version ]; then echo "sops 3.10.0"; exit; fi\n${encrypt}\n`);
  chmodSync(file, 0o755);
}

const key = Buffer.alloc(32, 1);
const secret = (value: string) => ({ apiVersion: "v1", kind: "Secret", metadata: { name: "web" }, stringData: { TOKEN: value } });
const encrypt = async (value: string, { recipients = ["age1a"], hasKey = true } = {}) => {
  const content = (await encryptedSecrets(hasKey ? key : undefined, folder, recipients)(
    secret(value),
    "services/web/secret.yaml",
    (object) => object,
  ))!;
  mkdirSync(dirname(join(folder, "services/web/secret.yaml")), { recursive: true });
  writeFileSync(join(folder, "services/web/secret.yaml"), content);
  return content;
};

test("SOPS gets the text by standard input, and encrypts only the values", async () => {
  const content = await encrypt("open sesame", { recipients: ["age1a", "age1b"] });
  const [marker, checksum, length, args] = content.split("\n");
  expect(marker).toMatch(/^# Rendered by Slipway/);
  expect(checksum).toMatch(/^# Checksum of its content and recipients: [0-9a-f]{64}$/);
  expect(Number(length)).toBe("apiVersion: v1\nkind: Secret\nmetadata:\n  name: web\nstringData:\n  TOKEN: open sesame\n".length);
  const file = join(folder, "services/web/secret.yaml");
  expect(args).toBe(
    `encrypt --filename-override ${file} --input-type yaml --output-type yaml --encrypted-regex ^(data|stringData)$ --age age1a,age1b`,
  );
  expect(content).not.toContain("sesame");
});

test("a Secret that has not changed keeps its file, and one with other values, recipients or rules gets a new one", async () => {
  install("cat >/dev/null; date +%s%N");
  const first = await encrypt("one");
  expect(await encrypt("one")).toBe(first);
  const second = await encrypt("two");
  expect(second).not.toBe(first);
  const third = await encrypt("two", { recipients: ["age1b"] });
  expect(third).not.toBe(second);
  const before = process.cwd();
  try {
    process.chdir(folder);
    const fourth = await encrypt("two", { recipients: [] });
    expect(await encrypt("two", { recipients: [] })).toBe(fourth);
    writeFileSync(join(folder, ".sops.yaml"), "creation_rules: []\n");
    expect(await encrypt("two", { recipients: [] })).not.toBe(fourth);
  } finally {
    process.chdir(before);
  }
});

test("without a key, every Secret is encrypted again, and no checksum is in its file", async () => {
  install("cat >/dev/null; date +%s%N");
  const first = await encrypt("one", { hasKey: false });
  expect(first).not.toContain("Checksum");
  expect(await encrypt("one", { hasKey: false })).not.toBe(first);
});

test("what SOPS rejects is reported with the remedy, and without the value", async () => {
  install('cat >/dev/null; echo "failed to parse input as Bech32-encoded age public key" >&2; exit 1');
  const failure = await encrypt("open sesame").catch((error: Error) => error);
  expect(failure).toBeInstanceOf(UserError);
  const { message } = failure as Error;
  expect(message).toMatch(/^Secret web: SOPS cannot encrypt it for \S+secret\.yaml\. Check the recipients after --age\.\n/);
  expect(message).toContain("Bech32");
  expect(message).not.toContain("sesame");
  await expect(encrypt("a", { recipients: [] })).rejects.toThrow("Add a rule for this file to .sops.yaml, or pass recipients with --age.");
});

test("a value that is known only after deployment is rejected", async () => {
  await expect(encrypt(unknown)).rejects.toThrow(new UserError("Secret web: contains a value that is known only after deployment."));
  expect(() => readFileSync(join(folder, "services/web/secret.yaml"))).toThrow();
});

import { createDecipheriv, createCipheriv, pbkdf2Sync, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parse, YAMLParseError } from "yaml";
import { UserError } from "../components/internal/user-error.ts";

/** A stack as its project and stack files describe it. */
export interface Stack {
  project: string;
  name: string;
  /** `<project>:<key>` → text, objects as JSON, as the SDK takes it. */
  config: Record<string, string>;
  secretKeys: string[];
  main: string;
  /** Where the stack's checkpoint, lock and kubeconfig are. */
  folder: string;
}

interface ProjectFile {
  name: string;
  main: string;
  stackConfigDir?: string;
  config?: Record<string, { default?: unknown } | undefined>;
}

/** Reads Pulumi.yaml and the stack's file: https://www.pulumi.com/docs/iac/concepts/projects/project-file/. */
export function readStack(name: string): Stack {
  const project = readYaml("Pulumi.yaml") as ProjectFile;
  const folder = project.stackConfigDir ?? ".";
  const file = join(folder, `Pulumi.${name}.yaml`);
  if (!existsSync(file)) {
    const known = readdirSync(folder).flatMap((f) => /^Pulumi\.(.+)\.yaml$/.exec(f)?.[1] ?? []);
    throw new UserError(`There is no stack "${name}": ${file} does not exist. Known stacks: ${known.join(", ") || "none"}.`);
  }
  const { config = {}, encryptionsalt } = (readYaml(file) ?? {}) as { config?: Record<string, unknown>; encryptionsalt?: string };
  const full = (key: string) => (key.includes(":") ? key : `${project.name}:${key}`);
  const values: Record<string, unknown> = {};
  for (const [key, declared] of Object.entries(project.config ?? {})) if (declared?.default !== undefined) values[full(key)] = declared.default;
  const secretKeys: string[] = [];
  let decrypt: ((text: string) => string) | undefined;
  for (const [key, value] of Object.entries(config)) {
    values[full(key)] = reveal(value, (text) => {
      secretKeys.push(full(key));
      decrypt ??= configDecrypter(encryptionsalt, file);
      return decrypt(text);
    });
  }
  const text = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value));
  return {
    project: project.name,
    name,
    config: Object.fromEntries(Object.entries(values).map(([key, value]) => [key, text(value)])),
    secretKeys: [...new Set(secretKeys)],
    main: project.main,
    folder: join(".slipway", name),
  };
}

function readYaml(file: string): unknown {
  try {
    return parse(readFileSync(file, "utf8"));
  } catch (error) {
    if (error instanceof YAMLParseError) throw new UserError(`${file}: ${error.message}`);
    throw error;
  }
}

/** Replaces `{secure: <ciphertext>}`, at any depth. */
function reveal(value: unknown, decrypt: (text: string) => string): unknown {
  if (Array.isArray(value)) return value.map((v) => reveal(v, decrypt));
  if (value === null || typeof value !== "object") return value;
  const entries = Object.entries(value);
  if (entries.length === 1 && entries[0]?.[0] === "secure") return decrypt(String(entries[0][1]));
  return Object.fromEntries(entries.map(([k, v]) => [k, reveal(v, decrypt)]));
}

/** Pulumi's passphrase provider: AES-256-GCM, the key by PBKDF2 (pulumi, sdk/go/common/resource/config/crypt.go). */
function configDecrypter(salt: string | undefined, file: string): (text: string) => string {
  const passphraseFile = process.env["PULUMI_CONFIG_PASSPHRASE_FILE"];
  const passphrase = process.env["PULUMI_CONFIG_PASSPHRASE"] ?? (passphraseFile && readFileSync(passphraseFile, "utf8").trim());
  if (salt === undefined || passphrase === undefined || passphrase === "") {
    throw new UserError(`${file}: holds secrets, and there is no passphrase to read them with. Set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE.`);
  }
  const [, saltText = "", ...check] = salt.split(":");
  const key = pbkdf2Sync(passphrase, Buffer.from(saltText, "base64"), 1_000_000, 32, "sha256");
  const decrypt = (text: string) => open(key, text);
  if (decrypt(check.join(":")) !== "pulumi") throw new UserError(`${file}: the passphrase is not the one that its secrets were written with.`);
  return (text) => decrypt(text) ?? "";
}

/** `v1:<nonce>:<ciphertext and tag>`, Pulumi's form of a secret. */
export function seal(key: Buffer, text: string): string {
  const nonce = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  const sealed = Buffer.concat([cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()]);
  return `v1:${nonce.toString("base64")}:${sealed.toString("base64")}`;
}

/** Undoes `seal`; undefined where the key is not the one. */
export function open(key: Buffer, sealed: string): string | undefined {
  const [, nonce = "", body = ""] = sealed.split(":");
  const bytes = Buffer.from(body, "base64");
  const decipher = createDecipheriv("aes-256-gcm", key, Buffer.from(nonce, "base64"));
  decipher.setAuthTag(bytes.subarray(-16));
  try {
    return decipher.update(bytes.subarray(0, -16)).toString("utf8") + decipher.final("utf8");
  } catch {
    return undefined;
  }
}

/** The key that checkpoints on this machine are sealed with; made at first use, for its owner alone. */
export function checkpointKey(file = join(".slipway", "key")): Buffer {
  if (!existsSync(file)) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, randomBytes(32).toString("hex"), { mode: 0o600 });
  }
  return Buffer.from(readFileSync(file, "utf8"), "hex");
}

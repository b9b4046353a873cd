import { redact } from "../../lib/redact.ts";
import { isSecret, unknown, type Properties } from "../../lib/values.ts";
import { parseJson } from "./formats.ts";

/** Replaces a secret in everything that is shown. */
export const hidden = "[secret]";

/** Names of properties and variables that hold secrets, even if nothing marks them as secret: `password`, `DB_PASSWORD`, `clientSecret`. */
const secretName = /(pass(word|wd|phrase)|secret|token|credentials?|kubeconfig|(api|access|private|secret)[_-]?key)$/i;

export function isSecretName(name: string): boolean {
  return secretName.test(name);
}

/**
 * In a map with a secret name, keys of values that describe or reference the secret: `secret: { secretName: web, defaultMode: 420 }`. The
 * name or host of a thing would be hidden everywhere.
 */
const description =
  /(name|namespace|path|ref|arn|kind|type|version|mode|seconds|policy|status|algorithm|encoding|size|audience|parameter|provider|source|user|host|port|server|cluster|context|region)$/i;

/**
 * Texts that are always secret: private keys, JSON web tokens, passwords in URLs, tokens of GitHub and Slack. A password in a URL ends at
 * the last @, because it may contain @ and / that are not encoded. A port before a path is no password, even if an e-mail address follows.
 */
const secretText =
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[^]*|\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*|(?<=:\/\/(?!\[[\da-fA-F:.]*\])[^\s/:@]*:)(?!\d*\/)(?:(?:(?!:\/\/)[^\s"'`<>])+|[^\s/@]+)(?=@)|\b(gh[pousr]_|github_pat_|xox[abprs]-)[\w-]{10,}/g;

/** A shorter text would match parts of ordinary words. */
const shortest = 4;
/** In a map with a secret name, where only some values are secret. */
const shortestBelow = 8;
/** A number with fewer digits may be a port. */
const shortestNumber = 6;

/** Whether a value is secret: by its own name, by the name of a list or map that it is in, or not at all. */
type Secrecy = "named" | "below" | undefined;

/**
 * Hides secrets. A text that is secret in one place (because it is marked, by its name, or because it is in a Secret) is hidden
 * everywhere.
 */
export class Secrets {
  private readonly known = new KnownTexts();

  constructor() {
    // A secret that is part of this text would become visible in it.
    this.known.add(hidden);
  }

  /** Learns the secrets in the inputs or outputs of a resource. `names` are properties that the resource declares secret. */
  learn(type: string, properties: Properties, names: string[]): void {
    for (const name of secretProperties(type, names)) this.learnAll(properties[name]);
    this.visit(properties);
  }

  /** A value without secrets. `name` is the name of its property. */
  hide(value: unknown, name = ""): unknown {
    return this.shown(value, name, isSecretName(name) ? "named" : undefined);
  }

  /** A text without secrets. */
  hideIn(text: string): string {
    return redact(this.known.replace(text).replace(secretText, hidden));
  }

  /** The key of a map without secrets. Words stay, because rules look for keys such as `spec` and `app.kubernetes.io/name`. */
  hideInKey(key: string): string {
    if (isWord(key)) return key;
    return this.known.replace(key, (text) => !isWord(text)).replace(secretText, hidden);
  }

  /** The inputs or outputs of a resource without secrets. */
  hideOf(type: string, properties: Properties, names: string[]): Properties {
    const shown = this.hide(readable(type, properties)) as Properties;
    for (const name of secretProperties(type, names))
      if (properties[name] !== undefined) shown[this.hideInKey(name)] = this.hideLeaves(properties[name]);
    return shown;
  }

  private shown(value: unknown, name: string, secrecy: Secrecy): unknown {
    if (isSecret(value)) return hidden;
    if (typeof value === "string") {
      const assignment = assigned(value);
      return secrecy ? hidden : this.hideIn(assignment ? `${assignment.name}=${hidden}` : value);
    }
    if (typeof value === "number") return secrecy || this.known.has(String(value)) ? hidden : value;
    if (value === null || typeof value !== "object") return value;
    const children = childrenOf(value, name, secrecy).map((child) => ({
      ...child,
      value: this.shown(child.value, child.name, child.secrecy),
    }));
    if (Array.isArray(value)) return children.map((child) => child.value);
    return Object.fromEntries(children.map((child) => [this.hideInKey(child.key), child.value]));
  }

  private hideLeaves(value: unknown): unknown {
    if (value === undefined) return undefined;
    if (value === null || typeof value !== "object" || isSecret(value)) return hidden;
    if (Array.isArray(value)) return value.map((item) => this.hideLeaves(item));
    return Object.fromEntries(Object.entries(value).map(([key, below]) => [this.hideInKey(key), this.hideLeaves(below)]));
  }

  private visit(value: unknown, name = "", secrecy?: Secrecy): void {
    if (isSecret(value)) this.learnAll(contentOf(value));
    else if (value !== null && typeof value === "object")
      for (const child of childrenOf(value, name, secrecy)) this.visit(child.value, child.name, child.secrecy);
    else if (secrecy) this.learnLeaf(value, secrecy === "named" ? shortest : shortestBelow);
    else if (typeof value === "string") this.learnLeaf(assigned(value)?.secret, shortest);
  }

  private learnAll(value: unknown): void {
    if (isSecret(value)) this.learnAll(contentOf(value));
    else if (value !== null && typeof value === "object") for (const below of Object.values(value)) this.learnAll(below);
    else this.learnLeaf(value, shortest);
  }

  private learnLeaf(leaf: unknown, minimum: number): void {
    const learn = (text: string, minimum: number) => {
      if (text.length >= minimum) for (const form of formsOf(text)) this.known.add(form);
    };
    if (typeof leaf === "number") learn(String(leaf), shortestNumber);
    // All values that are not known yet are the same text, and most of them are not secret.
    if (typeof leaf !== "string" || leaf === hidden || leaf === unknown) return;
    learn(trimmed(leaf), minimum);
    // The data of a Secret is in base64.
    const decoded = Buffer.from(leaf, "base64").toString("utf8");
    if (Buffer.from(decoded, "utf8").toString("base64") === leaf) learn(trimmed(decoded), minimum);
  }
}

/** Replaces texts in others. The time does not depend on their number, and a regular expression with large texts ends the process. */
class KnownTexts {
  private readonly texts = new Set<string>();
  /** The texts by their first characters, and which hashes of first characters exist. */
  private index: { byStart: Map<string, string[]>; hashes: Uint8Array } | undefined;

  /** Adds a text of four characters or more. */
  add(text: string): void {
    if (this.texts.has(text)) return;
    this.texts.add(text);
    this.index = undefined;
  }

  has(text: string): boolean {
    return this.texts.has(text);
  }

  /** Replaces the texts, also those that overlap, by `[secret]`. */
  replace(text: string, isReplaced = (_known: string) => true): string {
    const { byStart, hashes } = (this.index ??= this.indexed());
    let [shown, end] = ["", 0];
    for (let i = 0; i + shortest <= text.length; i++) {
      if (hashes[hashAt(text, i)] === 0) continue;
      const found = byStart.get(text.slice(i, i + shortest))?.find((known) => text.startsWith(known, i) && isReplaced(known));
      if (found === undefined) continue;
      if (i >= end) shown += text.slice(end, i) + hidden;
      end = Math.max(end, i + found.length);
    }
    return shown + text.slice(end);
  }

  private indexed() {
    // The longest first: a shorter secret at the start of a longer one would leave the rest of it visible.
    const sorted = [...this.texts].sort((a, b) => b.length - a.length);
    const byStart = Map.groupBy(sorted, (text) => text.slice(0, shortest));
    const hashes = new Uint8Array(2 ** 16);
    for (const start of byStart.keys()) hashes[hashAt(start, 0)] = 1;
    return { byStart, hashes };
  }
}

/** A hash of four characters with 16 bits. */
function hashAt(text: string, i: number): number {
  return (
    (text.charCodeAt(i) * 31 + text.charCodeAt(i + 1) * 1009 + text.charCodeAt(i + 2) * 5003 + text.charCodeAt(i + 3) * 31013) & 0xffff
  );
}

function isWord(text: string): boolean {
  return /^[A-Za-z]+$/.test(text);
}

/** What a mark holds. Pulumi writes plaintext as JSON. */
function contentOf({ value, plaintext }: { value: unknown; plaintext?: unknown }): unknown {
  if (value !== undefined || typeof plaintext !== "string") return value;
  const parsed = parseJson(plaintext);
  return parsed === undefined ? plaintext : parsed;
}

/** A text without quotes and white space around it, which a message may leave out. */
function trimmed(text: string): string {
  return text
    .trim()
    .replace(/^"(.*)"$/s, "$1")
    .trim();
}

/** A text as it is, and as it is in JSON, of which Go also escapes the signs of HTML. */
function formsOf(text: string): string[] {
  const json = JSON.stringify(text).slice(1, -1);
  return [text, json, json.replaceAll(/[<>&]/g, (sign) => `\\u00${sign.charCodeAt(0).toString(16)}`)];
}

interface Child {
  key: string;
  value: unknown;
  name: string;
  secrecy: Secrecy;
}

/** The values in a list or map. The name of a list entry, such as a variable in `env`, is the name of its `value`. */
function childrenOf(parent: object, name: string, secrecy: Secrecy): Child[] {
  if (Array.isArray(parent)) return parent.map((value, i) => ({ key: String(i), value, name: nameOf(value) || name, secrecy }));
  return Object.entries(parent).map(([key, value]: [string, unknown]) => {
    const own = key === "value" && name !== "" ? name : key;
    const inherited = secrecy && !describes(key, value, parent) ? "below" : undefined;
    return { key, value, name: own, secrecy: isSecretName(own) ? "named" : inherited };
  });
}

/** Whether a value in a map with a secret name is not secret itself, such as the key in `password: { name: web, key: PASSWORD }`. */
function describes(key: string, value: unknown, parent: object): boolean {
  if (value !== null && typeof value === "object") return false;
  return description.test(key) || (key === "key" && ("name" in parent || "path" in parent));
}

function secretProperties(type: string, names: string[]): string[] {
  return /^kubernetes:core\/\w+:Secret$/.test(type) ? ["data", "stringData", ...names] : names;
}

/** Decodes properties that are in base64 but not secret: the data of a Swarm config. */
function readable(type: string, properties: Properties): Properties {
  const isText = type === "docker:index/serviceConfig:ServiceConfig" && typeof properties.data === "string" && properties.data !== unknown;
  return isText ? { ...properties, data: Buffer.from(properties.data as string, "base64").toString() } : properties;
}

/** A variable or option of a container with a secret: `DB_PASSWORD=…`, `--token=…`. */
function assigned(text: string): { name: string; secret: string } | undefined {
  const [, name, secret] = /^(-{0,2}[\w.-]+)=(.+)$/s.exec(text) ?? [];
  return name !== undefined && isSecretName(name) ? { name, secret: secret! } : undefined;
}

/** The name of a list entry, such as a variable in `env`. */
function nameOf(item: unknown): string {
  const name = item !== null && typeof item === "object" ? (item as Properties).name : undefined;
  return typeof name === "string" ? name : "";
}

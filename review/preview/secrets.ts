import { redact } from "../../lib/redact.ts";
import { isSecret, unknown, type Properties } from "../../lib/values.ts";

/** Replaces a secret in everything that is shown. */
export const hidden = "[secret]";

/** Names of properties and variables that hold secrets, even if nothing marks them as secret: `password`, `DB_PASSWORD`, `clientSecret`. */
const secretName = /(pass(word|wd|phrase)|secret|token|credentials?|kubeconfig|(api|access|private|secret)[_-]?key)$/i;

export function isSecretName(name: string): boolean {
  return secretName.test(name);
}

/** Texts that are always secret: private keys, JSON web tokens, passwords in URLs, tokens of GitHub and Slack. */
const secretText =
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[^]*|\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*|(?<=:\/\/[^\s/:@]*:)[^\s/@]+(?=@)|\b(gh[pousr]_|github_pat_|xox[abprs]-)[\w-]{10,}/g;

/**
 * Hides secrets. A text that is secret in one place (because it is marked, by its name, or because it is in a Secret) is hidden
 * everywhere.
 */
export class Secrets {
  private readonly texts = new Set<string>();
  private pattern: RegExp | undefined;

  /** Learns the secrets in the inputs or outputs of a resource. `names` are properties that the resource declares secret. */
  learn(type: string, properties: Properties, names: string[]): void {
    for (const name of secretProperties(type, names)) this.learnAll(properties[name]);
    this.visit(properties);
  }

  /** A value without secrets. */
  hide(value: unknown, name = ""): unknown {
    if (isSecret(value)) return hidden;
    if (typeof value === "string") return secretName.test(name) ? hidden : this.hideIn(value);
    if (Array.isArray(value)) return value.map((item) => this.hide(item, nameOf(item)));
    if (value === null || typeof value !== "object") return value;
    const hide = ([key, below]: [string, unknown]) => [key, this.hide(below, key === "value" && name !== "" ? name : key)];
    return Object.fromEntries(Object.entries(value).map(hide));
  }

  /** A text without secrets. */
  hideIn(text: string): string {
    return redact((this.known() ? text.replace(this.known()!, hidden) : text).replace(secretText, hidden));
  }

  /** The inputs of a resource without secrets. */
  hideOf(type: string, properties: Properties, names: string[]): Properties {
    const shown = this.hide(readable(type, properties)) as Properties;
    for (const name of secretProperties(type, names))
      if (properties[name] !== undefined) shown[name] = isSecret(properties[name]) ? hidden : mapLeaves(properties[name], () => hidden);
    return shown;
  }

  private visit(value: unknown, name = ""): void {
    if (isSecret(value)) this.learnAll(value.value ?? (value as { plaintext?: unknown }).plaintext);
    else if (typeof value === "string" && secretName.test(name)) this.learnAll(value);
    else if (Array.isArray(value)) for (const item of value) this.visit(item, nameOf(item));
    else if (value !== null && typeof value === "object")
      for (const [key, below] of Object.entries(value)) this.visit(below, key === "value" && name !== "" ? name : key);
  }

  private learnAll(value: unknown): void {
    mapLeaves(value, (leaf) => {
      // All values that are not known yet are the same text, and most of them are not secret.
      if (typeof leaf !== "string" || leaf === hidden || leaf === unknown) return leaf;
      const decoded = Buffer.from(leaf, "base64").toString("utf8");
      // Pulumi prints plaintext as JSON. The data of a Secret is in base64.
      const unquoted = /^".*"$/s.test(leaf) ? leaf.slice(1, -1) : leaf;
      const isBase64 = Buffer.from(decoded, "utf8").toString("base64") === leaf;
      // A shorter text would match parts of ordinary words.
      for (const text of [unquoted, ...(isBase64 ? [decoded] : [])]) if (text.length >= 4) this.texts.add(text);
      this.pattern = undefined;
      return leaf;
    });
  }

  private known(): RegExp | undefined {
    if (this.texts.size === 0) return undefined;
    // The longest first: a shorter secret inside a longer one would leave the rest of it visible.
    const sorted = [...this.texts].sort((a, b) => b.length - a.length);
    return (this.pattern ??= new RegExp(sorted.map((text) => text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&")).join("|"), "g"));
  }
}

function secretProperties(type: string, names: string[]): string[] {
  return /^kubernetes:core\/\w+:Secret$/.test(type) ? ["data", "stringData", ...names] : names;
}

/** Decodes properties that are in base64 but not secret: the data of a Swarm config. */
function readable(type: string, properties: Properties): Properties {
  const isText = type === "docker:index/serviceConfig:ServiceConfig" && typeof properties.data === "string" && properties.data !== unknown;
  return isText ? { ...properties, data: Buffer.from(properties.data as string, "base64").toString() } : properties;
}

/** The name of a list entry, such as a variable in `env`. */
function nameOf(item: unknown): string {
  const name = item !== null && typeof item === "object" ? (item as Properties).name : undefined;
  return typeof name === "string" ? name : "";
}

function mapLeaves(value: unknown, change: (leaf: unknown) => unknown): unknown {
  if (value === null || typeof value !== "object") return value === undefined ? undefined : change(value);
  if (Array.isArray(value)) return value.map((item) => mapLeaves(item, change));
  return Object.fromEntries(Object.entries(value).map(([key, below]) => [key, mapLeaves(below, change)]));
}

import { redact } from "../../lib/redact.ts";
import { isSecret, unknown, type Properties } from "../../lib/values.ts";

export const hidden = "[secret]";

/** Names of properties and variables whose texts are secret, whatever a tool marks: `password`, `DB_PASSWORD`, `clientSecret`. */
const secretName = /(pass(word|wd|phrase)|secret|token|credentials?|kubeconfig|(api|access|private|secret)[_-]?key)$/i;

export function isSecretName(name: string): boolean {
  return secretName.test(name);
}

/** Texts that are secret wherever they are: private keys, JSON web tokens, passwords in URLs, keys of GitHub and Slack. */
const secretText =
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[^]*|\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*|(?<=:\/\/[^\s/:@]*:)[^\s/@]+(?=@)|\b(gh[pousr]_|github_pat_|xox[abprs]-)[\w-]{10,}/g;

/**
 * Takes secrets out of what is shown. What was secret in one place (marked as such, by its name, or in a Secret) is hidden wherever
 * it comes again.
 */
export class Secrets {
  private readonly texts = new Set<string>();
  private pattern: RegExp | undefined;

  /** Learns what is secret in the inputs or outputs of a resource. `names` are properties that it says to be. */
  learn(type: string, properties: Properties, names: string[]): void {
    for (const name of secretProperties(type, names)) this.learnAll(properties[name]);
    this.visit(properties);
  }

  /** A value as it may be shown. */
  hide(value: unknown, name = ""): unknown {
    if (isSecret(value)) return hidden;
    if (typeof value === "string") return secretName.test(name) ? hidden : this.hideIn(value);
    if (Array.isArray(value)) return value.map((item) => this.hide(item, nameOf(item)));
    if (value === null || typeof value !== "object") return value;
    const hide = ([key, below]: [string, unknown]) => [key, this.hide(below, key === "value" && name !== "" ? name : key)];
    return Object.fromEntries(Object.entries(value).map(hide));
  }

  /** A text as it may be shown. */
  hideIn(text: string): string {
    return redact((this.known() ? text.replace(this.known()!, hidden) : text).replace(secretText, hidden));
  }

  /** The inputs of a resource as they may be shown. */
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
      // What is not known yet stands for many things, most of them no secrets.
      if (typeof leaf !== "string" || leaf === hidden || leaf === unknown) return leaf;
      const decoded = Buffer.from(leaf, "base64").toString("utf8");
      // Plaintext that Pulumi prints is JSON; data of a Secret is in base64.
      const unquoted = /^".*"$/s.test(leaf) ? leaf.slice(1, -1) : leaf;
      const isBase64 = Buffer.from(decoded, "utf8").toString("base64") === leaf;
      // What is shorter would be found in words that tell nothing.
      for (const text of [unquoted, ...(isBase64 ? [decoded] : [])]) if (text.length >= 4) this.texts.add(text);
      this.pattern = undefined;
      return leaf;
    });
  }

  private known(): RegExp | undefined {
    if (this.texts.size === 0) return undefined;
    // The longest first: what is left of it otherwise would tell of it.
    const sorted = [...this.texts].sort((a, b) => b.length - a.length);
    return (this.pattern ??= new RegExp(sorted.map((text) => text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&")).join("|"), "g"));
  }
}

function secretProperties(type: string, names: string[]): string[] {
  return /^kubernetes:core\/\w+:Secret$/.test(type) ? ["data", "stringData", ...names] : names;
}

/** What is in base64 for transport alone, as text: a config of Swarm's, which is no secret. */
function readable(type: string, properties: Properties): Properties {
  const isText = type === "docker:index/serviceConfig:ServiceConfig" && typeof properties.data === "string" && properties.data !== unknown;
  return isText ? { ...properties, data: Buffer.from(properties.data as string, "base64").toString() } : properties;
}

/** The name of an entry of a list such as `env`, which its value goes by. */
function nameOf(item: unknown): string {
  const name = item !== null && typeof item === "object" ? (item as Properties).name : undefined;
  return typeof name === "string" ? name : "";
}

function mapLeaves(value: unknown, change: (leaf: unknown) => unknown): unknown {
  if (value === null || typeof value !== "object") return value === undefined ? undefined : change(value);
  if (Array.isArray(value)) return value.map((item) => mapLeaves(item, change));
  return Object.fromEntries(Object.entries(value).map(([key, below]) => [key, mapLeaves(below, change)]));
}

import { isIP } from "node:net";

/**
 * What is wrong with a name of a Kubernetes Service, which is also a DNS label (RFC 1035):
 * https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#rfc-1035-label-names.
 */
export function problemWithName(name: string): string | undefined {
  if (name.length > 63) return `must be at most 63 characters long (got "${name}")`;
  if (!/^[a-z]([-a-z0-9]*[a-z0-9])?$/.test(name)) {
    return `must be lower-case letters, digits and "-", starting with a letter and ending with a letter or digit (got "${name}")`;
  }
  return undefined;
}

const subdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const qualified = /^[A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?$/;

/** What is wrong with the name of an existing object such as a Secret or a class (RFC 1123 subdomain). */
export function problemWithObjectName(name: string): string | undefined {
  if (name.length <= 253 && subdomain.test(name)) return undefined;
  return `must be the name of a Kubernetes object: at most 253 lower-case letters, digits, "-" and "." (got "${name}")`;
}

/**
 * What is wrong with the key of a label or an annotation:
 * https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set.
 */
export function problemWithKey(key: string): string | undefined {
  const [, prefix, name = ""] = /^(?:([^/]*)\/)?(.*)$/s.exec(key) ?? [];
  if (qualified.test(name) && (prefix === undefined || problemWithObjectName(prefix) === undefined)) return undefined;
  return `must be at most 63 letters, digits and ".-_", with an optional domain in front, such as example.org/team (got "${key}")`;
}

/** What is wrong with the value of a label. */
export function problemWithLabelValue(value: string): string | undefined {
  return value === "" || qualified.test(value)
    ? undefined
    : `must be a valid label value: at most 63 letters, digits and ".-_" (got "${value}")`;
}

/** The unique key of a file in a Secret or ConfigMap: its path in a kind of percent-encoding with `_`. */
export function dataKeyOf(path: string): string {
  const encode = (byte: number) => `_${byte.toString(16).padStart(2, "0")}`;
  return path.slice(1).replace(/[^A-Za-z0-9.-]/gu, (character) => [...Buffer.from(character)].map(encode).join(""));
}

/** What is wrong with a key of a Secret or ConfigMap. */
export function problemWithDataKey(key: string): string | undefined {
  if (/^[\w.-]{1,253}$/.test(key) && !key.startsWith("..") && key !== ".") return undefined;
  return `must be a key of a Secret: at most 253 letters, digits and ".-_" (got "${key}")`;
}

/** What is wrong with the host name of an Ingress (RFC 1123 subdomain, one leading `*.` allowed). */
export function problemWithHost(host: string): string | undefined {
  if (host.length > 253) return `must be at most 253 characters long (got ${host.length} characters)`;
  if (isIP(host) !== 0) return `must be a host name, not an IP address (got "${host}")`;
  if (host.split(".").some((label) => label.length > 63)) return `must have at most 63 characters between dots (got "${host}")`;
  if (!/^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/.test(host)) {
    return `must be a lower-case host name such as web.localhost, without scheme, port or path (got "${host}")`;
  }
  return undefined;
}

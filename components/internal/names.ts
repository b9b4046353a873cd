/**
 * What is wrong with a name that becomes the name of Kubernetes objects and a DNS label, or nothing.
 *
 * The rule is Kubernetes' for names of Services (RFC 1035 label), see
 * https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#rfc-1035-label-names.
 */
export function problemWithName(name: string): string | undefined {
  if (name.length > 63) return `must be at most 63 characters long, got ${name.length}: "${name}"`;
  if (!/^[a-z]([-a-z0-9]*[a-z0-9])?$/.test(name)) {
    return `must be lower-case letters, digits and "-", starting with a letter and ending with a letter or digit, got "${name}"`;
  }
  return undefined;
}

/** What is wrong with the host name of an Ingress (RFC 1123 subdomain, one leading `*.` allowed), or nothing. */
export function problemWithHost(host: string): string | undefined {
  if (host.length > 253) return `must be at most 253 characters long, got ${host.length}`;
  if (!/^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/.test(host)) {
    return `must be a host name in lower case such as web.localhost, without scheme, port or path, got "${host}"`;
  }
  return undefined;
}

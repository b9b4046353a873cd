/** A digest, whose digits may look like an account id, or an account id. */
const digestOrAccount = /\bsha256:[0-9a-f]{64}\b|(?<!\d)\d{12}(?!\d)/g;

/** Replaces account ids, access keys and token-like text in a message from AWS. Digests of images stay. */
export function redact(text: string): string {
  return text
    .replace(digestOrAccount, (found) => (found.startsWith("sha256:") ? found : "<account>"))
    .replace(/\bA(KI|SI)A[A-Z0-9]{12,}/g, "<key>")
    .replace(/[\w+/=-]{80,}/g, "<token>");
}

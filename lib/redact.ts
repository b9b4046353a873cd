/** Takes out of a text of AWS what no message is to have: account ids, access keys, and what is as long as a token. */
export function redact(text: string): string {
  return text
    .replace(/(?<!\d)\d{12}(?!\d)/g, "<account>")
    .replace(/\bA(KI|SI)A[A-Z0-9]{12,}/g, "<key>")
    .replace(/[\w+/=-]{80,}/g, "<token>");
}

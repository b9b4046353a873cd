/** Today's date in UTC, such as 2026-12-31. */
export function today(): string {
  return new Date().toISOString().slice(0, 10);
}

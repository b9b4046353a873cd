/** `3 s`, `5 min`, `2 h`, `4 d`. */
export function age(since: string, now = Date.now()): string {
  const seconds = Math.max(0, Math.round((now - Date.parse(since)) / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  return seconds < 86_400 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86_400)} d`;
}

/** A number with three digits. */
export function number(value: number): string {
  if (value === 0) return "0";
  return value >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
}

export function duration(seconds: number): string {
  if (seconds >= 1) return `${number(seconds)} s`;
  return seconds >= 0.001 ? `${number(seconds * 1000)} ms` : `${number(seconds * 1e6)} µs`;
}

export function bytes(value: number): string {
  if (value >= 2 ** 30) return `${number(value / 2 ** 30)} GiB`;
  return value >= 2 ** 20 ? `${number(value / 2 ** 20)} MiB` : `${number(value / 2 ** 10)} KiB`;
}

export function cores(value: number): string {
  return value >= 1 ? `${number(value)} cores` : `${number(value * 1000)}m`;
}

/** The digest or tag of an image, and its name. */
export function shortImage(image: string): string {
  const [, digest] = /sha256:([0-9a-f]{12})/.exec(image) ?? [];
  return digest === undefined ? image.split("/").at(-1)! : `sha256:${digest}`;
}

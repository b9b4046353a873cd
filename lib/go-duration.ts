/**
 * Seconds as Go writes a duration, `1m25s`: engines give durations back so, and Pulumi would take `85s` for another one
 * (https://pkg.go.dev/time#Duration.String).
 */
export function goDuration(seconds: number): string {
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return `${hours > 0 ? `${hours}h` : ""}${seconds >= 60 ? `${minutes}m` : ""}${rest}s`;
}

/**
 * The same without zeros at its end, `2m` and not `2m0s`: so Pulumi's provider reads what a service of Swarm has
 * (https://github.com/kreuzwerker/terraform-provider-docker, shortDur).
 */
export function shortDuration(duration: string): string {
  return duration.replace(/(?<=m)0s$/, "").replace(/(?<=h)0m$/, "");
}

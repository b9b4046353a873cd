/**
 * Seconds in the form of Go's `time.Duration.String`, such as `1m25s` (https://pkg.go.dev/time#Duration.String). Docker reports durations
 * in this form, and Pulumi would see a difference to `85s`.
 */
export function goDuration(seconds: number): string {
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return `${hours > 0 ? `${hours}h` : ""}${seconds >= 60 ? `${minutes}m` : ""}${rest}s`;
}

/**
 * The same without zero units at the end: `2m` instead of `2m0s`. Pulumi's provider reads the durations of a Swarm service in this form
 * (https://github.com/kreuzwerker/terraform-provider-docker, shortDur).
 */
export function shortDuration(duration: string): string {
  return duration.replace(/(?<=m)0s$/, "").replace(/(?<=h)0m$/, "");
}

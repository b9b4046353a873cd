import * as pulumi from "@pulumi/pulumi";
import settings from "@pulumi/pulumi/runtime/settings.js";

/**
 * Tells the user something that fails nothing: with the Pulumi CLI among its diagnostics, with the embedded engine on standard error, so that
 * `--json` stays alone on standard output.
 */
export function notice(severity: "note" | "warning", message: string): void {
  if (settings.getEngine() === undefined) process.stderr.write(`${severity}: ${message}\n`);
  else void (severity === "note" ? pulumi.log.info(message) : pulumi.log.warn(message));
}

import * as pulumi from "@pulumi/pulumi";
import { noDocker } from "../lib/docker-client.ts";

/**
 * What a preflight reports if this machine's Docker daemon does not answer. In a preview it is a warning: nothing needs Docker yet, and
 * set-up starts it before an update.
 */
export async function withoutDaemon(): Promise<string[]> {
  if (!pulumi.runtime.isDryRun()) return [`${noDocker}.`];
  await pulumi.log.warn("Docker is not running, so the preview does not check which ports, networks and volumes are in use.");
  return [];
}

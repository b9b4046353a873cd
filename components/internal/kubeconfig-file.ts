import { closeSync, constants, existsSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { UserError } from "../../lib/user-error.ts";

/** Creates the empty file, so that it belongs to the user who runs Pulumi: the node writes it as root and keeps its owner. */
export function prepareKubeconfig(file: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  closeSync(openSync(file, constants.O_CREAT | constants.O_RDWR, 0o600));
}

/** @throws UserError if the file is missing or empty: the node has not written it, or it was deleted. */
export function readKubeconfig(file: string, container: string): string {
  const content = existsSync(file) ? readFileSync(file, "utf8") : "";
  if (content === "") {
    throw new UserError(
      `${file}: the cluster's kubeconfig is missing. Remove the container, and the next \`up\` writes the file again: docker rm --force ${container}`,
    );
  }
  return content;
}

import { closeSync, constants, existsSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { UserError } from "../../lib/user-error.ts";

/** Makes the file beforehand, so that it belongs to who runs Pulumi: the node writes it as root, and leaves the owner. */
export function prepareKubeconfig(file: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  closeSync(openSync(file, constants.O_CREAT | constants.O_RDWR, 0o600));
}

/** @throws UserError where the node has not written it, or somebody removed it. */
export function readKubeconfig(file: string, container: string): string {
  const content = existsSync(file) ? readFileSync(file, "utf8") : "";
  if (content === "") {
    throw new UserError(
      `${file}: the cluster's kubeconfig is gone. Remove the container, and the next \`up\` writes it again: docker rm --force ${container}`,
    );
  }
  return content;
}

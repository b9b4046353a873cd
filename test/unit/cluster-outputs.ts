import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dockerOutputs } from "./docker-inputs.ts";
import type { Outputs } from "./harness.ts";

let folder: string;

/** Runs the tests of a file in a temporary folder, in which the program writes files of the stack. */
export function inTemporaryFolder(): void {
  const checkout = process.cwd();
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "slipway-"));
    process.chdir(folder);
  });
  afterAll(() => {
    process.chdir(checkout);
    rmSync(folder, { recursive: true });
  });
}

/** What Docker, the registry and a local cluster provide: its node writes the kubeconfig. */
export const clusterOutputs: Outputs = {
  ...dockerOutputs,
  "kubernetes:core/v1:Secret": ({ inputs }) => ({ metadata: { ...inputs["metadata"], uid: "0b1c" } }),
  "docker:index/container:Container": (resource) => {
    if (resource.name.endsWith("-node")) writeFileSync(join(folder, ".slipway/test/kubeconfig.yaml"), "apiVersion: v1\n");
    return dockerOutputs["docker:index/container:Container"]!(resource);
  },
};

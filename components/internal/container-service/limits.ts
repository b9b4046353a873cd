import type { WebServiceSpec } from "../web-service/spec.ts";
import { parseQuantity } from "../../../lib/quantity.ts";

/** GOMEMLIMIT at 90 % of the memory limit, as on Kubernetes; none if the service sets it. */
export function goMemoryLimit({ resources, env = {}, secretEnv = {} }: WebServiceSpec): string[] {
  if ("GOMEMLIMIT" in env || "GOMEMLIMIT" in secretEnv) return [];
  return [`GOMEMLIMIT=${Math.floor((parseQuantity(resources.memoryLimit)! * 0.9) / 2 ** 10)}KiB`];
}

/** Memory in bytes. The limit includes the emptyDir volumes, which are tmpfs. */
export function memoryBytes(spec: WebServiceSpec): { limit: number; reservation: number } {
  const [limit = 0, reservation = 0] = [spec.resources.memoryLimit, spec.resources.memory].map((q) => parseQuantity(q) ?? 0);
  return { limit: limit + emptyDirBytes(spec), reservation };
}

function emptyDirBytes({ volumes = {} }: WebServiceSpec): number {
  return Object.values(volumes).reduce((sum, { kind, size }) => sum + (kind === "emptyDir" ? (parseQuantity(size) ?? 0) : 0), 0);
}

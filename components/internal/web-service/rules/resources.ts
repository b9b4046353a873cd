import type { WebServiceArgs } from "../../../web-service-args.ts";
import { formatBytes, parseQuantity } from "../../../../lib/quantity.ts";
import type { WebServiceSpec } from "../spec.ts";
import type { Report } from "../../../../lib/problem.ts";

export function checkResources({ resources = {}, volumes = {} }: WebServiceArgs, spec: WebServiceSpec, report: Report): void {
  for (const key of ["cpu", "cpuLimit"] as const) report(["resources", key], problemWithCpu(resources[key]));
  for (const key of ["memory", "memoryLimit", "ephemeralStorage", "ephemeralStorageLimit"] as const)
    report(["resources", key], problemWithBytes(resources[key]));
  for (const request of ["cpu", "memory", "ephemeralStorage"] as const) {
    const limit = `${request}Limit` as const;
    const [least, most] = [spec.resources[request], spec.resources[limit]];
    const tooSmall = most !== undefined && Number(parseQuantity(most)) < Number(parseQuantity(least));
    report(["resources", limit], tooSmall && `must be at least ${request} = ${least} (got ${most}). Raise it, or lower ${request}`);
  }
  const emptyDirs = Object.values(volumes).map(({ kind, size }) => (kind === "emptyDir" ? (parseQuantity(size) ?? 0) : 0));
  const needed = emptyDirs.reduce((sum, size) => sum + size, 0);
  const most = resources.ephemeralStorageLimit;
  report(
    ["resources", "ephemeralStorageLimit"],
    most !== undefined &&
      Number(parseQuantity(most)) < needed &&
      `must be at least the size of all emptyDir volumes, ${formatBytes(needed)} (got ${most}), or a pod that fills them is evicted. Raise it, or remove it`,
  );
}

function problemWithCpu(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  if (parseQuantity(text) === undefined) return `must be a Kubernetes quantity such as "250m" or "2" (got "${text}")`;
  if (!/^(\d+m|\d+(\.\d{1,3})?)$/.test(text)) return `must be a number of cores such as "2" or "250m" (got "${text}")`;
  return Number(parseQuantity(text)) > 0 ? undefined : `must be more than 0 (got "${text}")`;
}

/** What is wrong with a size in bytes. */
export function problemWithBytes(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const bytes = parseQuantity(text);
  if (bytes === undefined) return `must be a Kubernetes quantity such as "64Mi" or "1Gi" (got "${text}")`;
  // A smaller value is usually a missing unit, or the "m" of CPU.
  return bytes >= 2 ** 20 ? undefined : `must be at least 1Mi (got "${text}"). Add a unit such as Mi or Gi`;
}

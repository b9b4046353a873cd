import { serviceDefaults } from "../../components/web-service-defaults.ts";
import type { Facts } from "./modules.ts";

/** Last parts of the paths that say whether a program lives, or is ready, the best one first. */
const live = [
  "livez",
  "healthz",
  "health/live",
  "health/liveness",
  "live",
  "liveness",
  "-/healthy",
  "health",
  "healthcheck",
  "health-check",
  "health_check",
  "status",
  "ping",
];
const ready = ["readyz", "health/ready", "health/readiness", "ready", "readiness", "-/ready"];

/** The health probes of a program that serves HTTP. */
export interface Health {
  probes?: Record<string, unknown>;
  /** What was found: `/healthz and /readyz`. */
  found: string;
  /** Where. */
  at?: string;
}

/** Finds the routes for probes: those with a well-known name, otherwise `/`, otherwise none. */
export function healthOf(routes: Facts["routes"]): Health {
  const plain = routes.filter(({ path }) => !/[:{*]/.test(path));
  const find = (names: string[]) => {
    for (const name of names) {
      const all = plain.filter(({ path }) => path === `/${name}` || path === `/_${name}` || path.endsWith(`/${name}`));
      const shortest = all.sort((a, b) => a.path.length - b.path.length)[0];
      if (shortest) return shortest;
    }
    return undefined;
  };
  const readiness = find(ready);
  const liveness = find(live) ?? readiness;
  if (liveness) {
    const { path, at } = liveness;
    const readyPath = (readiness ?? liveness).path;
    const found = path === readyPath ? path : `${path} and ${readyPath}`;
    return { ...probesOf(path, readyPath), found, at };
  }
  const root = plain.find(({ path }) => path === "/");
  if (root) return { ...probesOf("/", "/"), found: "/", at: root.at };
  return { probes: { kind: "tcp" }, found: "none" };
}

/** The probes that differ from the defaults. */
function probesOf(live: string, ready: string): { probes?: Record<string, unknown> } {
  const { startup, liveness, readiness } = serviceDefaults.probes;
  const probes = {
    ...(live !== startup.path && { startup: { path: live } }),
    ...(ready !== readiness.path && { readiness: { path: ready } }),
    ...(live !== liveness.path && { liveness: { path: live } }),
  };
  return Object.keys(probes).length > 0 ? { probes } : {};
}

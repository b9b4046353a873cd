import { isMap } from "../lib/property-path.ts";
import { Platform } from "./schema/setting.ts";
import { reviewDefaults, reviewSettings } from "./schema/review.ts";

/** A review environment is a stack without a file of its own: `review-7` is the environment 7 of the template in `Pulumi.review.yaml`. */
export interface ReviewEnvironment {
  /** Name of the stack with the template. */
  template: string;
  /** Such as the number of a pull request. */
  id: string;
}

/** IDs are part of host names and of the name of a namespace. */
export const validId = /^[a-z0-9]([-a-z0-9]{0,28}[a-z0-9])?$/;

export function environmentStack({ template, id }: ReviewEnvironment): string {
  return `${template}-${id}`;
}

/** Reads a stack name of the form `<template>-<id>`. Undefined if it has another form, or there is no such template. */
export function environmentNamed(stack: string, isTemplate: (name: string) => boolean): ReviewEnvironment | undefined {
  const hyphens = [...stack.matchAll(/-/g)].map(({ index }) => index);
  const candidates = hyphens.map((at) => ({ template: stack.slice(0, at), id: stack.slice(at + 1) }));
  return candidates.find(({ template, id }) => validId.test(id) && isTemplate(template));
}

/** Why a stack on a platform cannot be a template. */
export function problemWithPlatform(platform: string): string | undefined {
  if (platform === Platform.Kubernetes) return undefined;
  return `must be kubernetes for a stack with slipway:review, because each environment is a namespace of a cluster that exists (got "${platform}")`;
}

/** The namespace with everything that belongs to an environment. */
export function environmentNamespace(project: string, environment: ReviewEnvironment): string {
  return `${project}-${environmentStack(environment)}`;
}

/** What an environment does not need of what services have by default: it has few users, and nobody waits for the end of its requests. */
const small = { rollout: { minReadySeconds: 1 }, shutdown: { sleepSeconds: 0, drainSeconds: 5 } };

/**
 * The settings of an environment: those of the template, with a namespace and hosts of its own, and small defaults. Invalid settings are passed
 * on, so that they are reported as those of any stack.
 */
export function settingsOfEnvironment(
  settings: Record<string, unknown>,
  project: string,
  environment: ReviewEnvironment,
): Record<string, unknown> {
  const pattern = reviewSettings.safeParse(settings["review"]).data?.hosts ?? reviewDefaults.hosts;
  const hostOf = (host: unknown) =>
    typeof host === "string" ? pattern.replace("{id}", environment.id).replace("{host}", () => host) : host;
  const withHosts = (service: Record<string, unknown>) => ({
    ...service,
    ...(service["host"] !== undefined && { host: hostOf(service["host"]) }),
    ...(Array.isArray(service["routes"]) && {
      routes: service["routes"].map((route: unknown) => (isMap(route) ? { ...route, host: hostOf(route["host"]) } : route)),
    }),
  });
  const services = isMap(settings["services"]) ? settings["services"] : {};
  const changed = Object.entries(services).map(([name, service]) => [name, isMap(service) ? smaller(withHosts(service)) : service]);
  return {
    ...settings,
    ...(isMap(settings["services"]) && { services: Object.fromEntries(changed) as unknown }),
    ...(settings["platform"] === Platform.Kubernetes &&
      isMap(settings["kubernetes"]) && {
        kubernetes: { ...settings["kubernetes"], namespace: environmentNamespace(project, environment) },
      }),
  };
}

function smaller(service: Record<string, unknown>): Record<string, unknown> {
  const merged = (key: keyof typeof small) => (service[key] === undefined ? small[key] : { ...small[key], ...(service[key] as object) });
  return {
    ...(service["autoscaling"] === undefined && { replicas: 1 }),
    ...service,
    rollout: merged("rollout"),
    shutdown: merged("shutdown"),
  };
}

import { z } from "zod";
import { configuration } from "./service-settings/configuration.ts";
import { exposure } from "./service-settings/exposure.ts";
import { image } from "./service-settings/image.ts";
import { lifecycle } from "./service-settings/lifecycle.ts";
import { network } from "./service-settings/network.ts";
import { resources } from "./service-settings/resources.ts";
import { scaling } from "./service-settings/scaling.ts";

// The one definition of a service. What values must satisfy beyond their shape is in components/rules/web-service.ts, because programs must
// satisfy it too. components/service-args.ts, stacks/schema.json and the tables in docs/ are generated from it (npm run fix).

/** A service in a stack file. */
export const serviceSettings = z.strictObject({
  ...image,
  ...network,
  ...exposure,
  ...scaling,
  ...lifecycle,
  ...resources,
  ...configuration,
});
export type ServiceSettings = z.infer<typeof serviceSettings>;

/** Whether the service is exposed through an Ingress. */
export function hasIngress({ expose, host, routes = [] }: ServiceSettings): boolean {
  return expose === "ingress" || (expose === undefined && (host !== undefined || routes.length > 0));
}

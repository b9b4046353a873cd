import type { ServiceSettings, Services } from "../../config/settings.ts";
import { withClassDefaults, withFlavourDefaults, type FlavourFacts } from "./flavour-effects.ts";
import { withIngressController, type IngressControllers } from "./ingress-controllers.ts";

/** What services are adapted to. */
export interface AdaptingFacts extends FlavourFacts {
  controllers: IngressControllers;
}

/** The services with what the cluster has for them: the default ingress class, and what it and the cluster's flavour need. */
export function adaptedTo(facts: AdaptingFacts, services: Services): Services {
  const adapt = (service: ServiceSettings) =>
    withFlavourDefaults(withClassDefaults(withIngressController(service, facts.controllers)), facts);
  return Object.fromEntries(Object.entries(services).map(([name, service]) => [name, adapt(service)]));
}

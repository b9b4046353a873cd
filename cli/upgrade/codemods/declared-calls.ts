import { isMap } from "../../../lib/property-path.ts";
import { formatSetting, unitsIn, type Codemod } from "./codemod.ts";

/**
 * Services are isolated from each other, unless one declares that it calls the other. A codemod does not open connections by itself: a
 * variable with an address is no proof that it is used.
 */
export const declareCalls: Codemod = {
  id: "declared-calls",
  since: "0.1.0",
  description: "finds services that call others without saying so",
  apply({ text }) {
    const services = unitsIn(text, ["services"]).map(({ name }) => name);
    return unitsIn(text).flatMap(({ path, name }) => {
      const unit = text.get(path);
      if (!isMap(unit) || !isMap(unit["env"]) || isOpen(unit)) return [];
      const calls = Array.isArray(unit["calls"]) ? unit["calls"].map(String) : [];
      const destinations = isMap(unit["network"]) && Array.isArray(unit["network"]["destinations"]) ? unit["network"]["destinations"] : [];
      const declared = [name, ...calls, ...destinations.flatMap((one) => (isMap(one) ? [String(one["service"])] : []))];
      return Object.entries(unit["env"]).flatMap(([variable, value]) =>
        services
          .filter((service) => !declared.includes(service) && isAddressOf(service, String(value)))
          .map(
            (service) =>
              `${formatSetting([...path, "env", variable])}: names the service "${service}", and calls between services are blocked. If it calls it, set calls: ${JSON.stringify([...calls, service])}.`,
          ),
      );
    });
  },
};

function isOpen(unit: Record<string, unknown>): boolean {
  return isMap(unit["network"]) && unit["network"]["isolated"] === false;
}

/** Whether a value is a URL with the service as its host, or `<service>:<port>`. */
function isAddressOf(service: string, value: string): boolean {
  const host = /^[\w+.-]+:\/\/(?:[^/@]*@)?([^:/?#]+)/.exec(value)?.[1] ?? /^([\w-]+):\d+$/.exec(value)?.[1];
  return host === service;
}

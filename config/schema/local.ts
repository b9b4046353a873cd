import { z } from "zod";
import { defaultPorts } from "../../components/ports.ts";
import { setting } from "./setting.ts";

const port = z.int().min(1).max(65535);
const image = z.string().min(1);

/** Settings of the platform `local`. */
export const localSettings = z
  .strictObject({
    ports: z
      .strictObject({
        api: port.default(defaultPorts.api).describe("Port of the Kubernetes API."),
        http: port.default(defaultPorts.http).describe("HTTP port of all services with a host."),
        https: port.default(defaultPorts.https).describe("HTTPS port of all services with a host."),
        registry: port.default(defaultPorts.registry).describe("Port of the registry."),
      })
      .prefault({})
      .describe("Ports on 127.0.0.1 that the cluster and its registry use."),
    nodeImage: setting(image, {
      meaning: "Image of the Kubernetes node, compatible with rancher/k3s",
      without: "the k3s that Slipway was tested with",
      example: "rancher/k3s:latest",
    }),
    registryImage: setting(image, {
      meaning: "Image of the registry, compatible with registry:3",
      without: "registry:3",
      example: "registry:3.0.0",
    }),
  })
  .prefault({})
  .describe("Settings of the platform `local`.");

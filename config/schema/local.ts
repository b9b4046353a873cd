import { z } from "zod";

const port = z.int().min(1).max(65535);

/** Settings of the platform `local`. */
export const localSettings = z
  .strictObject({
    ports: z
      .strictObject({
        api: port.default(6550).describe("The Kubernetes API."),
        http: port.default(8080).describe("HTTP of all services with a host."),
        https: port.default(8443).describe("HTTPS of the same."),
        registry: port.default(5001).describe("The container registry."),
      })
      .prefault({})
      .describe("Ports on 127.0.0.1 that the cluster and its registry take."),
    nodeImage: z.string().min(1).optional().describe("Image of the Kubernetes node, with the interface of rancher/k3s."),
    registryImage: z.string().min(1).optional().describe("Image of the registry, with the interface of registry:3."),
  })
  .prefault({})
  .describe("Settings of the platform `local`.");

import { z } from "zod";
import { defaultPorts } from "../../components/ports.ts";
import { defaulted, setting } from "./setting.ts";

const port = z.int().min(1).max(65535);
const image = z.string().min(1);

/** Whether a stack has a local cluster of its own. */
export const LocalClusterKind = { Shared: "shared", Own: "own" } as const;

/** Settings of the platform `local`. */
export const localSettings = z
  .strictObject({
    cluster: setting(z.enum(LocalClusterKind), {
      meaning: "Whether all stacks with the same ports share a cluster, each with a namespace of its own, or this one has its own",
      without: "shared; own for a stack that already has a cluster of its own",
      example: "own",
    }),
    ports: z
      .strictObject({
        api: defaulted(port, { meaning: "Port of the Kubernetes API", default: defaultPorts.api, example: 7550 }),
        http: defaulted(port, { meaning: "HTTP port of all services with a host", default: defaultPorts.http, example: 9080 }),
        https: defaulted(port, { meaning: "HTTPS port of all services with a host", default: defaultPorts.https, example: 9443 }),
        registry: defaulted(port, { meaning: "Port of the registry", default: defaultPorts.registry, example: 6001 }),
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

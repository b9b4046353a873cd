import { z } from "zod";
import { Publishing, defaultProxies } from "../../components/swarm-publishing.ts";
import { dockerHostSettings, dockerNetwork, dockerPorts, dockerVolume, networksDefinition, volumesDefinition } from "./docker.ts";
import { defaulted, setting } from "./setting.ts";

const text = z.string().min(1);

/** Settings of the platform `swarm`. */
export const swarmSettings = z
  .strictObject({
    ...dockerHostSettings,
    ports: dockerPorts,
    publish: defaulted(z.enum(Publishing), {
      meaning:
        "How the proxy's ports are published: host (a proxy on every node) or mesh (the routing mesh; the nodes' kernel must have IPVS)",
      default: Publishing.Host,
      example: Publishing.Mesh,
    }),
    proxies: setting(z.int().min(1), { meaning: "Number of proxies behind the routing mesh", default: defaultProxies, example: 3 }),
    encrypted: setting(z.boolean(), { meaning: "Whether traffic between nodes is encrypted", default: false, example: true }),
    constraints: setting(z.array(text), {
      meaning: "Placement constraints of all tasks",
      without: "none: any node",
      example: ["node.role==worker"],
    }),
    spread: setting(z.array(text), {
      meaning: "Placement preferences: what tasks spread over, before they spread over nodes",
      without: "nodes only",
      example: ["node.labels.zone"],
    }),
    maxPerNode: setting(z.int().min(1), { meaning: "Maximum number of tasks of a service on one node", without: "no maximum", example: 1 }),
    networks: setting(z.record(text, dockerNetwork), networksDefinition),
    volumes: setting(z.record(text, dockerVolume), volumesDefinition),
  })
  .prefault({})
  .describe("Settings of the platform `swarm`.");

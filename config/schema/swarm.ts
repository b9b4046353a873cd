import { z } from "zod";
import { Publishing } from "../../components/swarm-host.ts";
import { dockerNetwork, dockerPorts, dockerHostSettings, dockerVolume, volumesMeaning } from "./docker.ts";

const text = z.string().min(1);
const { address: _address, ...common } = dockerHostSettings;

/** Settings of the platform `swarm`. */
export const swarmSettings = z
  .strictObject({
    ...common,
    ports: z.strictObject(dockerPorts).prefault({}).describe("Ports that the proxy and the registry take."),
    publish: z
      .enum(Publishing)
      .default("host")
      .describe(
        "host: a proxy on every node, at its own ports; mesh: Swarm's routing mesh, for which the kernel of the nodes must have IPVS.",
      ),
    proxies: z.int().min(1).optional().describe("How many proxies run behind the routing mesh. Default: 2."),
    encrypted: z.boolean().optional().describe("Whether what services send each other over nodes is encrypted. Default: false."),
    constraints: z.array(text).optional().describe("Nodes that tasks may be on, such as node.role==worker. Default: any."),
    spread: z.array(text).optional().describe("What tasks spread over, before nodes, such as node.labels.zone."),
    maxPerNode: z.int().min(1).optional().describe("The most tasks of a service on one node. Default: as many as there is room for."),
    networks: z
      .record(text, dockerNetwork)
      .optional()
      .describe("Further networks by name; of the driver overlay, unless they say another."),
    volumes: z.record(text, dockerVolume).optional().describe(volumesMeaning),
  })
  .prefault({})
  .describe("Settings of the platform `swarm`.");

import { z } from "zod";

const port = z.int().min(1).max(65535);
const text = z.string().min(1);

/** What the platforms `docker` and `swarm` have in common. */
export const dockerHostSettings = {
  host: z
    .string()
    .regex(/^(ssh|tcp|unix):\/\/./, 'must be an endpoint of a Docker engine such as "ssh://deploy@host.example"')
    .optional()
    .describe("Endpoint of the engine, such as ssh://deploy@host.example. Default: the one that the `docker` command uses."),
  address: z
    .union([z.ipv4(), z.ipv6()], { error: 'must be an IP address such as "0.0.0.0"' })
    .optional()
    .describe("Address of the engine's machine that services with a host are served at. Default: 127.0.0.1, and 0.0.0.0 with `host`."),
  registry: z
    .strictObject({
      repository: text.describe("What repositories of images start with, such as registry.example/team."),
      username: text.optional().describe("Default: what the Docker credential store has for the registry."),
      password: text.optional().describe("pulumi config set --secret --path 'docker.registry.password'."),
    })
    .optional()
    .describe("Registry that images go to. Default: one on the engine, which must be on this machine then."),
  certificates: z
    .array(
      z.strictObject({ certificate: text.describe("The certificate's chain, as PEM."), key: text.describe("Its key, as PEM; a secret.") }),
    )
    .optional()
    .describe("Certificates for the hosts of services with `tls`. Default: one that the proxy signs itself."),
  proxyImage: text.optional().describe("Image of the proxy, with the interface of Traefik's."),
  registryImage: text.optional().describe("Image of the registry, with the interface of registry:3."),
};

export const dockerPorts = {
  http: port.default(8080).describe("HTTP of all services with a host."),
  https: port.default(8443).describe("HTTPS of the same."),
  registry: port.default(5001).describe("The container registry, on 127.0.0.1."),
};

export const dockerNetwork = z.strictObject({
  external: z.boolean().optional().describe("Whether it exists already. Default: false."),
  driver: text.optional().describe("bridge, macvlan, ipvlan, or that of a plugin. Default: bridge."),
  options: z.record(z.string(), z.string()).optional().describe("Options of the driver, such as parent: eth0."),
  subnet: z
    .union([z.cidrv4(), z.cidrv6()], { error: "must be a range of addresses such as 10.1.0.0/24" })
    .optional()
    .describe("Its addresses."),
  gateway: z.union([z.ipv4(), z.ipv6()], { error: "must be an IP address" }).optional().describe("Its gateway."),
  ipRange: z
    .union([z.cidrv4(), z.cidrv6()], { error: "must be a range of addresses such as 10.1.0.0/28" })
    .optional()
    .describe("Addresses of `subnet` that containers get."),
  services: z.array(text).min(1).describe("Services that are in it too."),
});

export const dockerVolume = z.strictObject({
  name: text.optional().describe("Its name on the engine. Default: slipway-<stack>-<service>-<volume>."),
  driver: text.optional().describe("Default: local."),
  options: z.record(z.string(), z.string()).optional().describe("Options of the driver."),
});

export const volumesMeaning = "How persistent volumes are made, by <service>.<volume>; of a stateful service, for all replicas.";

const existing = {
  external: z.boolean().optional().describe("Whether it exists already: it is kept when the stack goes. Default: false."),
};

/** Settings of the platform `docker`. */
export const dockerSettings = z
  .strictObject({
    ...dockerHostSettings,
    ports: z.strictObject(dockerPorts).prefault({}).describe("Ports that the proxy and the registry take."),
    networks: z.record(text, dockerNetwork).optional().describe("Further networks by name."),
    volumes: z.record(text, dockerVolume.extend(existing)).optional().describe(volumesMeaning),
  })
  .prefault({})
  .describe("Settings of the platform `docker`.");

import { z } from "zod";
import { defaultPorts } from "../../components/ports.ts";
import { defaulted, required, setting } from "./setting.ts";

const port = z.int().min(1).max(65535);
const text = z.string().min(1);
const address = z.union([z.ipv4(), z.ipv6()], { error: 'must be an IP address such as "0.0.0.0"' });
const range = (example: string) => z.union([z.cidrv4(), z.cidrv6()], { error: `must be an IP range such as ${example}` });

/** Settings that the platforms `docker` and `swarm` share. */
export const dockerHostSettings = {
  host: setting(z.string().regex(/^(ssh|tcp|unix):\/\/./, 'must be the endpoint of a Docker daemon such as "ssh://deploy@host.example"'), {
    meaning: "Endpoint of the Docker daemon",
    without: "the one that the docker command uses",
    example: "ssh://deploy@host.example",
  }),
  registry: setting(
    z.strictObject({
      repository: required(text, { meaning: "Prefix of the image repositories", example: "registry.example/team" }),
      username: setting(text, { meaning: "User name", without: "from the Docker credential store", example: "deploy" }),
      password: setting(text, {
        meaning: "Password. Set it with pulumi config set --secret --path",
        without: "from the Docker credential store",
        example: "example",
      }),
    }),
    {
      meaning: "Registry for the images",
      without: "a registry on the Docker host, which must then be this machine",
      example: { repository: "registry.example/team" },
    },
  ),
  certificates: setting(
    z.array(
      z.strictObject({
        certificate: required(text, { meaning: "Certificate chain as PEM", example: "-----BEGIN CERTIFICATE-----" }),
        key: required(text, { meaning: "Private key as PEM; a secret", example: "-----BEGIN PRIVATE KEY-----" }),
      }),
    ),
    {
      meaning: "Certificates for the hosts of services with `tls`",
      without: "the proxy creates a self-signed certificate",
      example: [{ certificate: "-----BEGIN CERTIFICATE-----", key: "-----BEGIN PRIVATE KEY-----" }],
    },
  ),
  proxyImage: setting(text, {
    meaning: "Image of the proxy, compatible with Traefik",
    without: "the Traefik that Slipway was tested with",
    example: "traefik:v3",
  }),
  registryImage: setting(text, {
    meaning: "Image of the registry, compatible with registry:3",
    without: "registry:3",
    example: "registry:3.0.0",
  }),
};

/** Ports of the proxy and the registry. */
export const dockerPorts = setPorts({
  http: defaulted(port, { meaning: "HTTP port of all services with a host", default: defaultPorts.http, example: 9080 }),
  https: defaulted(port, { meaning: "HTTPS port of all services with a host", default: defaultPorts.https, example: 9443 }),
  registry: defaulted(port, { meaning: "Port of the registry, on 127.0.0.1", default: defaultPorts.registry, example: 6001 }),
});

function setPorts<T extends z.ZodRawShape>(ports: T) {
  return z
    .strictObject(ports)
    .prefault({} as never)
    .describe("Ports that the proxy and the registry use.");
}

export const dockerNetwork = z.strictObject({
  external: setting(z.boolean(), { meaning: "Whether the network exists already", default: false, example: true }),
  driver: setting(text, {
    meaning: "Driver: bridge, macvlan, ipvlan or that of a plugin",
    without: "bridge on docker, overlay on swarm",
    example: "macvlan",
  }),
  options: setting(z.record(z.string(), z.string()), { meaning: "Options of the driver", without: "none", example: { parent: "eth0" } }),
  subnet: setting(range("10.1.0.0/24"), { meaning: "IP range of the network", without: "chosen by Docker", example: "10.1.0.0/24" }),
  gateway: setting(address, { meaning: "Gateway of the network. Requires subnet", without: "chosen by Docker", example: "10.1.0.1" }),
  ipRange: setting(range("10.1.0.0/28"), {
    meaning: "Part of `subnet` from which containers get addresses. Requires subnet",
    without: "all of it",
    example: "10.1.0.0/28",
  }),
  services: required(z.array(text).min(1), { meaning: "Services that join the network" }),
});

export const networksDefinition = { meaning: "Additional networks by name", without: "none", example: { lan: { services: ["web"] } } };

export const dockerVolume = z.strictObject({
  name: setting(text, { meaning: "Name in Docker", without: "slipway-<stack>-<service>-<volume>", example: "shop-data" }),
  driver: setting(text, { meaning: "Volume driver", default: "local", example: "rclone" }),
  options: setting(z.record(z.string(), z.string()), { meaning: "Options of the driver", without: "none", example: { type: "nfs" } }),
});

export const volumesDefinition = {
  meaning: "How persistent volumes are created, by <service>.<volume>. For a stateful service this applies to each replica's volume",
  without: "local volumes",
};

/** Settings of the platform `docker`. */
export const dockerSettings = z
  .strictObject({
    ...dockerHostSettings,
    address: setting(address, {
      meaning: "IP address of the Docker host on which services with a host are served",
      without: "127.0.0.1, or 0.0.0.0 with `host`",
      example: "0.0.0.0",
    }),
    ports: dockerPorts,
    networks: setting(z.record(text, dockerNetwork), networksDefinition),
    volumes: setting(
      z.record(
        text,
        dockerVolume.extend({
          external: setting(z.boolean(), {
            meaning: "Whether the volume exists already. It is then kept when the stack is deleted",
            default: false,
            example: true,
          }),
        }),
      ),
      volumesDefinition,
    ),
  })
  .prefault({})
  .describe("Settings of the platform `docker`.");

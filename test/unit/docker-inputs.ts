import { record, type Outputs } from "./harness.ts";

/** An image that exists. */
export const image = `registry.example/web@sha256:${"a".repeat(64)}`;

/** What Docker and the registry provide in addition to the inputs of resources. */
export const dockerOutputs: Outputs = {
  "docker:index/container:Container": ({ name, inputs }) => ({ name: inputs["name"] ?? `${name}-1234567` }),
  "pulumi-nodejs:dynamic/slipway:RegistryPush": ({ inputs }) => ({ ref: `${inputs["repository"]}@${inputs["digest"]}` }),
  "pulumi-nodejs:dynamic/slipway:VolumeFiles": () => ({ volumes: { "/etc/web": "files-0", "/run": "files-1" } }),
};

/** The inputs of each Docker and dynamic resource of a program, by kind and name. */
export async function inputsOf(program: () => unknown): Promise<Record<string, unknown>> {
  const { resources } = await record(program, { outputs: dockerOutputs });
  const real = resources.filter(({ type }) => type.startsWith("docker:") || type.startsWith("pulumi-nodejs:"));
  return Object.fromEntries(
    real.map(({ type, name, inputs: { __provider: _code, ...inputs } }) => [`${type.split(":").at(-1)} ${name}`, inputs]),
  );
}

export const base64 = (text: string) => Buffer.from(text).toString("base64");

/** Logs of every container that keeps running. */
export const rotatedLogs = { logDriver: "json-file", logOpts: { "max-size": "10m", "max-file": "3" } };

/** Arguments of every proxy. */
export const proxyCommand = [
  "--ping=true",
  "--entrypoints.traefik.address=127.0.0.1:8082",
  "--metrics.prometheus=true",
  "--metrics.prometheus.entrypoint=traefik",
  "--metrics.prometheus.addentrypointslabels=false",
  "--metrics.prometheus.buckets=0.005,0.01,0.025,0.05,0.1,0.25,0.5,1,2.5,5",
  "--entrypoints.web.address=:8000",
  "--entrypoints.websecure.address=:8443",
  "--providers.file.directory=/etc/traefik/dynamic",
  "--providers.providersthrottleduration=100ms",
  "--global.checknewversion=false",
  "--global.sendanonymoususage=false",
];

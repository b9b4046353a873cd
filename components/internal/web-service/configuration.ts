import { createHash, createHmac } from "node:crypto";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { dataKeyOf } from "../../../lib/kubernetes-names.ts";
import { formatPath } from "../../../lib/property-path.ts";
import { parseQuantity } from "../../../lib/quantity.ts";
import { UserError } from "../../../lib/user-error.ts";
import { goMemoryShare } from "../../web-service-defaults.ts";
import { secretFileAccess } from "../../security.ts";
import type { WebServiceSpec } from "./spec.ts";

type Meta = k8s.types.input.meta.v1.ObjectMeta;

/** The configuration of a service as its pods use it. */
export interface Configuration {
  env: k8s.types.input.core.v1.EnvVar[];
  volumes: k8s.types.input.core.v1.Volume[];
  mounts: k8s.types.input.core.v1.VolumeMount[];
  /** Annotations of the pod template: checksums, so that a change causes a rollout. */
  annotations: Record<string, pulumi.Input<string>>;
}

/** Creates the ConfigMap and the Secret of a service. */
export function createConfiguration(
  spec: WebServiceSpec,
  metadata: Meta,
  opts: pulumi.CustomResourceOptions,
  /** What programs get besides the settings. */
  more: k8s.types.input.core.v1.EnvVar[] = [],
): Configuration {
  const { name, env = {}, secretEnv = {}, files = {}, secretFiles = {}, secretFolders = {} } = spec;
  const envFromSecret = { ...spec.envFromSecret };
  const annotations: Configuration["annotations"] = {};
  const volumes: Configuration["volumes"] = [];
  const mounts: Configuration["mounts"] = [];
  const mountFiles = (volume: string, paths: string[]) =>
    mounts.push(...paths.map((path) => ({ name: volume, mountPath: path, subPath: dataKeyOf(path), readOnly: true })));

  if (Object.keys(files).length > 0) {
    const data = byKey(
      mapEntries(files, (path, content) => notSecret(`WebService "${name}": ${formatPath(["files", path])}`, "secretFiles", content)),
    );
    const map = new k8s.core.v1.ConfigMap(name, { metadata, data }, opts);
    annotations["checksum/config"] = pulumi.output(data).apply((values) => digest(createHash("sha256"), values));
    volumes.push({ name: "files", configMap: { name: map.metadata.name, defaultMode: 0o444 } });
    mountFiles("files", Object.keys(files));
  }

  const secretKeys = Object.keys(secretEnv);
  if (secretKeys.length + Object.keys(secretFiles).length > 0) {
    const data = pulumi.secret({ ...secretEnv, ...byKey(secretFiles) });
    const secret = new k8s.core.v1.Secret(name, { metadata, type: "Opaque", stringData: data }, opts);
    // Keyed with the Secret's uid, which only its readers know: a short value could be guessed from a plain hash.
    const checksum = pulumi.all([secret.metadata.uid, data]).apply(([uid, values]) => digest(createHmac("sha256", uid), values));
    annotations["checksum/secret"] = pulumi.unsecret(checksum);
    if (Object.keys(secretFiles).length > 0)
      volumes.push({ name: "secret-files", secret: { secretName: secret.metadata.name, defaultMode: secretFileAccess(spec.access).mode } });
    mountFiles("secret-files", Object.keys(secretFiles));
    for (const key of secretKeys) envFromSecret[key] = { name: secret.metadata.name, key };
  }

  for (const [i, [path, secretName]] of Object.entries(secretFolders).entries()) {
    volumes.push({ name: `secret-folder-${i}`, secret: { secretName, defaultMode: secretFileAccess(spec.access).mode } });
    mounts.push({ name: `secret-folder-${i}`, mountPath: path, readOnly: true });
  }

  const variables = [
    ...more,
    ...goMemoryLimit(spec),
    ...Object.entries(env).map(([key, value]) => ({
      name: key,
      value: notSecret(`WebService "${name}": ${formatPath(["env", key])}`, "secretEnv", value),
    })),
    ...Object.entries(envFromSecret).map(([key, secretKeyRef]) => ({ name: key, valueFrom: { secretKeyRef } })),
  ];
  return { env: variables, volumes, mounts, annotations };
}

type Texts = Record<string, pulumi.Input<string>>;

function byKey(files: Texts): Texts {
  return Object.fromEntries(Object.entries(files).map(([path, content]) => [dataKeyOf(path), content]));
}

function mapEntries(texts: Texts, change: (key: string, text: pulumi.Input<string>) => pulumi.Input<string>): Texts {
  return Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, change(key, text)]));
}

function digest(hash: ReturnType<typeof createHash> | ReturnType<typeof createHmac>, values: Record<string, string>): string {
  const sorted = Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1));
  return hash.update(JSON.stringify(sorted)).digest("hex").slice(0, 32);
}

/** Go's garbage collector must know the limit before the kernel enforces it. */
function goMemoryLimit({ resources, env = {}, secretEnv = {}, envFromSecret = {} }: WebServiceSpec): { name: string; value: string }[] {
  if ([env, secretEnv, envFromSecret].some((given) => "GOMEMLIMIT" in given)) return [];
  const bytes = parseQuantity(resources.memoryLimit);
  return bytes === undefined ? [] : [{ name: "GOMEMLIMIT", value: `${Math.floor((bytes * goMemoryShare) / 2 ** 10)}KiB` }];
}

/** Rejects a secret in a place that anyone can read. */
function notSecret(what: string, instead: string, value: pulumi.Input<string>): pulumi.Input<string> {
  if (!pulumi.Output.isInstance(value)) return value;
  const check = async (plain: string) => {
    if (await pulumi.isSecret(value as pulumi.Output<string>))
      throw new UserError(`${what}: is secret, but anyone who can see the object can read it. Move it to ${instead}.`);
    return plain;
  };
  return value.apply(check);
}

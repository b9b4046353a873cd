import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { storedCredentials } from "../../components/docker-credentials.ts";
import type { KubernetesSettings } from "../../config/schema/kubernetes.ts";
import { registryOf } from "../../lib/docker-client.ts";
import type { Problem } from "../../lib/problem.ts";
import { whyShortLived } from "./short-lived.ts";

/** Credentials with which nodes pull from one registry. */
export interface PullLogin {
  host: string;
  username: string;
  password: string;
}

type Settings = Pick<KubernetesSettings, "registry" | "pullCredentials">;

/** The credentials for pulling. Undefined if there are none, or Docker has none. */
export function pullLoginOf({ registry, pullCredentials }: Settings): PullLogin | undefined {
  if (registry === undefined || pullCredentials === undefined) return undefined;
  const host = registryOf(`${registry}/x`);
  const { username, password, fromDocker } = pullCredentials;
  if (fromDocker) {
    const stored = storedCredentials(host);
    return stored && { host, ...stored };
  }
  return username === undefined || password === undefined ? undefined : { host, username, password };
}

/** Problems with the credentials for pulling that do not depend on what Docker has. */
export function problemsWithPullCredentials(settings: Settings & Pick<KubernetesSettings, "pullSecret">): Problem[] {
  const { registry, pullCredentials, pullSecret } = settings;
  if (pullCredentials === undefined) return [];
  const { username, password, fromDocker } = pullCredentials;
  const path = ["kubernetes", "pullCredentials"];
  const problems: string[] = [];
  if (pullSecret !== undefined) problems.push("cannot be combined with pullSecret, which is a Secret that exists. Remove one of them");
  if (registry === undefined) problems.push("requires kubernetes.registry, whose credentials they are. Set the registry, or remove them");
  const given = [username, password].filter((value) => value !== undefined).length;
  if (fromDocker ? given > 0 : given < 2) problems.push("must have either username and password, or fromDocker: true. Correct it");
  if (problems.length === 0 && !fromDocker) problems.push(...problemWithLifetime(settings));
  return problems.map((message) => ({ path, message }));
}

/** What is wrong with the credentials that Docker has on this machine. */
export function problemsWithStoredCredentials(settings: Settings): string[] {
  if (!settings.pullCredentials?.fromDocker || settings.registry === undefined) return [];
  const host = registryOf(`${settings.registry}/x`);
  if (pullLoginOf(settings) === undefined)
    return [`is true, and Docker has no credentials for ${host} on this machine. Run slipway login ${host}, or set username and password`];
  return problemWithLifetime(settings);
}

function problemWithLifetime(settings: Settings): string[] {
  const login = pullLoginOf(settings);
  const why = login && whyShortLived(login);
  if (why === undefined) return [];
  return [
    `cannot be used, because what it has for ${login!.host} ${why}: nodes could not pull any more. Give the nodes an identity that may pull, or set credentials that do not expire`,
  ];
}

/**
 * Creates the Secret with which nodes pull: with the credentials for one registry only. It is updated in place, so pods go on while it
 * changes. https://kubernetes.io/docs/tasks/configure-pod-container/pull-image-private-registry/
 *
 * @param login Undefined in a program that only says what it consists of.
 */
export function createPullSecret(
  name: string,
  { namespace, login, labels }: { namespace: pulumi.Input<string>; login: PullLogin | undefined; labels: Record<string, string> },
  options: pulumi.CustomResourceOptions,
): k8s.core.v1.Secret {
  return new k8s.core.v1.Secret(
    "pull-credentials",
    {
      metadata: { name: `${name}-registry`, namespace, labels },
      type: "kubernetes.io/dockerconfigjson",
      stringData: { ".dockerconfigjson": pulumi.secret(login === undefined ? "{}" : dockerConfigOf(login)) },
    },
    options,
  );
}

function dockerConfigOf({ host, username, password }: PullLogin): string {
  // The name that kubelet and Docker have for Docker Hub.
  const key = host === "docker.io" ? "https://index.docker.io/v1/" : host;
  const auth = Buffer.from(`${username}:${password}`).toString("base64");
  return JSON.stringify({ auths: { [key]: { username, password, auth } } });
}

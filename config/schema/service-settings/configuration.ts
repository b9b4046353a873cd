import { z } from "zod";
import { AccessMode, VolumeKind } from "../../../components/web-service-enums.ts";
import { serviceDefaults as defaults } from "../../../components/web-service-defaults.ts";
import { onDockerAndSwarm, required, setting, unsupported } from "../setting.ts";
import { text, noSecrets } from "./common.ts";

/** What the program finds in its environment and its folders. */
export const configuration = {
  env: setting(z.record(z.string(), z.string()), {
    meaning: "Environment variables. Anyone who can see the Deployment can read them, so secrets belong into `secretEnv`",
    without: "none",
    example: { LOG_LEVEL: "debug" },
    input: true,
  }),
  secretEnv: setting(z.record(z.string(), z.string()), {
    meaning: "Environment variables with secret values, kept in a Secret. Set them with pulumi config set --secret --path",
    without: "none",
    example: { TOKEN: "example" },
    input: true,
    on: {
      docker: { how: "variables; anyone with access to Docker can read them" },
      swarm: { how: "variables; managers can read them" },
    },
  }),
  envFromSecret: setting(
    z.record(
      z.string(),
      z.strictObject({
        name: required(text, { meaning: "Name of the Secret", input: true }),
        key: required(text, { meaning: "Key in the Secret", input: true }),
      }),
    ),
    {
      meaning: "Environment variables from existing Secrets",
      without: "none",
      example: { TOKEN: { name: "tokens", key: "web" } },
      type: "Record<string, SecretKeyArgs>",
      on: onDockerAndSwarm(noSecrets("Put values into secretEnv")),
    },
  ),
  files: setting(z.record(z.string(), z.string()), {
    meaning: "Files by absolute path, kept in a ConfigMap",
    without: "none",
    example: { "/etc/web/config.yaml": "a: 1\n" },
    input: true,
    on: { swarm: { how: "configs; a change creates a new one" } },
  }),
  secretFiles: setting(z.record(z.string(), z.string()), {
    meaning: "Files with secret content by absolute path, kept in a Secret",
    without: "none",
    example: { "/etc/web/token": "example" },
    input: true,
    on: { docker: { how: "files in a volume of the container" }, swarm: { how: "secrets; a change creates a new one" } },
  }),
  secretFolders: setting(z.record(z.string(), text), {
    meaning: "Existing Secrets by absolute path: a folder with a file for each key",
    without: "none",
    example: { "/etc/certificates": "certificates" },
    input: true,
    on: onDockerAndSwarm(noSecrets("Put files into secretFiles")),
  }),
  volumes: setting(
    z.record(
      z.string(),
      z.strictObject({
        kind: required(z.enum(VolumeKind), {
          meaning:
            "emptyDir: deleted with the pod; persistent: from a StorageClass, and deleted with its data when it is removed from the settings, except that of a stateful service on Kubernetes",
          type: "VolumeKind",
          on: {
            docker: { how: "emptyDir: in memory; persistent: a named volume" },
            swarm: { how: "emptyDir: in memory; persistent: a named volume on each node" },
          },
        }),
        mountPath: required(z.string(), { meaning: "Absolute path in the container" }),
        size: required(z.string(), {
          meaning: "Size as a Kubernetes quantity; for an emptyDir the size limit",
          on: onDockerAndSwarm({ how: "of an emptyDir; persistent volumes have no limit" }),
        }),
        storageClass: setting(text, {
          meaning: "StorageClass. Only for kind persistent",
          without: "the cluster's default StorageClass",
          example: "fast",
          on: {
            docker: unsupported("there are no StorageClasses. Set a driver in docker.volumes"),
            swarm: unsupported("there are no StorageClasses. Set a driver in swarm.volumes"),
          },
        }),
        accessMode: setting(z.enum(AccessMode), {
          meaning: "Access mode. Only for kind persistent",
          default: defaults.accessMode,
          example: "ReadWriteMany",
          type: "AccessMode",
          on: { swarm: { how: "ReadWriteMany needs a driver in swarm.volumes that shares volumes between nodes" } },
        }),
      }),
    ),
    {
      meaning: "Volumes by name. The root file system is read-only at security.level restricted",
      without: "none",
      example: { cache: { kind: "emptyDir", mountPath: "/cache", size: "64Mi" } },
      type: "Record<string, VolumeArgs>",
    },
  ),
};

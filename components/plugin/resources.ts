import type { dynamic } from "@pulumi/pulumi";
import { provider as handover } from "../internal/handover.ts";
import { provider as imageAttestations } from "../internal/image-attestations.ts";
import { provider as jobRun } from "../internal/job-run.ts";
import { provider as nodeImage } from "../internal/node-image.ts";
import { provider as proxyRoute } from "../internal/proxy-route.ts";
import { presence, provider as registryPush } from "../internal/registry-push.ts";
import { provider as secretBuild } from "../internal/secret-build.ts";
import { provider as volumeFiles } from "../internal/volume-files.ts";

/** What is a dynamic resource in Node programs. Other languages have none, so the plugin manages the same resources with the same code. */
export const resources: Record<string, dynamic.ResourceProvider> = {
  Handover: handover,
  ImageAttestations: imageAttestations,
  JobRun: jobRun,
  NodeImage: nodeImage,
  ProxyRoute: proxyRoute,
  RegistryPresence: presence,
  RegistryPush: registryPush,
  SecretBuild: secretBuild,
  VolumeFiles: volumeFiles,
};

import * as pulumi from "@pulumi/pulumi";
import { helperSource } from "../helper-source.ts";
import { GoImage, type RegistryCredentials } from "../go-image.ts";

export interface HelperImageArgs {
  /** Prefix of the image repositories. */
  repository: string;
  credentials: RegistryCredentials | undefined;
  /** The registry on the Docker host, unless `repository` is elsewhere. */
  localRegistry: pulumi.Resource | undefined;
}

/** Builds the helper, the program that runs the probes, and pushes it. Returns the reference of its image. */
export function createHelperImage(name: string, args: HelperImageArgs, opts: pulumi.ComponentResourceOptions): pulumi.Output<string> {
  const { repository, credentials, localRegistry } = args;
  const image = new GoImage(
    `${name}-helper`,
    {
      source: helperSource,
      repository: `${repository}/slipway-helper`,
      credentials,
      labels: { "org.opencontainers.image.title": "slipway-helper" },
      // Remote Docker hosts may have another CPU architecture than this machine.
      ...(localRegistry ? { compression: "none" } : { platforms: ["linux/amd64", "linux/arm64"] }),
    },
    pulumi.mergeOptions(opts, { dependsOn: localRegistry }),
  );
  return image.ref;
}

import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { ImageBuilder } from "./image-builder.ts";
import { stageBuildContext } from "./internal/build-context.ts";
import { buildGo, goArchitecture, type GoBuild, type GoBuildArgs } from "./internal/go-build.ts";
import type { Compression } from "../lib/oci.ts";
import { RegistryPresence, RegistryPush } from "./internal/registry-push.ts";
import { UserError } from "../lib/user-error.ts";

export interface RegistryCredentials {
  username: pulumi.Input<string>;
  password: pulumi.Input<string>;
}

export interface GoImageArgs {
  /** Folder with the Go module (or the Dockerfile), from the project's root. */
  source: string;
  /** Repository to push to, without tag: `registry.example/team/web`. */
  repository: pulumi.Input<string>;
  /** @default "go" */
  builder?: ImageBuilder;
  /** Package to compile, from the module's folder. Only for the builder `go`. @default - the module's root. */
  package?: string;
  /**
   * Platforms such as `linux/arm64`; several make an image index, which only the builder `go` can.
   *
   * @default - Linux on the processor of the machine that runs Pulumi.
   */
  platforms?: string[];
  /** Handed to the program as `main.version` and put into the labels. Only for the builder `go`. @default - none. */
  version?: string;
  /** Labels of the image, and annotations of its manifests. Only for the builder `go`. @default - none. */
  labels?: Record<string, string>;
  /** Of the image's layers. Only for the builder `go`. @default "gzip" */
  compression?: Compression;
  /** @default - what the Docker credential store has for the registry, if it has any. */
  credentials?: RegistryCredentials;
}

/**
 * An image in a registry, made from source: pushed when it changed or when the registry has lost it.
 *
 * @example
 * const image = new GoImage("web", { source: "app", repository: "registry.example/team/web" });
 * export const ref = image.ref; // registry.example/team/web@sha256:…
 */
export class GoImage extends pulumi.ComponentResource {
  /** `repository@sha256:…`. With the builder `go` it is known in a preview already. */
  declare readonly ref: pulumi.Output<string>;

  constructor(name: string, args: GoImageArgs, opts?: pulumi.ComponentResourceOptions) {
    super("slipway:index:GoImage", name, {}, opts);
    if (args.builder === ImageBuilder.Dockerfile && (args.platforms?.length ?? 0) > 1) {
      throw new UserError(
        `GoImage "${name}": builder "dockerfile" makes an image for one platform (got ${args.platforms?.join(", ")}). Name one, or use builder "go".`,
      );
    }
    this.ref = args.builder === ImageBuilder.Dockerfile ? this.buildWithDocker(name, args) : this.buildWithGo(name, args);
    this.registerOutputs({ ref: this.ref });
  }

  /**
   * Compiles ahead of the resource, so that a program can stop on a compile error before it changes anything. The
   * resource made from the same arguments later takes over what was compiled.
   *
   * @throws UserError with the compiler's own lines.
   */
  static async compile(args: Omit<GoImageArgs, "repository" | "credentials">): Promise<void> {
    if (args.builder !== ImageBuilder.Dockerfile) await buildGo(buildArgs(args));
  }

  private buildWithGo(name: string, args: GoImageArgs): pulumi.Output<string> {
    const build: pulumi.Output<GoBuild> = pulumi.output(buildGo(buildArgs(args)));
    const digest = build.descriptor.digest;
    const push = new RegistryPush(
      name,
      {
        repository: args.repository,
        tag: digest.apply((d) => d.slice("sha256:".length, "sha256:".length + 12)),
        digest,
        blobs: build.blobs,
        ...args.credentials,
      },
      { parent: this },
    );
    // In an update the reference comes from the push, so that nothing runs ahead of its image.
    return pulumi.runtime.isDryRun() ? pulumi.interpolate`${args.repository}@${digest}` : push.ref;
  }

  private buildWithDocker(name: string, args: GoImageArgs): pulumi.Output<string> {
    const { folder, tag } = pulumi.output(stageBuildContext(name, args.source));
    const { repository, credentials } = args;
    const presence = new RegistryPresence(name, { repository, tag, ...credentials }, { parent: this });
    const image = new docker.Image(
      name,
      {
        imageName: pulumi.interpolate`${repository}:${tag}`,
        build: {
          context: folder,
          dockerfile: pulumi.interpolate`${folder}/Dockerfile`,
          platform: args.platforms?.[0] ?? `linux/${goArchitecture}`,
          // No Dockerfile asks for it: it is there so that a lost image counts as a change.
          args: { SLIPWAY_GENERATION: presence.generation },
        },
        // A build in a preview would hand on the image's local id as its digest (pulumi-docker, provider/image.go).
        buildOnPreview: false,
        registry: credentials && { server: pulumi.output(repository).apply((r) => String(r.split("/")[0])), ...credentials },
      },
      { parent: this },
    );
    return image.repoDigest;
  }
}

function buildArgs(args: Omit<GoImageArgs, "repository" | "credentials">): GoBuildArgs {
  const { source, package: goPackage, platforms, version, labels, compression } = args;
  return { source, package: goPackage, platforms, version, labels, compression };
}

import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { defaultDockerfile, ImageBuilder } from "./image-builder.ts";
import { requireDockerfile, stageBuildContext } from "./internal/build-context.ts";
import {
  buildGo,
  compilationsOf,
  compilePrograms,
  forgetBuilds,
  type GoBuild,
  type GoBuildArgs,
  type GoPrograms,
} from "./internal/go-build.ts";
import { hostPlatform } from "../lib/go-architecture.ts";
import type { Compression } from "../lib/oci.ts";
import { requireBuildKit } from "./internal/buildkit.ts";
import { SecretBuild } from "./internal/secret-build.ts";
import { NodeImage } from "./internal/node-image.ts";
import { push, type RegistryTarget } from "./internal/registry.ts";
import { RegistryPresence, RegistryPush } from "./internal/registry-push.ts";
import { attestations, checkSignature, isAttested, isOnlyPreviewed } from "./internal/attestations.ts";
import { ImageAttestations } from "./internal/image-attestations.ts";
import type { ExceptionStatus, Justification } from "../lib/vulnerabilities/exceptions.ts";
import { checkSignSettings } from "../lib/attestations/sign-settings.ts";
import { registryClient } from "../lib/registry-client.ts";
import { UserError } from "../lib/user-error.ts";

export { ExceptionStatus, Justification } from "../lib/vulnerabilities/exceptions.ts";
export type { GoBuild } from "./internal/go-build.ts";

export interface RegistryCredentials {
  username: pulumi.Input<string>;
  password: pulumi.Input<string>;
}

export interface DockerfileArgs {
  /** The Dockerfile, relative to `source`. @default "Dockerfile" */
  file?: string;
  /** Stage to build. @default - the last one. */
  target?: string;
  /** Values of its ARGs. Whoever can pull the image can read them. @default - those in the Dockerfile. */
  args?: Record<string, string>;
  /**
   * Values of its secret mounts (`RUN --mount=type=secret,id=…`) by their ids. They are in no layer of the image, and a new value alone builds
   * nothing.
   *
   * @default - none.
   */
  secrets?: Record<string, pulumi.Input<string>>;
}

/** How the Go toolchain builds a program, and what is in the image besides it. */
export interface GoBuildOptionsArgs {
  /**
   * Link flags, as after `-ldflags=`. `{{version}}`, `{{revision}}` and `{{date}}` are replaced with the tag, the commit and its time in git.
   *
   * @default - none.
   */
  ldflags?: string;
  /** Build tags. @default - none. */
  tags?: string[];
  /** Environment variables of the compiler: `GO…` and `CGO_…`. @default - none. */
  env?: Record<string, string>;
  /** Files and folders, relative to `source`, that are next to the program in its working directory. @default - none. */
  assets?: string[];
  /**
   * Image by digest that the program is added to, such as a distroless one. It is pulled from its registry.
   *
   * @default - CA certificates, a non-root user and an empty /tmp.
   */
  base?: string;
}

/** What is attached to an image, so that others can see what is in it and how it was built. */
export interface AttestArgs {
  /** A bill of materials of each platform's image, as CycloneDX and as SPDX. @default - true, except for a registry on this machine. */
  sbom?: boolean;
  /** How the image was built: SLSA provenance. @default - true, except for a registry on this machine. */
  provenance?: boolean;
  /**
   * An OpenVEX statement: which known vulnerabilities affect the program. Without Go's vulnerability database on this machine (`slipway scan
   * --update`), none is attached.
   *
   * @default - true, except for a registry on this machine.
   */
  vulnerabilities?: boolean;
  /** What the statement says of vulnerabilities that are accepted. @default - none. */
  exceptions?: VulnerabilityExceptionArgs[];
}

/** A vulnerability that is accepted until a day. */
export interface VulnerabilityExceptionArgs {
  /** `GO-2026-6603`, or another name of it, such as `CVE-2026-78659`. */
  id: string;
  /** Why it is accepted, or what is done about it. */
  reason: string;
  /** The last day, such as 2026-12-31. */
  until: string;
  /** Whether it affects the program. @default "affected" */
  status?: ExceptionStatus;
  /** Why it does not affect the program, if so. @default - the reason alone says it. */
  justification?: Justification;
}

/** Services with which an identity signs. */
export interface KeylessArgs {
  /** URL of Fulcio, which certifies the identity. @default "https://fulcio.sigstore.dev" */
  fulcio?: string;
  /** URL of Rekor, which logs the signature. @default "https://rekor.sigstore.dev" */
  rekor?: string;
  /** URL of a timestamp authority. @default - none. */
  timestampAuthority?: string;
}

/** How the image and its attestations are signed: one of them. */
export interface SignArgs {
  /** File with the private key, with its public key next to it, as `slipway keys create` writes them. `$SLIPWAY_KEY_PASSPHRASE` opens it. */
  key?: string;
  /** ID, ARN or alias of a key in AWS KMS for signing, with the spec ECC_NIST_P256. */
  kms?: string;
  /** Signs with the identity of the CI job, and with no key. `{}` uses the public services of Sigstore. */
  keyless?: KeylessArgs;
}

export interface GoImageArgs {
  /** Folder of the Go module or the Dockerfile, relative to the project folder. */
  source: string;
  /** Repository to push to, without a tag: `registry.example/team/web`. */
  repository: pulumi.Input<string>;
  /** How to build the image. @default "go" */
  builder?: ImageBuilder;
  /** How the Dockerfile is built. Only for the builder `dockerfile`. @default - the last stage of the file `Dockerfile`. */
  dockerfile?: DockerfileArgs;
  /** How the Go toolchain builds. Only for the builder `go`. @default - the module's own defaults, and no further files. */
  build?: GoBuildOptionsArgs;
  /** Package to compile, relative to `source`. Only for the builder `go`. @default "." */
  package?: string;
  /**
   * Platforms, such as `linux/arm64`. Several platforms result in an image index; only the builder `go` supports that.
   *
   * @default - Linux on the architecture of the machine that runs Pulumi.
   */
  platforms?: string[];
  /** Value of the program's variable `main.version` and of a label. Only for the builder `go`. @default - none. */
  version?: string;
  /** Labels of the image and annotations of its manifests. Only for the builder `go`. @default - none. */
  labels?: Record<string, string>;
  /** Compression of the image's layers. Only for the builder `go`. @default "gzip" */
  compression?: Compression;
  /** Credentials for the registry. @default - those in Docker's credential store, if any. */
  credentials?: RegistryCredentials;
  /**
   * Certificates of authorities in PEM form, which the push to the registry trusts. Docker pushes what it builds from a Dockerfile, so its
   * engine must trust them itself.
   *
   * @default - those of the system, and of the Docker Engine for this registry.
   */
  ca?: string;
  /** Whether the registry has no TLS. Loopback addresses need no setting. @default false */
  plainHttp?: boolean;
  /**
   * Containers in Docker that are nodes of a cluster with containerd, such as those of kind. The image is loaded into them instead of being
   * pushed, and `repository` is only its name. Only for the builder `go`.
   *
   * @default - the image is pushed.
   */
  nodes?: string[];
  /** What is attached to the image in its registry. @default - all of it, except for a registry on this machine. */
  attest?: AttestArgs;
  /** How the image and what is attached to it are signed in its registry. @default - they are not signed. */
  sign?: SignArgs;
}

/**
 * An image built from source and pushed to a registry. Pushed again if it changes or is missing in the registry.
 *
 * @example
 * const image = new GoImage("web", { source: "app", repository: "registry.example/team/web" });
 * export const ref = image.ref; // registry.example/team/web@sha256:…
 */
export class GoImage extends pulumi.ComponentResource {
  /** `repository@sha256:…`. With the builder `go` it is already known in a preview. */
  declare readonly ref: pulumi.Output<string>;

  constructor(name: string, args: GoImageArgs, opts?: pulumi.ComponentResourceOptions) {
    super("slipway:index:GoImage", name, {}, opts);
    if (args.builder === ImageBuilder.Dockerfile && (args.platforms?.length ?? 0) > 1) {
      throw new UserError(
        `GoImage "${name}": platforms: must be a single platform for builder "dockerfile" (got ${args.platforms?.join(", ")}). Set one, or use builder "go".`,
      );
    }
    if (args.sign !== undefined) checkSignSettings(args.sign, `GoImage "${name}": sign`);
    if (args.builder === ImageBuilder.Dockerfile && args.nodes !== undefined)
      throw new UserError(`GoImage "${name}": nodes: is not supported for builder "dockerfile". Push to a registry, or use builder "go".`);
    this.ref =
      args.builder === ImageBuilder.Dockerfile ? this.attest(name, args, this.buildWithDocker(name, args)) : this.buildWithGo(name, args);
    this.registerOutputs({ ref: this.ref });
  }

  /**
   * Compiles the program before any resource is registered, so that a compile error stops the run before it changes anything. A GoImage
   * with the same arguments reuses the result.
   *
   * @param signal Ends the compiler.
   * @throws UserError with the compiler's output.
   */
  static async compile(args: Omit<GoImageArgs, "repository" | "credentials">, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (args.sign !== undefined) await checkSignature(args.sign, isOnlyPreviewed());
    if (args.builder !== ImageBuilder.Dockerfile) await buildGo(buildArgs(args), signal);
    else {
      requireDockerfile(args.source, args.dockerfile);
      if (hasSecrets(args.dockerfile) && !pulumi.runtime.isDryRun()) await requireBuildKit();
    }
  }

  /**
   * Builds the image as it is now, also if this process has built it before. Only for the builder `go`.
   *
   * @param signal Ends the compiler.
   * @param debug Whether the program is for a debugger.
   * @throws UserError with the compiler's output.
   */
  static build(args: Omit<GoImageArgs, "repository" | "credentials">, signal?: AbortSignal, debug = false): Promise<GoBuild> {
    forgetBuilds();
    return buildGo({ ...buildArgs(args), ...(debug && { debug }) }, signal);
  }

  /** Compiles the programs as they are now, and says how. Only for the builder `go`. @throws UserError with the compiler's output. */
  static programs(args: Omit<GoImageArgs, "repository" | "credentials">): Promise<GoPrograms> {
    return compilePrograms(buildArgs(args));
  }

  /** Pushes what `build` has built. Returns its reference. */
  static async push({ descriptor: { digest }, blobs }: GoBuild, target: RegistryTarget): Promise<string> {
    const client = needsOwnClient(target) ? { client: await registryClient() } : {};
    await push({ ...target, digest, blobs, tag: tagOf(digest), ...client });
    return `${target.repository}@${digest}`;
  }

  private buildWithGo(name: string, args: GoImageArgs): pulumi.Output<string> {
    const build: pulumi.Output<GoBuild> = pulumi.output(buildGo(buildArgs(args)));
    const digest = build.descriptor.digest;
    const { repository, nodes } = args;
    const pushed = nodes
      ? new NodeImage(name, { repository, digest, blobs: build.blobs, nodes }, { parent: this })
      : this.push(name, args, build);
    // In an update the reference comes from the push, so that no workload is deployed before its image.
    return pulumi.runtime.isDryRun() ? pulumi.interpolate`${repository}@${digest}` : pushed.ref;
  }

  private push(name: string, args: GoImageArgs, { descriptor: { digest }, blobs }: pulumi.Output<GoBuild>): RegistryPush {
    return new RegistryPush(
      name,
      {
        repository: args.repository,
        tag: digest.apply(tagOf),
        digest,
        blobs,
        ...args.credentials,
        ...accessIn(args),
        ...(needsOwnClient(args) && { client: registryClient() }),
        ...attestations(args, () => compilationsOf(buildArgs(args))),
      },
      { parent: this },
    );
  }

  /** Attaches to the image that Docker has pushed what a push by Slipway attaches itself. */
  private attest(name: string, args: GoImageArgs, image: pulumi.Output<string>): pulumi.Output<string> {
    if (!isAttested(args)) return image;
    const attested = new ImageAttestations(
      name,
      { image, ...args.credentials, ...accessIn(args), ...attestations(args) },
      { parent: this },
    );
    // In an update the reference comes from here, so that no workload is deployed before its image is signed.
    return pulumi.runtime.isDryRun() ? image : attested.ref;
  }

  private buildWithDocker(name: string, args: GoImageArgs): pulumi.Output<string> {
    const { repository, credentials, dockerfile = {} } = args;
    const { file = defaultDockerfile, target, args: buildArgs } = dockerfile;
    const { folder, tag } = pulumi.output(stageBuildContext(name, args.source, dockerfile));
    const platform = args.platforms?.[0] ?? hostPlatform;
    if (hasSecrets(dockerfile)) {
      const { secrets = {} } = dockerfile;
      const build = { context: folder, dockerfile: file, target, args: buildArgs ?? {}, platform, secrets };
      return new SecretBuild(name, { ...build, repository, tag, ...credentials, ...accessIn(args) }, { parent: this }).ref;
    }
    const presence = new RegistryPresence(name, { repository, tag, ...credentials, ...accessIn(args) }, { parent: this });
    const image = new docker.Image(
      name,
      {
        imageName: pulumi.interpolate`${repository}:${tag}`,
        build: {
          context: folder,
          dockerfile: pulumi.interpolate`${folder}/${file}`,
          target,
          platform,
          // No Dockerfile uses this argument. It makes an image that is missing in the registry count as a change.
          args: { ...buildArgs, SLIPWAY_GENERATION: presence.generation },
        },
        // A build in a preview would return the image's local ID as its digest (pulumi-docker, provider/image.go).
        buildOnPreview: false,
        registry: credentials && { server: pulumi.output(repository).apply((r) => String(r.split("/")[0])), ...credentials },
      },
      { parent: this },
    );
    return image.repoDigest;
  }
}

/** How the registry is reached. What is not set is left out, so that it is no change of a resource. */
function accessIn({ ca, plainHttp }: GoImageArgs): Pick<GoImageArgs, "ca" | "plainHttp"> {
  return { ...(ca !== undefined && { ca }), ...(plainHttp && { plainHttp }) };
}

/** Node's client chooses between HTTP and HTTPS by the address, and knows no other way. */
function needsOwnClient({ ca, plainHttp }: Pick<GoImageArgs, "ca" | "plainHttp">): boolean {
  return ca !== undefined || plainHttp === true;
}

/** The tag under which an image is pushed. */
function tagOf(digest: string): string {
  return digest.slice("sha256:".length, "sha256:".length + 12);
}

function hasSecrets({ secrets = {} }: DockerfileArgs = {}): boolean {
  return Object.keys(secrets).length > 0;
}

function buildArgs(args: Omit<GoImageArgs, "repository" | "credentials">): GoBuildArgs {
  const { source, package: goPackage, platforms, version, labels, compression, build, nodes } = args;
  // kubelet pulls an image again that it has pulled before with other credentials, also under another name. So one that is loaded is another
  // image than one that is pushed: https://www.kubernetes.dev/resources/keps/2535/
  const allLabels = nodes ? { ...labels, "dev.slipway.loaded": "true" } : labels;
  return { ...build, source, package: goPackage, platforms, version, labels: allLabels, compression };
}

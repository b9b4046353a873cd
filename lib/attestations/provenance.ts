import { buildLevel, type BuildPlatform } from "./build-platform.ts";
import type { GoProgram } from "./go-modules.ts";
import { withoutCredentials, type Source } from "./source.ts";

/** An image that the Go toolchain and Slipway have built. */
export interface GoBuildFacts {
  builder: "go";
  /** The arguments of the build. */
  parameters: { source: string; base?: string; env?: Record<string, string> } & Record<string, unknown>;
  /** How many of an image's last layers the build added to its base. */
  ownLayers: number;
}

/** An image that Docker has built. Values of ARGs are left out: some are secrets by mistake. */
export interface DockerfileBuildFacts {
  builder: "dockerfile";
  /** The arguments of the build, with the names of ARGs and of secret mounts. */
  parameters: { source: string; dockerfile: string; target?: string; platform: string; args?: string[]; secrets?: string[] };
  /** Images that it starts from or takes files from, as the Dockerfile names them. */
  bases: string[];
}

/** What the provenance of an image says. docs/SUPPLY-CHAIN.md explains the build types. */
export interface ProvenanceFacts {
  build: GoBuildFacts | DockerfileBuildFacts;
  source: Source | undefined;
  platform: BuildPlatform;
  /** What Go recorded in the program. Only of an image that Go has built. */
  program?: Pick<GoProgram, "goVersion" | "settings">;
  slipway: string;
  signedWithIdentity: boolean;
}

/** The build types, https://slsa.dev/spec/v1.2/build-provenance#builddefinition. */
export const buildTypes = {
  go: "https://slipway.dev/build-types/go-image/v1",
  dockerfile: "https://slipway.dev/build-types/dockerfile/v1",
} as const;

/** A provenance predicate, https://slsa.dev/spec/v1.2/provenance. Without times, so that it is the same for the same build. */
export function provenance(facts: ProvenanceFacts): Record<string, unknown> {
  const { build, source, platform, program, slipway, signedWithIdentity } = facts;
  const { parameters, bases } = build.builder === "go" ? goDefinition(build) : build;
  return {
    buildDefinition: {
      buildType: buildTypes[build.builder],
      externalParameters: parameters,
      ...(program && { internalParameters: { go: { version: program.goVersion, settings: program.settings } } }),
      resolvedDependencies: [...(source ? [gitDependency(source)] : []), ...bases.map(imageDependency)],
    },
    runDetails: {
      // Fields of a producer have its prefix: https://slsa.dev/spec/v1.2/provenance#extension-fields.
      builder: { id: platform.id, version: { slipway }, slipway_buildLevel: buildLevel(platform, signedWithIdentity) },
      ...(platform.run !== undefined && { metadata: { invocationId: platform.run } }),
    },
  };
}

function goDefinition({ parameters: { base, env, ...rest } }: GoBuildFacts) {
  const parameters = { ...rest, ...(base !== undefined && { base }), ...(env && { env: publicVariables(env) }) };
  return { parameters, bases: base === undefined ? [] : [base] };
}

/** An image by tag has no digest here: the tag may be another image since. */
function imageDependency(image: string): Record<string, unknown> {
  const [name, digest] = image.split("@sha256:");
  return { uri: `oci://${name}`, ...(digest !== undefined && { digest: { sha256: digest } }) };
}

function gitDependency({ commit, branch, dirty, repository }: Source): Record<string, unknown> {
  const uri = repository === undefined ? undefined : `git+${repository}${branch === undefined ? "" : `@refs/heads/${branch}`}`;
  return {
    name: "source",
    ...(uri !== undefined && { uri }),
    digest: { gitCommit: commit },
    // Unknown counts as dirty: the commit then proves nothing about the files.
    annotations: { dirty: dirty ?? true },
  };
}

/** Without what gives access, and with what decides the result. */
function publicVariables(env: Record<string, string>): Record<string, string> {
  const secret = /^(GOAUTH|GOPROXY|GONOPROXY|GONOSUMDB|GOSUMDB|GOPRIVATE)$/;
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => (secret.test(name) ? [] : [[name, withoutCredentialsAnywhere(value)]])),
  );
}

function withoutCredentialsAnywhere(text: string): string {
  return text.replace(/\w[\w+.-]*:\/\/[^/@\s]*@/g, (found) => withoutCredentials(found));
}

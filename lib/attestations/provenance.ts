import { digestOf } from "../image-reference.ts";
import { buildLevel, type BuildPlatform } from "./build-platform.ts";
import { withoutCredentials, type Source } from "./source.ts";

/** What the provenance of an image says. docs/SUPPLY-CHAIN.md explains the build type. */
export interface ProvenanceFacts {
  /** The arguments of the build. */
  parameters: { source: string; base?: string; env?: Record<string, string> } & Record<string, unknown>;
  source: Source | undefined;
  platform: BuildPlatform;
  goVersion: string;
  /** What Go records of the build, such as GOAMD64. */
  goSettings: Record<string, string>;
  slipway: string;
  signedWithIdentity: boolean;
}

export const buildType = "https://slipway.dev/build-types/go-image/v1";

/** A provenance predicate, https://slsa.dev/spec/v1.2/provenance. Without times, so that it is the same for the same build. */
export function provenance(facts: ProvenanceFacts): Record<string, unknown> {
  const { parameters, source, platform, goVersion, goSettings, slipway, signedWithIdentity } = facts;
  const { base, env, ...rest } = parameters;
  return {
    buildDefinition: {
      buildType,
      externalParameters: { ...rest, ...(base !== undefined && { base }), ...(env && { env: publicVariables(env) }) },
      internalParameters: { go: { version: goVersion, settings: goSettings } },
      resolvedDependencies: [
        ...(source ? [gitDependency(source)] : []),
        ...(base === undefined ? [] : [{ uri: `oci://${base.split("@")[0]}`, digest: { sha256: digestOf(base).slice("sha256:".length) } }]),
      ],
    },
    runDetails: {
      // Fields of a producer have its prefix: https://slsa.dev/spec/v1.2/provenance#extension-fields.
      builder: { id: platform.id, version: { slipway }, slipway_buildLevel: buildLevel(platform, signedWithIdentity) },
      ...(platform.run !== undefined && { metadata: { invocationId: platform.run } }),
    },
  };
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

import { z } from "zod";
import { defaultDockerfile, ImageBuilder } from "../../../components/image-builder.ts";
import { baselineCapabilities, rootCapabilities, SecurityLevel } from "../../../lib/security-level.ts";
import { serviceDefaults as defaults } from "../../../components/web-service-defaults.ts";
import { isById } from "../../../lib/image-reference.ts";
import { onDockerAndSwarm, setting, type Support } from "../setting.ts";
import { text } from "./common.ts";

const pulled: Support = {
  reject: (value) => (isById(String(value)) ? "images are pulled from registries. Push it, and set its name there" : undefined),
};

/** Names are replaced when a stack file is read, if the service has an existing image. */
const userId = {
  error: ({ input }: { input?: unknown }) =>
    `must be a user ID such as 1000, or for an existing image a name such as postgres (got ${JSON.stringify(input)}). Set the group in group`,
};

/** How the image of a service comes to be, and what it runs. */
export const image = {
  source: setting(text, {
    meaning: "Folder with the Go module or the Dockerfile to build, relative to the project's root",
    stackFileOnly: true,
  }),
  image: setting(text, {
    meaning:
      "Existing image, instead of `source`: by tag, with its digest in the lock file (`slipway lock`), or by digest. On docker also an image that only the Docker Engine has",
    example: `registry.example/web@sha256:${"0".repeat(64)}`,
    on: { local: pulled, swarm: pulled, kubernetes: pulled, eks: pulled },
    stackFileOnly: true,
  }),
  builder: setting(z.enum(ImageBuilder), {
    meaning: "How `source` becomes an image: go uses the Go toolchain alone, dockerfile the Dockerfile in `source`",
    default: ImageBuilder.Go,
    stackFileOnly: true,
  }),
  dockerfile: setting(
    z.strictObject({
      file: setting(text, {
        meaning: "The Dockerfile, relative to `source`",
        default: defaultDockerfile,
        example: "build/Dockerfile",
        stackFileOnly: true,
      }),
      target: setting(text, {
        meaning: "Stage of the Dockerfile to build",
        without: "the last one",
        example: "production",
        stackFileOnly: true,
      }),
      args: setting(z.record(text, z.string()), {
        meaning: "Values of the Dockerfile's ARGs. Whoever can pull the image can read them",
        without: "those in the Dockerfile",
        example: { GO_VERSION: "1.26" },
        stackFileOnly: true,
      }),
      secrets: setting(z.record(z.string().regex(/^[\w.-]+$/, "must be an id of letters, digits, dots and dashes"), z.string()), {
        meaning:
          "Values of the Dockerfile's secret mounts (`RUN --mount=type=secret,id=…`) by their ids. Needs BuildKit. They are in no layer of the image, and a new value alone builds nothing. Set them with pulumi config set --secret --path",
        without: "none",
        example: { npmrc: "example" },
        stackFileOnly: true,
      }),
    }),
    { meaning: "How the Dockerfile is built. Requires `builder: dockerfile`", stackFileOnly: true },
  ),
  build: setting(
    z.strictObject({
      ldflags: setting(text, {
        meaning:
          "Link flags, as after `-ldflags=`. `{{version}}` (git describe), `{{revision}}` (the commit) and `{{date}}` (its time) are replaced. `version` takes precedence over git",
        without: "none",
        example: "-X main.version={{version}} -X main.commit={{revision}}",
        stackFileOnly: true,
      }),
      tags: setting(z.array(z.string().regex(/^[\w.]+$/, "must be a build tag of letters, digits, dots and underscores")).min(1), {
        meaning: "Build tags",
        without: "none",
        example: ["netgo"],
        stackFileOnly: true,
      }),
      env: setting(z.record(z.string(), z.string()), {
        meaning: "Environment variables of the compiler: `GO…` and `CGO_…`, such as GOEXPERIMENT or GOPRIVATE",
        without: "none",
        example: { GOFLAGS: "-mod=vendor" },
        stackFileOnly: true,
      }),
      assets: setting(z.array(text).min(1), {
        meaning:
          "Files and folders, relative to `source`, that the program reads from its working directory. They are next to it in the image",
        without: "none",
        example: ["ui", "products.json"],
        stackFileOnly: true,
      }),
      base: setting(text, {
        meaning:
          "Image that the program is added to: by tag, with its digest in the lock file (`slipway lock`), or by digest. Its variables and labels are kept; the user and the entrypoint are those of the program",
        without: "CA certificates, a non-root user and an empty /tmp",
        example: `registry.example/distroless/static@sha256:${"0".repeat(64)}`,
        stackFileOnly: true,
      }),
    }),
    {
      meaning: "How the Go toolchain builds the program, and what is in the image besides it. Requires `builder: go`",
      stackFileOnly: true,
    },
  ),
  package: setting(text, {
    meaning: "Package to compile, relative to the module's folder",
    without: "the module's root",
    stackFileOnly: true,
  }),
  platforms: setting(z.array(z.string().regex(/^linux\/[a-z0-9]+(\/v\d+)?$/, 'must be a platform such as "linux/arm64"')).min(1), {
    meaning: "Platforms of the image. Several make a multi-platform image index",
    without: "this machine's, on Linux",
    example: ["linux/amd64", "linux/arm64"],
    stackFileOnly: true,
  }),
  version: setting(
    z.string().regex(/^[A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?$/, 'must be a valid label value: at most 63 letters, digits and ".-_"'),
    {
      meaning: "Version: the value of `main.version` in the program, and a label of every object",
      without: "none",
      example: "1.2.3",
      on: onDockerAndSwarm({ how: "`main.version` in the program" }),
    },
  ),
  command: setting(z.array(z.string()), {
    meaning: "Program to run, instead of the image's entrypoint",
    without: "the image's",
    example: ["/app", "serve"],
    input: true,
  }),
  args: setting(z.array(z.string()), {
    meaning: "Arguments of the program, instead of the image's",
    without: "the image's",
    example: ["--verbose"],
    input: true,
  }),
  workingDir: setting(text, {
    meaning: "Working directory of the program",
    without: "the image's",
    example: "/srv",
  }),
  user: setting(z.union([z.int(), text]).pipe(z.int(userId)), {
    meaning:
      "User ID of the program. In a stack file, with `image`, also a name in the image's passwd file: `slipway lock` looks it up. The user must be able to read the image's files. 0 (root) requires `security.level: baseline`",
    without: `${defaults.user}; with security.level baseline, the image's`,
    example: 1000,
    type: "number",
  }),
  group: setting(z.int(), {
    meaning: "Group ID of the program. It owns the volumes too",
    without: "the ID of the user; for a name, its group in the image's passwd file",
    example: 1001,
  }),
  security: setting(
    z.strictObject({
      level: setting(z.enum(SecurityLevel), {
        meaning:
          "restricted: no root, no capabilities, and a read-only root file system. baseline allows root, the capabilities below and a writable root file system, and requires a reason",
        default: SecurityLevel.Restricted,
        example: "baseline",
        type: "SecurityLevel",
      }),
      reason: setting(text, {
        meaning: "Why the service needs the level baseline. The scorecard and the report show it",
        without: "none, at level restricted",
        example: "The image starts as root to set the owner of its data",
      }),
      capabilities: setting(z.array(z.string()), {
        meaning: `Linux capabilities, at level baseline: ${baselineCapabilities.join(", ")}`,
        without: `${rootCapabilities.join(", ")} for root and the image's user, otherwise none`,
        example: ["CHOWN", "SETGID", "SETUID"],
      }),
      readOnlyRootFilesystem: setting(z.boolean(), {
        meaning: "Whether the program can write to volumes only. false requires level baseline",
        without: "true at level restricted, false at level baseline",
        example: true,
      }),
    }),
    { meaning: "What the program may do on its node", type: "SecurityArgs" },
  ),
};

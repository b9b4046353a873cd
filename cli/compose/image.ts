import { existsSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { defaultDockerfile } from "../../components/image-builder.ts";
import type { Settings } from "./convert.ts";
import { isSecretVariable, Secret } from "./credentials.ts";
import { readDockerfile, type DockerfileFacts } from "./dockerfile.ts";
import { knownImage, type KnownImage } from "./known-images.ts";
import { secretContent, whyNoContent } from "./project-secrets.ts";
import type { Unit } from "./unit.ts";

/** What is built or pulled for a unit. */
export interface Image {
  settings: Settings;
  known: KnownImage | undefined;
  tag: string;
  dockerfile: DockerfileFacts | undefined;
  /** Whether the Go toolchain builds it. */
  isGo: boolean;
}

/** The image of a unit: an existing one, or how it is built. */
export function convertImage(unit: Unit): Image {
  const { compose, folder, note } = unit;
  const { image, build, platform } = compose;
  if (!build) {
    if (platform !== undefined) note("platform", `is left out, because the image determines it; use an image for ${platform}`);
    const { known, tag = "" } = knownImage(image) ?? {};
    return { settings: { image }, known, tag, dockerfile: undefined, isGo: false };
  }
  if (image !== undefined) note("image", "is left out, because the image is built, and named after the service");
  const { context, dockerfile: given, target, args = {}, secrets, ...others } = build;
  if (/^(https?|git|ssh):|^git@/.test(context)) {
    // The address may have a token in it.
    const folderOfClone = /([\w.-]+?)(?:\.git)?\/?(?:[?#].*)?$/.exec(context)?.[1] ?? unit.newName;
    note("build.context", `is a repository elsewhere; clone it to ${folderOfClone}, or set source to its folder`);
    return { settings: { source: folderOfClone, builder: "dockerfile" }, known: undefined, tag: "", dockerfile: undefined, isGo: false };
  }
  const source = relative(folder, context) || ".";
  // compose-go leaves the path as it is written, relative to the context.
  const path = relative(context, resolve(context, given ?? defaultDockerfile));
  if (path.startsWith(".."))
    note("build.dockerfile", `must be below ${source} (got "${given}"); move the file there, or set source to a folder above`);
  for (const [key, value] of Object.entries(others))
    if (value !== null && !key.startsWith("x-"))
      note(`build.${key}`, "is left out, because there is no counterpart; check that the image builds without it");
  const hasDockerfile = existsSync(join(context, path));
  // compose-go fills in the usual name.
  const isGo = !hasDockerfile && path === defaultDockerfile && existsSync(join(context, "go.mod"));
  if (!hasDockerfile && !isGo) note("build", `has no ${join(source, path)}; create it, or set source to the folder with it`);
  const platforms = platform === undefined ? {} : { platforms: [platform] };
  const none = { known: undefined, tag: "" };
  if (isGo) {
    unit.assume(["source"], "There is no Dockerfile, so the Go toolchain builds the module's root. Set package for another program.");
    for (const [key, value] of Object.entries({ target, args, secrets }))
      if (value !== undefined && Object.keys(value).length > 0)
        note(`build.${key}`, "is left out, because there is no Dockerfile: the Go toolchain builds the module");
    return { settings: { source, ...platforms }, ...none, dockerfile: undefined, isGo: true };
  }
  const dockerfile = {
    ...(path !== defaultDockerfile && { file: path }),
    ...(target && { target }),
    ...convertBuildArgs(args, unit),
    ...convertBuildSecrets(secrets, unit),
  };
  return {
    settings: { source, builder: "dockerfile", ...(Object.keys(dockerfile).length > 0 && { dockerfile }), ...platforms },
    ...none,
    dockerfile: readDockerfile(join(context, path), target),
    isGo: false,
  };
}

function convertBuildSecrets(
  mounted: { source: string; target?: string }[] = [],
  { newName, stack, project, folder, note }: Unit,
): { secrets?: Record<string, Secret> } {
  const secrets: Record<string, Secret> = {};
  for (const [i, { source, target }] of mounted.entries()) {
    // In a build, the target is the id of the mount: https://docs.docker.com/reference/compose-file/build/#secrets.
    const id = target ?? source;
    const content = secretContent(source, project);
    if (content !== undefined) secrets[id] = new Secret(content);
    else
      note(
        `build.secrets[${i}]`,
        `is left out, because ${whyNoContent(source, project, folder)}; set it with pulumi config set --stack ${stack} --secret --path 'services.${newName}.dockerfile.secrets["${id}"]'`,
      );
  }
  return Object.keys(secrets).length > 0 ? { secrets } : {};
}

/** compose-go leaves out arguments without a value. */
function convertBuildArgs(args: Record<string, string | null>, { credentials, note }: Unit): { args?: Record<string, string> } {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(args))
    if (isSecretVariable(name, value) || credentials.isIn(String(value)))
      note(
        `build.args.${name}`,
        "is left out, because it is secret, and whoever can pull the image can read it; mount it with dockerfile.secrets, or pass it at run time",
      );
    else kept[name] = String(value);
  return Object.keys(kept).length > 0 ? { args: kept } : {};
}

import { existsSync, readFileSync } from "node:fs";
import { dirname, join, posix, relative, resolve } from "node:path";
import semver from "semver";
import { StateLocation } from "../../config/schema/kubernetes.ts";
import { knownStacks, readProject } from "../../config/project.ts";
import { platformOf, readStack, settingsIn, type Stack } from "../../config/stack-file.ts";
import { isLoopback } from "../../lib/loopback.ts";
import { isMap } from "../../lib/property-path.ts";
import { UserError } from "../../lib/user-error.ts";
import { packageManagerOf } from "../upgrade/package-manager.ts";
import { inOrder } from "./order.ts";
import { imageOrigins, type ImageOrigin } from "./promotion.ts";

/** What the pipeline of a project depends on. Paths are relative to the repository, with `/`. */
export interface CiProject {
  /** Root of the repository, relative to the working directory. */
  root: string;
  /** Folder of the project. */
  folder: string;
  /** How a job runs Slipway, in the project's folder. */
  slipway: string;
  /** What installs the packages of the project. @default - Slipway does it itself, in a clone of its repository */
  install?: string;
  /** package-lock.json, if it is there. */
  lockFile?: string;
  /** A file that names the version of Node.js. @default - none, and Slipway's own version is used */
  nodeFile?: string;
  /** The go.mod with the highest version of Go. @default - no service has a source */
  goModule?: { file: string; version: string; sum?: string };
  /** Commands that check the project. */
  checks: string[];
  /** The stacks that the pipeline deploys, in this order. */
  stacks: CiStack[];
  /** How they get their images, in the same order. */
  images: ImageOrigin[];
  /** The template of review environments. @default - there is none */
  review?: CiStack;
  /** Stacks that a pipeline cannot deploy. */
  skipped: { stack: string; reason: string }[];
}

/** What the pipeline depends on of a stack. */
export interface CiStack {
  name: string;
  platform: "kubernetes" | "eks";
  engine: "embedded" | "pulumi";
  /** AWS region, unless it is still a placeholder. */
  region?: string;
  /** Where the stack expects its kubeconfig, relative to the project. @default - $KUBECONFIG */
  kubeconfig?: string;
  /** Host of the registry that images are pushed to, if it may need credentials. */
  registry?: string;
  /** The stack whose images are promoted to this one. @default - the images are built */
  promotedFrom?: CiStack;
  /** How its images are signed, if the pipeline has to hand something over for that. @default - nothing is needed */
  signing?: "key" | "keyless";
  /** Whether the next stack gets the images of this one. @default false */
  isPromoted?: boolean;
}

/** The stack file that review environments are made from: stacks/Pulumi.review.yaml. */
export const reviewTemplate = "review";

/**
 * Reads the project in the working directory.
 *
 * @param chosen The stacks to deploy, in this order. @default - all that a pipeline can deploy
 * @param rebuild Whether each stack builds its own images.
 * @throws UserError if there is no project, a stack file is invalid, a chosen stack cannot be deployed, or none can.
 */
export function readCiProject(chosen: string[] = [], rebuild = false): CiProject {
  if (!existsSync("Pulumi.yaml"))
    throw new UserError("Pulumi.yaml: does not exist here. Run slipway in the folder of a project, or create one: slipway init");
  const root = repositoryAbove(process.cwd()) ?? process.cwd();
  const inRepository = (path: string) => relative(root, resolve(path)).replaceAll("\\", "/") || ".";
  const stacks = knownStacks()
    .filter((name) => !name.startsWith(`${reviewTemplate}-`))
    .map((name) => readStack(name, { withoutSecrets: true }));
  const facts = stacks.map((stack) => [stack.name, ciStackOf(stack)] as const);
  const unknown = chosen.filter((name) => name === reviewTemplate || !stacks.some((stack) => stack.name === name));
  if (unknown.length > 0)
    throw new UserError(
      `--stack: there is no stack ${unknown.join(", ")} to deploy. Known stacks: ${stacks.map(({ name }) => name).join(", ")}.`,
    );
  const deployed = facts.flatMap(([name, fact]) => (typeof fact !== "string" && name !== reviewTemplate ? [fact] : []));
  const skipped = facts.flatMap(([stack, fact]) => (typeof fact === "string" ? [{ stack, reason: fact }] : []));
  const impossible = skipped.filter(({ stack }) => chosen.includes(stack));
  if (impossible.length > 0)
    throw new UserError(impossible.map(({ stack, reason }) => `--stack: ${stack} cannot be deployed by a pipeline: ${reason}.`).join("\n"));
  const template = facts.find(([name]) => name === reviewTemplate)?.[1];
  const names = chosen.length > 0 ? chosen : inOrder(deployed.map(({ name }) => name));
  const inChosenOrder = names.map((name) => stacks.find((stack) => stack.name === name)!);
  const images = rebuild ? names.map((stack) => ({ stack })) : imageOrigins(inChosenOrder);
  const goModule = highestModule(stacks);
  return {
    root: relative(process.cwd(), root) || ".",
    folder: inRepository("."),
    ...(isClone() ? { slipway: "./slipway" } : { slipway: "npx slipway", install: "npm ci --no-audit --no-fund" }),
    ...packageFacts(inRepository),
    ...(goModule && { goModule: { ...goModule, ...inRepositoryOf(goModule, inRepository) } }),
    checks: checks(),
    stacks: withPromotions(
      names.map((name) => deployed.find((stack) => stack.name === name)!),
      images,
    ),
    images,
    ...(typeof template === "object" && { review: template }),
    skipped,
  };
}

function withPromotions(stacks: CiStack[], images: ImageOrigin[]): CiStack[] {
  const isPromoted = (i: number) => images[i]?.promotedFrom !== undefined;
  return stacks.map((stack, i) => ({
    ...stack,
    ...(isPromoted(i) && { promotedFrom: stacks[i - 1]! }),
    ...(isPromoted(i + 1) && { isPromoted: true }),
  }));
}

/** Whether this is a clone of Slipway's repository, which installs its packages itself. */
function isClone(): boolean {
  return existsSync("slipway") && description()["name"] === "slipway";
}

function description(): Record<string, unknown> {
  return existsSync("package.json") ? (JSON.parse(readFileSync("package.json", "utf8")) as Record<string, unknown>) : {};
}

function repositoryAbove(folder: string): string | undefined {
  if (existsSync(join(folder, ".git"))) return folder;
  return dirname(folder) === folder ? undefined : repositoryAbove(dirname(folder));
}

function packageFacts(inRepository: (path: string) => string): Pick<CiProject, "lockFile" | "nodeFile"> {
  const { manager, root } = packageManagerOf(process.cwd());
  if (manager.name !== "npm")
    throw new UserError(
      `${inRepository(join(root, manager.lockFile))}: the project uses ${manager.name}, and slipway ci writes jobs for npm only. Write them yourself; they need no more than the commands in docs/PIPELINES.md.`,
    );
  const lockFile = join(root, manager.lockFile);
  const versionFile = [".node-version", ".nvmrc"].find((file) => existsSync(file));
  const hasEngines = isMap(description()["engines"]) && (description()["engines"] as Record<string, unknown>)["node"] !== undefined;
  const nodeFile = versionFile ?? (hasEngines ? "package.json" : undefined);
  return {
    ...(existsSync(lockFile) && { lockFile: inRepository(lockFile) }),
    ...(nodeFile !== undefined && { nodeFile: inRepository(nodeFile) }),
  };
}

/** The project's own script `check`, and Slipway's. */
function checks(): string[] {
  const { scripts } = description();
  const own = isMap(scripts) ? scripts["check"] : undefined;
  const slipway = isClone() ? "./slipway check" : "npx slipway check";
  if (typeof own !== "string") return [slipway];
  return own.includes("slipway check") ? ["npm run check"] : ["npm run check", slipway];
}

/** The facts of a stack, or why a pipeline cannot deploy it. */
function ciStackOf(stack: Stack): CiStack | string {
  const { name } = stack;
  const platform = platformOf(stack);
  if (platform === "local") return "it runs on this machine";
  if (platform === "docker" || platform === "swarm") return `it is on the platform ${platform}, whose state is in a checkout`;
  const text = (value: unknown) => (typeof value === "string" && !value.startsWith("<") ? value : undefined);
  if (platform === "eks") {
    const region = text(settingsIn(stack, "eks")["region"]);
    return { name, platform, engine: "pulumi", ...(region !== undefined && { region }), ...signingOf(stack) };
  }
  if (platform !== "kubernetes") return `its platform is unknown ("${platform}")`;
  const settings = settingsIn(stack, "kubernetes");
  const kubeconfig = text(settings["kubeconfig"]);
  const registry = text(settings["registry"])?.split("/")[0];
  const engine = settings["state"] === StateLocation.File ? "pulumi" : "embedded";
  return {
    name,
    platform,
    engine,
    ...(kubeconfig !== undefined && { kubeconfig }),
    ...signingOf(stack),
    ...(registry !== undefined && !isLoopback(registry) && { registry }),
  };
}

function signingOf(stack: Stack): Pick<CiStack, "signing"> {
  const sign = settingsIn(stack, "supplyChain")["sign"];
  if (!isMap(sign)) return {};
  if (sign["key"] !== undefined) return { signing: "key" };
  return sign["keyless"] === undefined ? {} : { signing: "keyless" };
}

/** The go.mod of all sources with the highest version of Go. */
function highestModule(stacks: Stack[]): { file: string; version: string } | undefined {
  const sources = stacks.flatMap((stack) => ["services", "jobs"].flatMap((key) => Object.values(settingsIn(stack, key))));
  const folders = sources.flatMap((one) => (isMap(one) && typeof one["source"] === "string" ? [resolve(one["source"])] : []));
  const modules = [...new Set(folders.flatMap((folder) => moduleAbove(folder) ?? []))].map((file) => ({
    file,
    version: goVersionIn(file),
  }));
  return modules.toSorted((a, b) => semver.rcompare(semver.coerce(a.version)!, semver.coerce(b.version)!) || (a.file < b.file ? -1 : 1))[0];
}

function moduleAbove(folder: string): string | undefined {
  if (existsSync(join(folder, "go.mod"))) return join(folder, "go.mod");
  return dirname(folder) === folder ? undefined : moduleAbove(dirname(folder));
}

/** The version of Go in a go.mod (https://go.dev/ref/mod#go-mod-file-go); without one it is 1.16. */
export function goVersionIn(file: string): string {
  return /^go (\d+\.\d+(?:\.\d+)?)/m.exec(readFileSync(file, "utf8"))?.[1] ?? "1.16";
}

function inRepositoryOf({ file }: { file: string }, inRepository: (path: string) => string): { file: string; sum?: string } {
  const sum = join(dirname(file), "go.sum");
  return { file: inRepository(file), ...(existsSync(sum) && { sum: inRepository(sum) }) };
}

/** Joins the project's folder and a path in it, relative to the repository. */
export function inProject({ folder }: CiProject, path: string): string {
  return posix.join(folder, path);
}

/** The name of the project, for messages. */
export function projectName(): string {
  return readProject().name ?? "";
}

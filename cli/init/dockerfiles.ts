import { existsSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { DockerfileParser, type From } from "dockerfile-ast";
import { readDockerfile } from "../compose/dockerfile.ts";
import { defaultDockerfile } from "../../components/image-builder.ts";

/** The Dockerfile of a program. */
export interface DockerfileOf {
  /** Folder that is its context. Absolute. */
  context: string;
  /** Relative to the context. */
  file: string;
  exposed: number[];
  /** ID of the user, if it is a number. */
  user?: number;
  /** Files and folders of the source that it copies into the image besides what it builds. */
  copied: string[];
  /** Arguments of the program. */
  args: string[];
  /** Why the Go toolchain cannot build the same image; undefined if it can. */
  reason?: string;
}

/** Packages that the image of a Go program has without a package manager, or that only a person needs. */
const harmlessPackage =
  /^(ca-certificates\S*|tzdata|curl|wget|bash|git|openssl|libc6-compat|busybox|tini|dumb-init|su-exec|gosu|shadow|procps|net-tools|netcat\S*|jq)$/;

const goImages = /(^|\/)(golang|go|alpine|debian|ubuntu|busybox|scratch|distroless|static|wolfi-base|ubi\S*|fedora|chainguard)([:@/-]|$)/;

/** The Dockerfile of a program: in its folder, or in the module's folder if the module has no other program. */
export function dockerfileOf(folder: string, module: string, isOnly: boolean): DockerfileOf | undefined {
  const places = [folder, ...(isOnly ? [module] : [])];
  const context = places.find((place) => existsSync(join(place, defaultDockerfile)));
  if (context === undefined) return undefined;
  const path = join(context, defaultDockerfile);
  const { user, exposed, copied } = readDockerfile(path)!;
  const { args, reason, isCompiledInFinalStage } = read(path);
  return {
    context,
    file: defaultDockerfile,
    exposed,
    ...(user !== undefined && /^\d+(:\d+)?$/.test(user) && { user: parseInt(user) }),
    copied: isCompiledInFinalStage ? [] : copied,
    args,
    reason,
  };
}

function read(path: string): { args: string[]; reason?: string; isCompiledInFinalStage: boolean } {
  const stages: { name: string; base: string; lines: { keyword: string; text: string; list?: string[] }[] }[] = [];
  for (const instruction of DockerfileParser.parse(readFileSync(path, "utf8")).getInstructions()) {
    const keyword = instruction.getKeyword();
    if (keyword === "FROM") {
      const from = instruction as From;
      stages.push({ name: from.getBuildStage() ?? "", base: from.getImage() ?? "", lines: [] });
      continue;
    }
    const text = (instruction.getArgumentsContent() ?? "").replaceAll(/\\\r?\n/g, " ");
    const list = keyword === "ENTRYPOINT" || keyword === "CMD" ? listIn(text) : undefined;
    stages.at(-1)?.lines.push({ keyword, text, list });
  }
  const last = stages.at(-1);
  const lines = last?.lines ?? [];
  const entrypoint = lines.findLast(({ keyword }) => keyword === "ENTRYPOINT")?.list ?? [];
  const command = lines.findLast(({ keyword }) => keyword === "CMD")?.list ?? [];
  const [program = "", ...args] = withoutInit([...entrypoint, ...command]);
  const script = shell.test(program) || program.endsWith(".sh") ? `it starts a script (${[program, ...args].join(" ")})` : undefined;
  return {
    args: program === "go" || script ? [] : args,
    reason: reasonIn(stages) ?? script,
    isCompiledInFinalStage: lines.some(({ text }) => /\bgo (build|install)\b/.test(text)),
  };
}

const shell = /^(\/bin\/)?(sh|ash|bash)$/;

/** A command line without tini or dumb-init, which Slipway's images do not need. */
function withoutInit(words: string[]): string[] {
  if (!/(^|\/)(tini|dumb-init)$/.test(words[0] ?? "")) return words;
  return words.slice(words.findIndex((word, i) => i > 0 && !word.startsWith("-")));
}

/** The words of the JSON form; undefined for the shell form. */
function listIn(text: string): string[] | undefined {
  try {
    const list = JSON.parse(text) as unknown;
    return Array.isArray(list) ? list.map(String) : undefined;
  } catch {
    return undefined;
  }
}

function reasonIn(stages: { name: string; base: string; lines: { keyword: string; text: string }[] }[]): string | undefined {
  const names = new Set(stages.map(({ name }) => name));
  for (const { lines } of stages)
    if (lines.some(({ text }) => /\bCGO_ENABLED[= ]["']?1/.test(text))) return "it compiles with cgo (CGO_ENABLED=1)";
  for (const { base } of stages)
    if (base !== "" && !names.has(base) && !base.includes("$") && !goImages.test(base)) return `it has a stage with the image ${base}`;
  for (const { keyword, text } of stages.at(-1)?.lines ?? []) {
    if (keyword !== "RUN") continue;
    const [, list = ""] = /\b(?:apt-get|apt|apk|dnf|yum|microdnf)\b[^&;|]*?\b(?:install|add)\s+([^&;|]*)/.exec(text) ?? [];
    const needed = list.split(/\s+/).filter((word) => /^[a-z0-9]/.test(word) && !harmlessPackage.test(word.replace(/=.*/, "")));
    const builds = stages.at(-1)!.lines.some((line) => /\bgo build\b/.test(line.text));
    if (needed.length > 0 && !builds) return `it installs ${needed.join(", ")}`;
  }
  return undefined;
}

/** Path of a file in messages. */
export function dockerfilePath({ context, file }: DockerfileOf, root: string): string {
  return relative(root, join(context, file));
}

import { command } from "../command.ts";

export interface GoModule {
  path: string;
  /** `(devel)` for the module that the program is in. */
  version: string;
  /** Hash of the module's content as in go.sum. @default - none: the content is a folder */
  sum?: string;
}

/** What the Go toolchain records in a program, https://pkg.go.dev/runtime/debug#BuildInfo. */
export interface GoProgram {
  /** `1.26.8`. */
  goVersion: string;
  /** Package of the program. */
  package: string;
  main: GoModule | undefined;
  /** Modules in the program. A replaced one is what replaces it. */
  modules: GoModule[];
  /** Such as `-trimpath: "true"`, `CGO_ENABLED: "0"`. */
  settings: Record<string, string>;
}

/** Reads the modules in a Go program from the program itself. */
export async function readGoProgram(file: string): Promise<GoProgram> {
  return parseGoProgram(await command("go", ["version", "-m", file]));
}

/** The text form, because -json needs Go 1.25. Fields are separated by tabs. */
export function parseGoProgram(text: string): GoProgram {
  const [head = "", ...lines] = text.trimEnd().split("\n");
  const program: GoProgram = {
    goVersion: head.slice(head.lastIndexOf(": go") + ": go".length),
    package: "",
    main: undefined,
    modules: [],
    settings: {},
  };
  for (const [, key, ...values] of lines.map((line) => line.split("\t"))) {
    const [path = "", version = "", sum = ""] = values;
    const module = { path, version, ...(sum !== "" && { sum }) };
    if (key === "path") program.package = path;
    else if (key === "mod") program.main = module;
    else if (key === "dep") program.modules.push(module);
    else if (key === "=>") program.modules[program.modules.length - 1] = module;
    else if (key === "build") program.settings[path.slice(0, path.indexOf("="))] = path.slice(path.indexOf("=") + 1);
  }
  return program;
}

/** Go's ID of a program, at its beginning: of the link, of the main package twice, and of the content (cmd/go/internal/work/buildid.go). */
export function buildIdOf(program: Buffer): string | undefined {
  return /[\w-]{20}(\/[\w-]{20}){3}/.exec(program.toString("latin1", 0, 65_536))?.[0];
}

/** Whether two programs have the same packages, also if they were linked with other flags. */
export function haveSamePackages(one: string | undefined, other: string | undefined): boolean {
  const packages = (id: string) => id.split("/").slice(1, 3).join("/");
  return one !== undefined && other !== undefined && packages(one) === packages(other);
}

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { command } from "../../lib/command.ts";
import { isMap } from "../../lib/property-path.ts";
import { UserError } from "../../lib/user-error.ts";
import { goProgram } from "../../lib/go-program.ts";

/**
 * A Compose file as parsed by the specification's reference library (https://github.com/compose-spec/compose-go): with `extends` and
 * `include` resolved, variables interpolated, short forms expanded and absolute paths.
 */
export interface ComposeProject {
  name: string;
  services?: Record<string, ComposeService>;
  volumes?: Record<string, ({ external?: boolean; name?: string } & Record<string, unknown>) | null>;
  networks?: Record<string, ({ external?: boolean; internal?: boolean; name?: string } & Record<string, unknown>) | null>;
  secrets?: Record<string, { file?: string; environment?: string; external?: boolean }>;
  configs?: Record<string, { file?: string; content?: string; environment?: string; external?: boolean }>;
}

/** The keys that an import reads; see https://github.com/compose-spec/compose-spec/blob/main/05-services.md. */
export interface ComposeService {
  image?: string;
  build?: {
    context: string;
    dockerfile?: string;
    target?: string;
    args?: Record<string, string | null>;
    secrets?: FileReference[];
  } & Record<string, unknown>;
  command?: string[] | null;
  entrypoint?: string[] | null;
  environment?: Record<string, string | null>;
  ports?: { target: number; published?: string; protocol?: string; host_ip?: string; mode?: string }[];
  expose?: string[];
  depends_on?: Record<string, { condition: string }>;
  links?: string[];
  healthcheck?: {
    test?: string[];
    interval?: string;
    timeout?: string;
    retries?: number;
    start_period?: string;
    disable?: boolean;
    start_interval?: string;
  };
  volumes?: {
    type: string;
    source?: string;
    target: string;
    read_only?: boolean;
    tmpfs?: { size?: string };
    volume?: { subpath?: string };
  }[];
  networks?: Record<string, { aliases?: string[] } | null>;
  labels?: Record<string, string>;
  working_dir?: string;
  cap_add?: string[];
  privileged?: boolean;
  read_only?: boolean;
  mem_limit?: string;
  mem_reservation?: string;
  cpus?: number;
  tmpfs?: string[];
  secrets?: FileReference[];
  configs?: FileReference[];
  deploy?: {
    replicas?: number;
    resources?: { limits?: Resources; reservations?: Resources };
    restart_policy?: { condition?: string };
  } & Record<string, unknown>;
  user?: string;
  stop_grace_period?: string;
  restart?: string;
  platform?: string;
  [other: string]: unknown;
}

interface FileReference {
  source: string;
  target?: string;
  mode?: string;
  uid?: string;
  gid?: string;
}

interface Resources {
  cpus?: number;
  /** Bytes. */
  memory?: string;
}

/** A Compose file, and what Compose leaves out of it. */
export interface ComposeFile {
  project: ComposeProject;
  /** Profiles of the services that are not in the project, by name. */
  disabled: Record<string, string[]>;
  /** Files of variables that do not exist, by service. Absolute paths. */
  noEnvFile: Record<string, string[]>;
  /** Variables that the file uses and nobody sets: they are empty. */
  unset: string[];
  /** Paths of the names that the file gives to the project, to volumes and to networks. The parser adds others. */
  named: string[];
}

/**
 * Parses a Compose file with the services of the given profiles, and with the variables of the environment and of `.env` next to it.
 *
 * @throws UserError with the parser's message if the file is not valid, or with all required variables that nobody sets.
 */
export async function readCompose(file: string, profiles: string[]): Promise<ComposeFile> {
  const path = await goProgram(join(import.meta.dirname, "compose-config"));
  const text = await command(path, [file, ...profiles]).catch((error: Error) => {
    const output = error.message.split("\n").flatMap((line) => /^ {2}\| (.+)$/.exec(line)?.[1] ?? []);
    throw new UserError(`${file}: is not a valid Compose file: ${output.join("\n")}`);
  });
  const { missing, ...found } = JSON.parse(text) as Omit<ComposeFile, "named"> & { missing: Record<string, string> };
  const names = Object.entries(missing).map(([name, message]) => `  - ${name}${message.trim() && `: ${message.trim()}`}`);
  if (names.length > 0)
    throw new UserError(
      [`${file}: requires variables that are not set. Set them in .env next to it, then import again:`, ...names.sort()].join("\n"),
    );
  return { ...found, named: namesIn(parse(readFileSync(file, "utf8"), { logLevel: "silent" })) };
}

function namesIn(content: unknown): string[] {
  const file = isMap(content) ? content : {};
  const below = ["volumes", "networks"].flatMap((key) =>
    Object.entries(isMap(file[key]) ? file[key] : {}).flatMap(([name, one]) =>
      isMap(one) && "name" in one ? [`${key}.${name}.name`] : [],
    ),
  );
  return ["name" in file ? "name" : [], below].flat();
}

import { join } from "node:path";
import { command } from "../../lib/command.ts";
import { UserError } from "../../lib/user-error.ts";
import { goProgram } from "../../setup/go-programs.ts";

/**
 * A Compose file as parsed by the specification's reference library (https://github.com/compose-spec/compose-go): with `extends` and
 * `include` resolved, variables interpolated, short forms expanded and absolute paths.
 */
export interface ComposeProject {
  name: string;
  services?: Record<string, ComposeService>;
  volumes?: Record<string, { external?: boolean; name?: string } | null>;
  secrets?: Record<string, { file?: string; environment?: string; external?: boolean }>;
  configs?: Record<string, { file?: string; content?: string; environment?: string; external?: boolean }>;
}

/** The keys that an import reads; see https://github.com/compose-spec/compose-spec/blob/main/05-services.md. */
export interface ComposeService {
  image?: string;
  build?: { context: string; dockerfile?: string; target?: string; args?: Record<string, string | null> } & Record<string, unknown>;
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
  };
  volumes?: { type: string; source?: string; target: string; read_only?: boolean; tmpfs?: { size?: string } }[];
  tmpfs?: string[];
  secrets?: { source: string; target?: string }[];
  configs?: { source: string; target?: string }[];
  deploy?: {
    replicas?: number;
    resources?: { limits?: Resources; reservations?: Resources };
  } & Record<string, unknown>;
  user?: string;
  stop_grace_period?: string;
  restart?: string;
  platform?: string;
  [other: string]: unknown;
}

interface Resources {
  cpus?: number;
  /** Bytes. */
  memory?: string;
}

/**
 * Parses a Compose file with the services of the given profiles.
 *
 * @throws UserError with the parser's message if the file is not valid.
 */
export async function readCompose(file: string, profiles: string[]): Promise<ComposeProject> {
  const path = await goProgram(join(import.meta.dirname, "compose-config"));
  const text = await command(path, [file, ...profiles]).catch((error: Error) => {
    const output = error.message.split("\n").flatMap((line) => /^ {2}\| (.+)$/.exec(line)?.[1] ?? []);
    throw new UserError(`${file}: is not a valid Compose file: ${output.join("\n")}`);
  });
  return JSON.parse(text) as ComposeProject;
}

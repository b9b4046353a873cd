import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { UserError } from "../../lib/user-error.ts";

/** The first major version of the `docker` command that builds with BuildKit only through the plugin buildx. */
const firstWithPlugin = 23;

/**
 * Checks that the `docker` command can build with BuildKit, which secret mounts need.
 *
 * @throws UserError with the remedy.
 */
export async function requireBuildKit(): Promise<void> {
  const why = 'dockerfile.secrets: are mounted by BuildKit, and the command "docker"';
  const version = await answerOf(["--version"]);
  if (version === undefined) throw new UserError(`${why} is not on the PATH. Install it: https://docs.docker.com/engine/install/`);
  const major = Number(/version (\d+)\./.exec(version)?.[1]);
  if (major >= firstWithPlugin && (await answerOf(["buildx", "version"])) === undefined)
    throw new UserError(`${why} has no plugin buildx. Install it: https://github.com/docker/buildx#installing`);
}

async function answerOf(args: string[]): Promise<string | undefined> {
  return promisify(execFile)("docker", args).then(
    ({ stdout }) => stdout,
    () => undefined,
  );
}

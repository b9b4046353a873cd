import { createReadStream, existsSync, readFileSync, statSync } from "node:fs";
import { basename, join, relative, resolve } from "node:path";
import { text as textOf } from "node:stream/consumers";
import { createGunzip } from "node:zlib";
import { coerce, gt, satisfies, valid } from "semver";
import { extract } from "tar-stream";
import { command } from "../../lib/command.ts";
import { isMap } from "../../lib/property-path.ts";
import { UserError } from "../../lib/user-error.ts";
import type { PackageManager } from "./package-manager.ts";

/** The version that a project is upgraded to. */
export interface Target {
  version: string;
  /** A tarball, or undefined for a version in the registry. */
  tarball?: string;
  /** Whether the tarball was packed from a folder, and must be kept in the project. @default false */
  isPacked?: boolean;
}

interface Wanted {
  /** What `--to` says. @default - the latest version in the registry */
  to: string | undefined;
  /** The folder in which the command was called. */
  folder: string;
  project: string;
  manager: PackageManager;
  /** For tarballs of folders. */
  work: string;
}

/**
 * Finds the version to upgrade to, and reads what it needs.
 *
 * @throws UserError if it does not exist, is not Slipway, cannot be reached, or needs another version of Node.js.
 */
export async function findTarget({ to, folder, project, manager, work }: Wanted): Promise<Target> {
  const path = to === undefined ? undefined : pathIn(to, folder);
  const isPacked = path !== undefined && statSync(path).isDirectory();
  const tarball = isPacked ? await packed(path, to!, work) : path;
  const { version, engines } = tarball === undefined ? await inRegistry(to ?? "latest", project, manager) : await inTarball(tarball, to!);
  const range = isMap(engines) ? engines["node"] : undefined;
  if (typeof range === "string" && !satisfies(process.versions.node, range))
    throw new UserError(
      `Slipway ${version} needs Node.js ${range}, and this is ${process.version}. Install it (https://nodejs.org/en/download), then run slipway upgrade again.`,
    );
  return { version, ...(tarball !== undefined && { tarball, isPacked }) };
}

/** The absolute path that `--to` means; undefined if it is a version. */
function pathIn(to: string, folder: string): string | undefined {
  const path = resolve(folder, to);
  if (valid(to) === null && existsSync(path)) return path;
  if (/[\\/]|\.t(ar\.)?gz$/.test(to))
    throw new UserError(`--to: ${to} does not exist. Pass a version, or a tarball or folder with the npm package.`);
  return undefined;
}

interface Description {
  version: string;
  engines?: unknown;
}

async function inRegistry(to: string, project: string, { name, view }: PackageManager): Promise<Description> {
  const spec = `slipway@${to}`;
  let output: string;
  try {
    output = await command(name, view(spec), { cwd: project });
  } catch (error) {
    throw new UserError(problemWithRegistry((error as Error).message, to, name), { cause: error });
  }
  const found = descriptionIn(output);
  if (!found) throw new UserError(noVersion(to));
  return found;
}

function descriptionIn(output: string): Description | undefined {
  if (output.trim() === "") return undefined;
  const parsed = JSON.parse(output) as unknown;
  // Several versions match a range.
  const last = Array.isArray(parsed) ? (parsed.at(-1) as unknown) : parsed;
  if (typeof last === "string") return { version: last }; // npm leaves out what the version does not have
  const data = isMap(last) && isMap(last["data"]) ? last["data"] : last; // of Yarn 1
  return isMap(data) && typeof data["version"] === "string" ? (data as unknown as Description) : undefined;
}

function noVersion(to: string): string {
  return `--to: Slipway has no version ${to} in the registry. List its versions with: npm view slipway versions`;
}

/** Says what the output of a package manager means; its last lines if that is not known. */
function problemWithRegistry(message: string, to: string, manager: string): string {
  if (/ENOENT/.test(message) && !/npm error/.test(message))
    return `${manager} is not on the PATH, and the project is installed with it. Install it.`;
  if (/No match(ing version)? found|ETARGET|NO_MATCHING_VERSION/.test(message)) return noVersion(to);
  if (/E404|ERR_PNPM_FETCH_404|404 Not Found/i.test(message))
    return "The package slipway is not in the registry that the project uses. Set its registry in .npmrc, or pass a tarball: slipway upgrade --to <file>";
  if (/E401|E403|ENEEDAUTH|FETCH_40[13]/.test(message))
    return "The registry that the project uses denies access to the package slipway. Log in to it (npm login), or correct the token in .npmrc.";
  const [code] =
    /E(NOTFOUND|AI_AGAIN|CONNREFUSED|CONNRESET|TIMEDOUT|HOSTUNREACH|NETUNREACH)\b|ERR_SOCKET_TIMEOUT|UNABLE_TO_\w+|SELF_SIGNED_\w+/.exec(
      message,
    ) ?? [];
  if (code !== undefined)
    return `The registry cannot be reached (${code}). Check the network, and the proxy and registry in .npmrc, or pass a tarball: slipway upgrade --to <file>`;
  return message;
}

/** Packs a folder, because npm would only link it. */
async function packed(folder: string, to: string, work: string): Promise<string> {
  const file = join(folder, "package.json");
  if (!existsSync(file)) throw new UserError(`--to: ${to} has no package.json. Pass the folder of the npm package.`);
  requireSlipway(JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>, to);
  const output = await command("npm", ["pack", folder, "--json", "--ignore-scripts", "--pack-destination", work]);
  const [{ filename }] = JSON.parse(output) as [{ filename: string }];
  return join(work, filename);
}

async function inTarball(tarball: string, to: string): Promise<Description> {
  let description: Record<string, unknown> | undefined;
  try {
    const entries = createReadStream(tarball)
      .pipe(createGunzip())
      .on("error", (error) => files.destroy(error));
    const files = entries.pipe(extract());
    for await (const file of files) {
      // npm packs below `package/`, others below another folder.
      if (/^[^/]+\/package\.json$/.test(file.header.name)) {
        description = JSON.parse(await textOf(file)) as Record<string, unknown>;
        break;
      }
      file.resume();
    }
  } catch (error) {
    throw new UserError(`--to: ${to} cannot be read as a tarball (${(error as Error).message}).`, { cause: error });
  }
  if (!description) throw new UserError(`--to: ${to} has no package.json. Pass a tarball of the npm package, as npm pack writes it.`);
  requireSlipway(description, to);
  return description as unknown as Description;
}

function requireSlipway({ name, version, bin }: Record<string, unknown>, to: string): void {
  if (name !== "slipway" || typeof version !== "string" || valid(version) === null)
    throw new UserError(`--to: ${to} is the package ${String(name)} ${String(version)}, not Slipway.`);
  if (isMap(bin) && bin["slipway"] === "slipway")
    throw new UserError(
      `--to: ${to} has the sources of Slipway. Build the package there (node scripts/package.ts), and pass its folder dist.`,
    );
}

/** Whether a version is older than another. */
export function isOlder(version: string, than: string): boolean {
  return gt(than, version);
}

/** What package.json says for a version: as exact, or as open to newer ones, as it is for the installed one. */
export function specFor({ version, tarball, isPacked }: Target, current: string, project: string): string {
  if (tarball !== undefined) return `file:${isPacked ? basename(tarball) : relative(project, tarball).replaceAll("\\", "/")}`;
  const [, operator = ""] = /^([\^~])\d/.exec(current) ?? [];
  return coerce(current) === null && /^(latest|next|\*|x)$/.test(current) ? current : `${operator}${version}`;
}

import { parse } from "yaml";
import { isMap } from "../../lib/property-path.ts";
import { UserError } from "../../lib/user-error.ts";

/** The parts of Pulumi.yaml that decide where the other files are. */
export interface PulumiProject {
  /** Folder of the stack files. */
  stackFolder: string;
  /** The program. */
  main: string;
}

const description = "A Go service from source to running, deployed with Slipway.";

/** A new Pulumi.yaml. */
export function pulumiProjectText(name: string): string {
  return `name: ${name}
description: ${description}
main: index.ts
runtime:
  name: nodejs
  options:
    # Node runs TypeScript itself; \`slipway check\` checks types.
    typescript: false
    packagemanager: npm
stackConfigDir: stacks
options:
  # A container or namespace that somebody deleted by hand comes back with the next \`up\`.
  refresh: always
`;
}

/** Reads an existing Pulumi.yaml, which stays as it is. */
export function readPulumiProject(file: string, text: string): PulumiProject {
  let project: unknown;
  try {
    project = parse(text);
  } catch (error) {
    throw new UserError(`${file}: ${(error as Error).message}`);
  }
  const { runtime, main, stackConfigDir } = isMap(project) ? project : {};
  const name = isMap(runtime) ? runtime["name"] : runtime;
  if (name !== "nodejs")
    throw new UserError(
      `${file}: is a Pulumi project with the runtime ${typeof name === "string" ? name : "(none)"}, and Slipway needs nodejs. Put Slipway into a subfolder: slipway init --dir deploy`,
    );
  const folder = typeof stackConfigDir === "string" ? stackConfigDir : ".";
  const given = typeof main === "string" && main !== "." && main !== "./" ? main : "index.ts";
  return { stackFolder: folder, main: /\.[cm]?[jt]s$/.test(given) ? given : `${given.replace(/\/$/, "")}/index.ts` };
}

export const programText = `import slipway from "slipway";

/** Deploys what the stack file describes. Create your own resources here, and return them with its outputs. */
export default () => slipway();
`;

/** package.json with the dependency on Slipway; as an ES module if the program is new. */
export function packageText(file: string, existing: string | undefined, { name, version, isModule }: PackageOptions): string {
  if (existing === undefined)
    return `${JSON.stringify({ name, private: true, type: "module", dependencies: { slipway: version } }, null, 2)}\n`;
  let content: unknown;
  try {
    content = JSON.parse(existing);
  } catch (error) {
    throw new UserError(`${file}: ${(error as Error).message}`);
  }
  if (!isMap(content)) throw new UserError(`${file}: must be a JSON object.`);
  const all = content as Record<string, unknown> & { dependencies?: Record<string, string>; devDependencies?: Record<string, string> };
  const isThere = all.dependencies?.["slipway"] !== undefined || all.devDependencies?.["slipway"] !== undefined;
  const addType = isModule && all["type"] !== "module";
  if (addType && all["type"] !== undefined)
    throw new UserError(
      `${file}: has the type ${JSON.stringify(all["type"])}, and Slipway's program is an ES module. Put Slipway into a subfolder: slipway init --dir deploy`,
    );
  if (isThere && !addType) return existing;
  const dependencies = isThere ? all.dependencies : sorted({ ...all.dependencies, slipway: version });
  const changed = { ...all, ...(addType && { type: "module" }), ...(dependencies && { dependencies }) };
  const indent = /^([ \t]+)"/m.exec(existing)?.[1] ?? 2;
  return `${JSON.stringify(changed, null, indent)}${existing.endsWith("\n") ? "\n" : ""}`;
}

interface PackageOptions {
  name: string;
  /** Of Slipway. */
  version: string;
  isModule: boolean;
}

/** As npm sorts them. */
function sorted(map: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)));
}

const ignored = ["node_modules/", ".slipway/"];

/** .gitignore with what must not be committed. */
export function gitignoreText(existing = ""): string {
  const lines = existing.split(/\r?\n/).map((line) => line.trim());
  const has = (entry: string) =>
    [entry, entry.slice(0, -1)].flatMap((one) => [one, `/${one}`, `**/${one}`]).some((one) => lines.includes(one));
  const missing = ignored.filter((entry) => !has(entry));
  if (missing.length === 0) return existing;
  const start = existing === "" || existing.endsWith("\n") ? existing : `${existing}\n`;
  return `${start}${missing.join("\n")}\n`;
}

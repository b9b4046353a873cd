import { isMap } from "../../lib/property-path.ts";
import { UserError } from "../../lib/user-error.ts";

const kinds = ["dependencies", "devDependencies", "optionalDependencies"] as const;

export type Description = Record<string, unknown>;

/** @throws UserError if the text is not a JSON object. */
export function parsePackage(file: string, text: string): Description {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    throw new UserError(`${file}: ${(error as Error).message}`, { cause: error });
  }
  if (!isMap(content)) throw new UserError(`${file}: must be a JSON object.`);
  return content;
}

/** What package.json says for Slipway; undefined if it is no dependency. */
export function slipwayIn(description: Description): string | undefined {
  for (const kind of kinds) {
    const all = description[kind];
    if (isMap(all) && typeof all["slipway"] === "string") return all["slipway"];
  }
  return undefined;
}

/** package.json with another version of Slipway. The rest of its text stays as it is. */
export function withSlipway(text: string, spec: string): string {
  const kind = kinds.find((one) => {
    const all = (JSON.parse(text) as Description)[one];
    return isMap(all) && typeof all["slipway"] === "string";
  });
  if (kind === undefined) return text;
  // In the map of this kind, which has no maps in it.
  const pattern = new RegExp(`("${kind}"\\s*:\\s*\\{[^{}]*?"slipway"\\s*:\\s*)"(?:[^"\\\\]|\\\\.)*"`);
  return text.replace(pattern, (_, before: string) => before + JSON.stringify(spec));
}

/**
 * package.json for the folder of an upgrade: with the new version, without the project's scripts, and with absolute paths.
 *
 * @param absolute turns a path in the project into an absolute one.
 */
export function stagedPackage(text: string, spec: string, absolute: (path: string) => string): string {
  const { scripts: _scripts, workspaces: _workspaces, ...rest } = JSON.parse(withSlipway(text, spec)) as Description;
  for (const kind of kinds) {
    const all = rest[kind];
    if (!isMap(all)) continue;
    rest[kind] = Object.fromEntries(
      Object.entries(all).map(([name, value]) => {
        const [, scheme, path] = /^(file:|link:|portal:)(.*)$/.exec(String(value)) ?? [];
        return [name, scheme === undefined ? value : `${scheme}${absolute(path!)}`];
      }),
    );
  }
  return `${JSON.stringify(rest, null, 2)}\n`;
}

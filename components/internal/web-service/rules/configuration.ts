import type { WebServiceArgs } from "../../../web-service-args.ts";
import { dataKeyOf, problemWithDataKey, problemWithObjectName } from "../../../../lib/kubernetes-names.ts";
import { ifKnown, type Report } from "../../../../lib/problem.ts";

/** The most that a ConfigMap or a Secret holds, in bytes. */
const mostBytes = 2 ** 20;

export function checkConfiguration(args: WebServiceArgs, report: Report): void {
  checkVariables(args, report);
  for (const [variable, { name, key }] of Object.entries(args.envFromSecret ?? {})) {
    report(["envFromSecret", variable, "name"], ifKnown(name, problemWithObjectName));
    report(["envFromSecret", variable, "key"], ifKnown(key, problemWithDataKey));
  }
  for (const [path, name] of Object.entries(args.secretFolders ?? {}))
    report(["secretFolders", path], ifKnown(name, problemWithObjectName));
  const { files = {}, secretFiles = {}, secretEnv = {} } = args;
  report(["files"], problemWithSize("ConfigMap", Object.values(files)));
  report(
    [Object.keys(secretFiles).length > 0 ? "secretFiles" : "secretEnv"],
    problemWithSize("Secret", [...Object.values(secretFiles), ...Object.values(secretEnv)]),
  );
  for (const path of Object.keys(secretFiles)) {
    const key = dataKeyOf(path);
    report(
      ["secretFiles", path],
      Object.hasOwn(secretEnv, key) && `is kept in one Secret with secretEnv.${key}, under the same key; choose another path`,
    );
  }
}

function checkVariables(args: WebServiceArgs, report: Report): void {
  const sources = new Map<string, string>();
  for (const source of ["env", "secretEnv", "envFromSecret"] as const)
    for (const name of Object.keys(args[source] ?? {})) {
      report(
        [source, name],
        !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && "is no name that an environment variable can have: letters, digits and _, no digit first",
      );
      const other = sources.get(name);
      report([source, name], other !== undefined && `is in ${other} too; a variable has one value`);
      report([source, name], name === "PORT" && "is set by `port`; set that instead");
      sources.set(name, source);
    }
}

function problemWithSize(kind: string, contents: unknown[]): string | undefined {
  const bytes = contents.reduce<number>((sum, text) => sum + (typeof text === "string" ? Buffer.byteLength(text) : 0), 0);
  return bytes > mostBytes
    ? `must be at most 1 MiB together, as a ${kind} is (got ${bytes}) bytes; put some into the image or a volume`
    : undefined;
}

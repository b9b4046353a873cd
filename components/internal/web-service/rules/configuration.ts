import type { WebServiceArgs } from "../../../web-service-args.ts";
import { dataKeyOf, problemWithDataKey, problemWithObjectName } from "../../../../lib/kubernetes-names.ts";
import { ifKnown, type Report } from "../../../../lib/problem.ts";

/** Maximum size of a ConfigMap or a Secret in bytes. */
const maxBytes = 2 ** 20;

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
      Object.hasOwn(secretEnv, key) && `has the same key in the Secret as secretEnv.${key}. Choose another path`,
    );
  }
}

function checkVariables(args: WebServiceArgs, report: Report): void {
  const sources = new Map<string, string>();
  for (const source of ["env", "secretEnv", "envFromSecret"] as const)
    for (const name of Object.keys(args[source] ?? {})) {
      report(
        [source, name],
        // As Kubernetes accepts them: programs such as Elasticsearch read variables with dots.
        !/^[-._A-Za-z][-._A-Za-z0-9]*$/.test(name) && "must be a name of letters, digits, _, - and ., not starting with a digit. Rename it",
      );
      const other = sources.get(name);
      report([source, name], other !== undefined && `is also in ${other}. Remove one of them`);
      report([source, name], name === "PORT" && "is set by Slipway. Set port instead");
      sources.set(name, source);
    }
}

function problemWithSize(kind: string, contents: unknown[]): string | undefined {
  const bytes = contents.reduce<number>((sum, text) => sum + (typeof text === "string" ? Buffer.byteLength(text) : 0), 0);
  return bytes > maxBytes
    ? `must be at most 1 MiB in total, the limit of a ${kind} (got ${bytes} bytes). Move some into the image or a volume`
    : undefined;
}

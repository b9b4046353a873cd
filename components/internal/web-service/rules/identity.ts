import type { WebServiceArgs } from "../../../web-service-args.ts";
import { isByDigest } from "../../../../lib/image-reference.ts";
import { problemWithLabelValue, problemWithName } from "../../../../lib/kubernetes-names.ts";
import { ifKnown, prefixed, type Report } from "../../../../lib/problem.ts";

/** Pods of a StatefulSet have a label of at most 63 characters: its name, a dash and a hash of ten digits. */
const maxStatefulLength = 52;

export function checkIdentity(name: string, args: WebServiceArgs, report: Report): void {
  report([], prefixed("the name", problemWithName(name)));
  report(
    [],
    args.kind === "stateful" &&
      name.length > maxStatefulLength &&
      name.length <= 63 &&
      `the name must be at most ${maxStatefulLength} characters long with kind stateful (got ${name.length} characters). Shorten it`,
  );
  report(
    ["image"],
    typeof args.image === "string" &&
      !isByDigest(args.image) &&
      `must be an image by digest such as "registry.example/web@sha256:…" (got "${args.image}")`,
  );
  for (const key of ["command", "args"] as const)
    report([key], args[key]?.length === 0 && "must not be empty. Remove it to use the image's");
  report(["namespace"], ifKnown(args.namespace, problemWithName));
  for (const key of ["version", "partOf"] as const) report([key], ifKnown(args[key], problemWithLabelValue));
}

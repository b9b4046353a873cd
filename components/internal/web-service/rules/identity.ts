import type { WebServiceArgs } from "../../../web-service-args.ts";
import { problemWithLabelValue, problemWithName } from "../../../../lib/kubernetes-names.ts";
import { ifKnown, prefixed, problemWithNumber, type Report } from "../../../../lib/problem.ts";

/** Pods of a StatefulSet carry its name, a dash and a hash of ten digits as a label of at most 63. */
const statefulLength = 52;

/** https://github.com/distribution/reference, as much of it as names an image by digest. */
const imageByDigest = /^(([A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(:\d+)?\/)?[a-z0-9]+([._/-]+[a-z0-9]+)*(:[\w.-]+)?@sha256:[0-9a-f]{64}$/;

export function checkIdentity(name: string, args: WebServiceArgs, report: Report): void {
  report([], prefixed("the name", problemWithName(name)));
  report(
    [],
    args.kind === "stateful" &&
      name.length > statefulLength &&
      name.length <= 63 &&
      `the name must be at most ${statefulLength} characters long with kind: stateful (got ${name.length}): "${name}"`,
  );
  report(
    ["image"],
    typeof args.image === "string" &&
      !imageByDigest.test(args.image) &&
      `must name the image by digest, such as "registry.example/web@sha256:…" (got "${args.image}")`,
  );
  report(["user"], args.user === 0 ? "must not be 0, which is root; name a user of the image's" : problemWithNumber(args.user, 1));
  for (const key of ["command", "args"] as const)
    report([key], args[key]?.length === 0 && "must not be empty; leave it out for the image's own");
  report(["namespace"], ifKnown(args.namespace, problemWithName));
  for (const key of ["version", "partOf"] as const) report([key], ifKnown(args[key], problemWithLabelValue));
}

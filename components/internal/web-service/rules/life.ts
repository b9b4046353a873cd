import type { WebServiceArgs } from "../../../web-service-args.ts";
import type { WebServiceSpec } from "../defaults.ts";
import { ifKnown, problemWithNumber, type Report } from "../../../../lib/problem.ts";

const day = 86_400;

export function checkLife(args: WebServiceArgs, spec: WebServiceSpec, report: Report): void {
  checkShutdown(args, spec, report);
  checkRollout(args, spec, report);
  checkProbes(args, report);
}

function checkShutdown(args: WebServiceArgs, { shutdown }: WebServiceSpec, report: Report): void {
  const { sleepSeconds, drainSeconds, gracePeriodSeconds } = shutdown;
  report(["shutdown", "sleepSeconds"], problemWithNumber(args.shutdown?.sleepSeconds, 0, day));
  report(["shutdown", "drainSeconds"], problemWithNumber(args.shutdown?.drainSeconds, 0, day));
  report(["shutdown", "gracePeriodSeconds"], problemWithNumber(args.shutdown?.gracePeriodSeconds, 1, day));
  report(
    ["shutdown", "gracePeriodSeconds"],
    gracePeriodSeconds < sleepSeconds + drainSeconds &&
      `must be at least sleepSeconds + drainSeconds (${sleepSeconds} + ${drainSeconds}) (got ${gracePeriodSeconds}): the pod would be killed before it is done. Leave it out`,
  );
}

function checkRollout(args: WebServiceArgs, { rollout, probes }: WebServiceSpec, report: Report): void {
  const { minReadySeconds, progressDeadlineSeconds } = rollout;
  report(["rollout", "minReadySeconds"], problemWithNumber(args.rollout?.minReadySeconds, 0, day));
  report(["rollout", "progressDeadlineSeconds"], problemWithNumber(args.rollout?.progressDeadlineSeconds, 1, day));
  const { periodSeconds, failureThreshold } = args.probes?.startup ?? {};
  const startSeconds = probes.startup.periodSeconds * probes.startup.failureThreshold;
  if (progressDeadlineSeconds <= minReadySeconds)
    report(
      ["rollout", "progressDeadlineSeconds"],
      `must be more than minReadySeconds (${minReadySeconds}) (got ${progressDeadlineSeconds}): no pod could ever count. Raise it, or lower minReadySeconds`,
    );
  // By default a start may take a minute; who wants to hear of a failure sooner need not say so twice.
  else if ((periodSeconds ?? failureThreshold) !== undefined && progressDeadlineSeconds <= startSeconds + minReadySeconds)
    report(
      ["rollout", "progressDeadlineSeconds"],
      `must be more than what probes.startup allows and minReadySeconds together (${startSeconds} + ${minReadySeconds}) (got ${progressDeadlineSeconds}): a pod that is still starting would count as failed. Raise it`,
    );
  const { maxSurge } = args.rollout ?? {};
  report(
    ["rollout", "maxSurge"],
    ifKnown(maxSurge, (text) => {
      if (/^0+%?$/.test(text)) return "must be more than 0: no new pod could start, for none of the old may go first";
      return /^\d{1,9}%?$/.test(text) ? undefined : `must be a number of pods or percent such as "25%" (got "${text}")`;
    }),
  );
}

function checkProbes({ probes = {}, ports = {} }: WebServiceArgs, report: Report): void {
  const declared = ["http", ...Object.keys(ports)];
  const { kind: how = "http", command } = probes;
  report(
    ["probes", "command"],
    how === "exec" && !command?.length && "is needed with kind: exec: the program that is run, and its arguments",
  );
  report(
    ["probes", "command"],
    how !== "exec" && command !== undefined && `is for kind: exec, and this is ${how}; set that, or leave it out`,
  );
  for (const kind of ["startup", "readiness", "liveness"] as const) {
    const { port, path, ...numbers } = probes[kind] ?? {};
    report(["probes", kind, "path"], how !== "http" && path !== undefined && `is for kind: http, and this is ${how}; leave it out`);
    report(["probes", kind, "port"], how === "exec" && port !== undefined && "is not for kind: exec; leave it out");
    report(
      ["probes", kind, "port"],
      port !== undefined &&
        !declared.includes(port) &&
        `must be one of the declared ports (${declared.join(", ")}) (got "${port}"); declare it in ports`,
    );
    report(
      ["probes", kind, "path"],
      ifKnown(path, (text) => (/^\/[^\s#]*$/.test(text) ? undefined : `must begin with "/" and have no spaces and no "#" (got "${text}")`)),
    );
    for (const [key, number] of Object.entries(numbers)) report(["probes", kind, key], problemWithNumber(number, 1, day));
  }
}

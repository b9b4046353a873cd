import type { WebServiceArgs } from "../../../web-service-args.ts";
import { knownIngressClass } from "../ingress-classes.ts";
import { mainPort, type WebServiceSpec } from "../spec.ts";
import { ifKnown, problemWithNumber, type Report } from "../../../../lib/problem.ts";

const day = 86_400;

/** Load balancers of clouds that check their targets over HTTP, by the controller of the ingress class. */
const httpLoadBalancers: Partial<Record<string, string>> = { alb: "an AWS load balancer", gce: "a load balancer of Google" };

/** Shutdown, rollout and probes. */
export function checkLifecycle(args: WebServiceArgs, spec: WebServiceSpec, report: Report): void {
  checkShutdown(args, spec, report);
  checkRollout(args, spec, report);
  checkProbes(args, spec, report);
}

function checkShutdown(args: WebServiceArgs, { shutdown }: WebServiceSpec, report: Report): void {
  const { sleepSeconds, drainSeconds, gracePeriodSeconds } = shutdown;
  report(["shutdown", "sleepSeconds"], problemWithNumber(args.shutdown?.sleepSeconds, 0, day));
  report(["shutdown", "drainSeconds"], problemWithNumber(args.shutdown?.drainSeconds, 0, day));
  report(["shutdown", "gracePeriodSeconds"], problemWithNumber(args.shutdown?.gracePeriodSeconds, 1, day));
  report(
    ["shutdown", "gracePeriodSeconds"],
    gracePeriodSeconds < sleepSeconds + drainSeconds &&
      `must be at least sleepSeconds + drainSeconds (got ${gracePeriodSeconds}), or the pod is killed too early. Raise it, or remove it`,
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
      `must be more than minReadySeconds = ${minReadySeconds} (got ${progressDeadlineSeconds}), or no pod becomes available in time. Raise it, or lower minReadySeconds`,
    );
  // The default startup probe allows a minute; a shorter deadline without a startup probe is deliberate.
  else if ((periodSeconds ?? failureThreshold) !== undefined && progressDeadlineSeconds <= startSeconds + minReadySeconds)
    report(
      ["rollout", "progressDeadlineSeconds"],
      `must be more than minReadySeconds plus the time that probes.startup allows (got ${progressDeadlineSeconds}), or a starting pod counts as failed. Raise it`,
    );
  const { maxSurge } = args.rollout ?? {};
  report(
    ["rollout", "maxSurge"],
    ifKnown(maxSurge, (text) => {
      if (/^0+%?$/.test(text)) return "must be more than 0, because no old pod is removed before a new one is ready";
      return /^\d{1,9}%?$/.test(text) ? undefined : `must be a number of replicas or a percentage such as "25%" (got "${text}")`;
    }),
  );
}

function checkProbes({ probes = {}, ingressClassName }: WebServiceArgs, { ports, publish, expose }: WebServiceSpec, report: Report): void {
  const loadBalancer = httpLoadBalancers[knownIngressClass(ingressClassName)?.controller ?? ""];
  const published = Object.entries(publish);
  const ofTcp = published.flatMap(([name, { protocol }]) => (protocol === "TCP" ? [name] : []));
  const declared = [...new Set([mainPort, ...Object.keys(ports), ...ofTcp])];
  const { kind: how = "http", command } = probes;
  report(
    ["probes", "command"],
    how === "exec" && !command?.length && "is required with kind exec. Set it to the command and its arguments",
  );
  report(["probes", "command"], how !== "exec" && command !== undefined && `requires kind exec (got ${how}). Set kind: exec, or remove it`);
  report(
    ["probes", "kind"],
    how === "none" &&
      (expose !== "none" || ofTcp.length > 0) &&
      "must not be none in a service that is exposed: it would get requests before it is ready. Set http, tcp or exec",
  );
  report(
    ["probes", "kind"],
    expose === "ingress" &&
      loadBalancer !== undefined &&
      (how === "tcp" || how === "exec") &&
      `must be http behind ${loadBalancer}, which sends HTTP requests to check its targets (got ${how}). Set http, or publish the port instead of a host`,
  );
  for (const kind of ["startup", "readiness", "liveness"] as const) {
    report(["probes", kind], how === "none" && probes[kind] !== undefined && "is not used with kind none. Remove it");
    if (how === "none") continue;
    const { port, path, ...numbers } = probes[kind] ?? {};
    report(["probes", kind, "path"], how !== "http" && path !== undefined && `requires kind http (got ${how}). Remove it`);
    report(["probes", kind, "port"], how === "exec" && port !== undefined && "is not used with kind exec. Remove it");
    report(
      ["probes", kind, "port"],
      how !== "exec" &&
        port !== undefined &&
        !declared.includes(port) &&
        (published.some(([name]) => name === port)
          ? `must be a TCP port, because probes use TCP (got "${port}", which is UDP). Name another port, or set kind: exec`
          : `must be one of the declared ports ${declared.join(", ")} (got "${port}"). Declare it in ports`),
    );
    report(
      ["probes", kind, "path"],
      ifKnown(path, (text) =>
        /^\/[^\s#]*$/.test(text) ? undefined : `must begin with "/" and contain no spaces and no "#" (got "${text}")`,
      ),
    );
    for (const [key, number] of Object.entries(numbers)) report(["probes", kind, key], problemWithNumber(number, 1, day));
  }
}

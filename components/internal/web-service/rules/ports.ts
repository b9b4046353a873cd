import type { WebServiceArgs } from "../../../web-service-args.ts";
import { mainPort, type WebServiceSpec } from "../spec.ts";
import { problemWithNumber, type Report } from "../../../../lib/problem.ts";
import { problemWithCidr } from "./network.ts";

export function checkPorts(args: WebServiceArgs, spec: WebServiceSpec, report: Report): void {
  checkContainerPorts(spec, report);
  checkPublish(args, spec, report);
}

function checkContainerPorts({ port, ports }: WebServiceSpec, report: Report): void {
  const owners = new Map<number, string>();
  const all: [name: string, path: string[], number: unknown][] = [
    [mainPort, ["port"], port],
    ...Object.entries(ports).map(([name, number]): [string, string[], number] => [name, ["ports", name], number]),
  ];
  for (const [name, path, number] of all) {
    if (typeof number !== "number") continue;
    report(path, problemWithNumber(number, 1, 65535));
    const owner = owners.get(number);
    report(path, owner !== undefined && `must differ from the port "${owner}" (got ${number}). Change one of them`);
    owners.set(number, name);
  }
  for (const name of Object.keys(ports)) {
    report(["ports", name], name === mainPort && "is the name of port. Choose another name");
    report(["ports", name], problemWithPortName(name));
  }
}

function problemWithPortName(name: string): string | false {
  return (
    !/^(?=.{1,15}$)(?=.*[a-z])[a-z0-9]+(-[a-z0-9]+)*$/.test(name) &&
    `the name must be at most 15 lower-case letters, digits and "-", with at least one letter (got "${name}")`
  );
}

function checkPublish({ publish: given = {} }: WebServiceArgs, { publish, port, ports, routes }: WebServiceSpec, report: Report): void {
  const named: Record<string, unknown> = { ...ports, [mainPort]: port };
  const owners = new Map<string, string>();
  const ranges = Object.values(publish)[0]?.sourceRanges;
  for (const [name, { port: published, targetPort, protocol, sourceRanges }] of Object.entries(publish)) {
    const at = ["publish", name];
    report(at, problemWithPortName(name));
    report([...at, "port"], problemWithNumber(published, 1, 65535));
    report([...at, "targetPort"], problemWithNumber(given[name]!.targetPort, 1, 65535));
    const key = `${published}/${protocol}`;
    const owner = owners.get(key);
    report([...at, "port"], owner !== undefined && `is published twice, also as "${owner}" (got ${key}). Change one of them`);
    owners.set(key, name);
    const own = named[name];
    report(
      [...at, "targetPort"],
      typeof own === "number" &&
        targetPort !== own &&
        `must be ${own}, the port of this name (got ${Number(targetPort)}). Remove it, or choose another name`,
    );
    report(
      [...at, "protocol"],
      protocol === "UDP" &&
        routes.length > 0 &&
        targetPort === port &&
        `must be TCP, because the port belongs to ${hostIn(routes)}, and HTTP uses TCP. Set another targetPort, or remove the host`,
    );
    report(
      [...at, "protocol"],
      protocol === "UDP" && own !== undefined && `must be TCP, as the port of the name ${name} is. Choose another name`,
    );
    for (const [i, range] of (sourceRanges ?? []).entries()) report([...at, "sourceRanges", i], problemWithCidr(range));
    report(
      [...at, "sourceRanges"],
      String(sourceRanges) !== String(ranges) &&
        `must be the same for all ports of a service, which share a load balancer (got ${sourceRanges?.join(", ") ?? "none"}). Use one list`,
    );
  }
}

function hostIn([first]: WebServiceSpec["routes"]): string {
  return typeof first?.host === "string" ? `the host ${first.host}` : "a host";
}

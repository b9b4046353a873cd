import type { WebServiceSpec } from "../spec.ts";
import { problemWithNumber, type Report } from "../../../../lib/problem.ts";

export function checkPorts({ port, ports }: WebServiceSpec, report: Report): void {
  const owners = new Map<number, string>();
  const all: [name: string, path: string[], number: unknown][] = [
    ["http", ["port"], port],
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
    report(["ports", name], name === "http" && "is the name of port. Choose another name");
    report(
      ["ports", name],
      !/^(?=.{1,15}$)(?=.*[a-z])[a-z0-9]+(-[a-z0-9]+)*$/.test(name) &&
        `the name must be at most 15 lower-case letters, digits and "-", with at least one letter (got "${name}")`,
    );
  }
}

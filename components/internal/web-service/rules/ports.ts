import type { WebServiceSpec } from "../spec.ts";
import { problemWithNumber, type Report } from "../../../../lib/problem.ts";

/** Lower ports need privileges, which containers do not have. */
const minPort = 1024;

export function checkPorts({ port, ports }: WebServiceSpec, report: Report): void {
  const owners = new Map<number, string>();
  const all: [name: string, path: string[], number: unknown][] = [
    ["http", ["port"], port],
    ...Object.entries(ports).map(([name, number]): [string, string[], number] => [name, ["ports", name], number]),
  ];
  for (const [name, path, number] of all) {
    if (typeof number !== "number") continue;
    const problem = problemWithNumber(number, minPort, 65535);
    report(path, problem && (Number.isInteger(number) && number > 0 && number < minPort ? `${problem}. Lower ports need root` : problem));
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

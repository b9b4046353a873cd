import type { WebServiceSpec } from "../defaults.ts";
import { problemWithNumber, type Report } from "../../../../lib/problem.ts";

/** Lower ones are for privileged programs, and pods have no privileges. Some container runtimes allow them; not all do. */
const leastPort = 1024;

export function checkPorts({ port, ports }: WebServiceSpec, report: Report): void {
  const owners = new Map<number, string>();
  const all: [name: string, path: string[], number: unknown][] = [
    ["http", ["port"], port],
    ...Object.entries(ports).map(([name, number]): [string, string[], number] => [name, ["ports", name], number]),
  ];
  for (const [name, path, number] of all) {
    if (typeof number !== "number") continue;
    const problem = problemWithNumber(number, leastPort, 65535);
    report(path, problem && (number > 0 && number < leastPort ? `${problem}: programs without privileges have no lower ones` : problem));
    const owner = owners.get(number);
    report(path, owner !== undefined && `is ${number}, as is the port "${owner}"; each needs its own number`);
    owners.set(number, name);
  }
  for (const name of Object.keys(ports)) {
    report(["ports", name], name === "http" && "is the name of `port`; choose another");
    report(
      ["ports", name],
      !/^(?=.{1,15}$)(?=.*[a-z])[a-z0-9]+(-[a-z0-9]+)*$/.test(name) &&
        `the name must be at most 15 lower-case letters, digits and "-", with a letter (got "${name}")`,
    );
  }
}

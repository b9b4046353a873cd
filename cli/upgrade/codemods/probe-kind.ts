import { isMap, type Path } from "../../../lib/property-path.ts";
import type { StackText } from "../stack-text.ts";
import { formatSetting, unitsIn, type Codemod } from "./codemod.ts";

const kinds = ["startup", "readiness", "liveness"];
const removed = ["tcp", "command"];

/** `tcp` and `command` were settings of each probe, without an effect. The kind of all probes is `probes.kind`. */
export const setProbeKind: Codemod = {
  id: "probe-kind",
  since: "0.1.0",
  description: "replaces tcp and command of single probes by probes.kind",
  apply({ text }) {
    return unitsIn(text, ["services"]).flatMap(({ path }) => changeProbes(text, [...path, "probes"]));
  },
};

function changeProbes(text: StackText, path: Path): string[] {
  const probes = text.get(path);
  if (!isMap(probes)) return [];
  for (const kind of kinds) if (probe(text, path, kind)["tcp"] === false) text.remove([...path, kind, "tcp"], path.length - 1);
  const given = kinds.filter((kind) => isMap(text.get([...path, kind]))).map((kind) => ({ kind, ...of(probe(text, path, kind)) }));
  if (!given.some(({ keys }) => removed.some((key) => keys.includes(key)))) return [];
  const [first] = given;
  const isTcp = given.every(({ tcp, keys }) => tcp === true && !keys.includes("command") && !keys.includes("path"));
  const isExec = given.every(
    ({ command, keys }) => command === first!.command && !["tcp", "path", "port"].some((key) => keys.includes(key)),
  );
  if (probes["kind"] !== undefined || probes["command"] !== undefined || (!isTcp && !isExec))
    return [
      `${formatSetting(path)}: has probes with tcp or command, and one kind now holds for all of them. Set kind: tcp, or kind: exec with command, and remove them from the probes.`,
    ];
  const command = isExec ? text.source([...path, first!.kind, "command"]) : undefined;
  if (command?.includes("\n"))
    return [`${formatSetting(path)}: has probes with command. Set kind: exec and command for all of them, and remove it from the probes.`];
  if (command !== undefined) text.insert(path, "command", command);
  text.insert(path, "kind", isTcp ? "tcp" : "exec");
  for (const { kind } of given) text.remove([...path, kind, isTcp ? "tcp" : "command"], path.length);
  return [];
}

function probe(text: StackText, path: Path, kind: string): Record<string, unknown> {
  const value = text.get([...path, kind]);
  return isMap(value) ? value : {};
}

function of(values: Record<string, unknown>): { keys: string[]; tcp: unknown; command: string } {
  return { keys: Object.keys(values), tcp: values["tcp"], command: JSON.stringify(values["command"]) };
}

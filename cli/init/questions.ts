import { createInterface } from "node:readline/promises";
import { UserError } from "../../lib/user-error.ts";
import type { Found } from "./units.ts";

/** Decides what the source does not say. */
export interface Ask {
  confirm: (question: string) => Promise<boolean>;
  /** What programs are of which the source does not say it, by their folder. */
  programs: (found: Found) => Promise<Record<string, "service" | "job">>;
  /** Lets the user leave out programs, and adds ports and variables that the source does not say. */
  settings: (found: Found) => Promise<void>;
}

/** Takes the defaults. */
export const defaults: Ask = {
  confirm: () => Promise.resolve(true),
  programs: () => Promise.resolve({}),
  settings: () => Promise.resolve(),
};

/** Asks on the terminal. Ctrl-C ends the command before anything is written. */
export function onTerminal(
  input: NodeJS.ReadableStream = process.stdin,
  output: NodeJS.WritableStream = process.stderr,
): Ask & { close: () => void } {
  const terminal = createInterface({ input, output });
  const cancelled = new AbortController();
  terminal.on("SIGINT", () => cancelled.abort());
  terminal.on("close", () => cancelled.abort()); // Ctrl-D
  const ask = (question: string) =>
    terminal.question(question, { signal: cancelled.signal }).catch(() => {
      throw new UserError("Cancelled. Nothing was written.");
    });
  return {
    confirm: async (question) => !/^n/i.test(await ask(`${question} [Y/n] `)),
    programs: (found) => programs(found, ask),
    settings: (found) => settings(found, ask),
    close: () => terminal.close(),
  };
}

type AskText = (question: string) => Promise<string>;

async function programs({ skipped }: Found, ask: AskText): Promise<Record<string, "service" | "job">> {
  const choices: Record<string, "service" | "job"> = {};
  for (const { folder, reason, isUnclear } of skipped) {
    if (!isUnclear) continue;
    const answer = await ask(`${folder}: ${reason}. Deploy it as a service, as a job, or not? [s/j/N] `);
    if (/^s/i.test(answer)) choices[folder] = "service";
    else if (/^j/i.test(answer)) choices[folder] = "job";
  }
  return choices;
}

async function settings(found: Found, ask: AskText): Promise<void> {
  if (found.units.length > 1) {
    const names = found.units.map(({ name, kind, folder }) => `${name} (${kind}, ${folder})`).join(", ");
    const answer = (await ask(`Deploy ${names}? Names to leave out, or Enter for all: `)).split(/[\s,]+/).filter(Boolean);
    for (const unit of found.units.filter(({ name }) => answer.includes(name)))
      found.skipped.push({ folder: unit.folder, reason: "you left it out" });
    found.units = found.units.filter(({ name }) => !answer.includes(name));
    for (const { settings } of found.units) {
      const after = ((settings["after"] ?? []) as string[]).filter((name) => !answer.includes(name));
      if (after.length > 0) settings["after"] = after;
      else delete settings["after"];
    }
  }
  for (const unit of found.units) {
    if (unit.isPortUnknown) {
      const port = Number((await ask(`${unit.name}: port that it listens on [8080]: `)) || 8080);
      if (Number.isInteger(port) && port > 0 && port < 65536 && port !== 8080) unit.settings["port"] = port;
      unit.reasons = unit.reasons.map((reason) =>
        reason.setting === "port" ? { ...reason, value: String(port), from: "your answer" } : reason,
      );
      unit.isPortUnknown = false;
    }
    for (const { name, at, isSecret } of [...unit.unset]) {
      if (isSecret) continue;
      const value = await ask(`${unit.name}: value of ${name} (${at}), Enter for none: `);
      if (value === "") continue;
      unit.settings["env"] = { ...(unit.settings["env"] as object | undefined), [name]: value };
      unit.unset = unit.unset.filter((variable) => variable.name !== name);
    }
  }
}

import { mkdirSync } from "node:fs";
import { join, posix, relative, resolve } from "node:path";
import { checkSettings } from "../../config/check.ts";
import { withExampleDigests } from "../../config/locked-images.ts";
import type { Platform } from "../../config/schema/setting.ts";
import { formatProblem } from "../../lib/problem.ts";
import { UserError } from "../../lib/user-error.ts";
import { loadPlatform } from "../../platforms/platform.ts";
import type { Settings } from "../compose/convert.ts";
import { plainOf, replaced, sealAll } from "../compose/import.ts";
import { composeFileIn, joinCompose, type Joined } from "./compose.ts";
import type { Initialized, InitOptions } from "./init.ts";
import type { Contents } from "./stack-files.ts";
import { ordered, type Unit } from "./units.ts";

interface LocalOptions extends Pick<InitOptions, "folder" | "platform" | "dryRun" | "ask"> {
  root: string;
}

/** The services and jobs on this machine, with those of the Compose file if they need no edits. */
export async function localContents(
  units: Unit[],
  result: Initialized,
  { folder, root, platform, dryRun, ask }: LocalOptions,
): Promise<Contents> {
  const ofKind = (all: Unit[], kind: Unit["kind"]) =>
    Object.fromEntries(all.filter((unit) => unit.kind === kind).map(({ name, settings }) => [name, ordered(settings)]));
  const own: Contents = { services: ofKind(units, "service"), jobs: ofKind(units, "job"), assumptions: [] };
  const file = composeFileIn(root);
  if (file === undefined) return checked(own, platform, result);
  result.composeFile = file;
  const command = `slipway import ${posix.join(relative(resolve(folder), root), file)} --stack compose`;
  if (!(await ask.confirm(`${file}: deploy its other services, such as databases, with the programs?`))) {
    result.todo.push(`${file}: was not imported. To create another stack from it: ${command}`);
    return checked(own, platform, result);
  }
  let joined: Joined | undefined;
  try {
    joined = await joinCompose(join(root, file), units, resolve(folder), root, platform);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    result.todo.push(`${error.message.replaceAll(`${root}/`, "")}\n  It was not imported. Then run: ${command}`);
    return checked(own, platform, result);
  }
  const problems = [...joined.problems, ...(await problemsOf(joined, platform))];
  if (problems.length > 0) {
    result.todo.push(
      [
        `${file}: needs edits, so it was not imported. To create another stack from it: ${command}`,
        ...problems.map((problem) => `  - ${problem}`),
      ].join("\n"),
    );
    return checked(own, platform, result);
  }
  for (const unit of joined.units) {
    const known = ["env", "secretEnv"].flatMap((key) => Object.keys(unit.settings[key] ?? {}));
    unit.unset = unit.unset.filter(({ name }) => !known.includes(name));
  }
  result.units = joined.units;
  result.imported = joined.others;
  result.notes = joined.notes;
  const { value, salt, count } = dryRun
    ? { value: replaced({ services: joined.services, jobs: joined.jobs }, () => ({ secure: "…" })) as Contents, salt: undefined, count: 0 }
    : inFolder(folder, () => sealAll({ services: joined.services, jobs: joined.jobs }));
  result.secrets = count;
  return { ...value, assumptions: joined.assumptions, salt };
}

async function checked(contents: Contents, platform: Platform, result: Initialized): Promise<Contents> {
  for (const problem of await problemsOf(contents, platform)) result.warnings.push(`stacks/Pulumi.local.yaml: slipway:${problem}`);
  return contents;
}

async function problemsOf({ services, jobs }: Pick<Contents, "services" | "jobs">, platform: Platform): Promise<string[]> {
  const plain = plainOf({ services, jobs }) as Record<"services" | "jobs", Record<string, Settings>>;
  const { problems } = await checkSettings(
    { platform, services: withExampleDigests(plain.services), jobs: withExampleDigests(plain.jobs) },
    loadPlatform,
  );
  return problems.map(formatProblem);
}

/** The passphrase of a project is in its folder. */
function inFolder<T>(folder: string, work: () => T): T {
  const before = process.cwd();
  mkdirSync(folder, { recursive: true });
  process.chdir(folder);
  try {
    return work();
  } finally {
    process.chdir(before);
  }
}

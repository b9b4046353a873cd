import { z } from "zod";
import { DeploymentResult, type ChangeCounts, type Commit, type Deployment, type Origin } from "../../lib/deployment-record.ts";
import { UserError } from "../../lib/user-error.ts";

// The history that the backend of the Pulumi CLI keeps. The format is that of `pulumi stack history --json`
// (https://github.com/pulumi/pulumi/blob/master/pkg/cmd/pulumi/stack/stack_history.go, updateInfoJSON); keys of `environment` are in
// https://github.com/pulumi/pulumi/blob/master/pkg/backend/updates.go.

const update = z.looseObject({
  /** 0 for backends other than Pulumi Cloud. */
  version: z.number(),
  kind: z.string(),
  startTime: z.iso.datetime({ offset: true }),
  message: z.string(),
  environment: z.record(z.string(), z.string()).nullish(),
  result: z.string().optional(),
  endTime: z.iso.datetime({ offset: true }).nullish(),
  resourceChanges: z.record(z.string(), z.number()).nullish(),
});
type Update = z.infer<typeof update>;

/** Commands by the kind of an update: https://github.com/pulumi/pulumi/blob/master/sdk/go/common/apitype/history.go. Other kinds change no resources. */
const commands: Record<string, string> = { update: "up", destroy: "down", refresh: "refresh", "resource-import": "import" };

const results: Record<string, DeploymentResult> = {
  "in-progress": DeploymentResult.Running,
  succeeded: DeploymentResult.Succeeded,
  failed: DeploymentResult.Failed,
};

/** Arguments of the Pulumi CLI that print the whole history: those of one page would give no numbers. */
export const historyArguments = ["stack", "history", "--json", "--page-size", "0"];

/** The text that the backend keeps with an update: a line for people, and a line with what only Slipway knows. */
export function messageOf(command: string, origin: Origin): string {
  const { commit, actor } = origin;
  const of = commit === undefined ? "" : ` of ${commit.sha.slice(0, 7)}`;
  return `slipway ${command}${of} by ${actor}\n${JSON.stringify({ slipway: { command, ...origin } })}`;
}

/**
 * The deployments in the output of `pulumi stack history --json`, the newest first.
 *
 * @throws UserError if it is in another format.
 */
export function deploymentsIn(text: string): Deployment[] {
  const parsed = z.array(update).safeParse(parseJson(text));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new UserError(
      `pulumi ${historyArguments.join(" ")}: its output is not what Slipway expects (${issue!.path.join(".")}: ${issue!.message}). Update Slipway or the Pulumi CLI.`,
    );
  }
  const updates = parsed.data.filter(({ kind }) => kind in commands);
  return updates.map((one, i) => deploymentOf(one, updates.length - i));
}

function deploymentOf({ version, kind, startTime, endTime, result, message, ...more }: Update, position: number): Deployment {
  const own = recordIn(message);
  const environment = more.environment ?? {};
  const commit = own?.commit ?? commitIn(environment);
  const ci = own?.ci ?? environment["ci.build.url"];
  return {
    id: version > 0 ? version : position,
    command: own?.command ?? commands[kind]!,
    started: new Date(startTime).toISOString(),
    ...(endTime && { seconds: (Date.parse(endTime) - Date.parse(startTime)) / 1000 }),
    result: results[result ?? ""] ?? DeploymentResult.Failed,
    ...(commit && { commit }),
    // Of others only the author of the commit is known.
    ...(own && { actor: own.actor, slipway: own.slipway }),
    ...(ci && { ci }),
    ...(own?.environment && { environment: own.environment }),
    ...(more.resourceChanges && { changes: countsIn(more.resourceChanges) }),
  };
}

/** Whether the Pulumi CLI has failed because its backend does not have the stack. */
export function isUnknownStack(error: Error): boolean {
  return /no stack named '.*' found/.test(error.message);
}

/** What `messageOf` wrote. Undefined for an update by others. */
function recordIn(message: string): (Origin & { command: string }) | undefined {
  const line = message.split("\n").find((one) => one.startsWith('{"slipway":'));
  return line === undefined ? undefined : (parseJson(line) as { slipway?: Origin & { command: string } } | undefined)?.slipway;
}

function commitIn(environment: Record<string, string>): Commit | undefined {
  const { "git.head": sha, "git.headName": ref, "git.dirty": dirty } = environment;
  if (!sha) return undefined;
  const branch = ref?.replace(/^refs\/(heads|tags)\//, "");
  return { sha, ...(branch && { branch }), ...(dirty && { dirty: dirty === "true" }) };
}

function countsIn(changes: Record<string, number>): ChangeCounts {
  const of = (operation: string) => changes[operation] ?? 0;
  return {
    created: of("create") + of("import"),
    updated: of("update"),
    replaced: of("replace"),
    deleted: of("delete"),
    unchanged: of("same"),
    failed: 0,
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

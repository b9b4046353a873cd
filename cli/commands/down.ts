import type { EksSettings } from "../../config/schema/eks.ts";
import { CommandGroup, defineCommand, jsonOption, stackOption } from "../command.ts";
import { ExitCode } from "../exit-code.ts";
import type { Stack } from "../../config/stack-file.ts";

/** What EKS may have left of a stack that is deleted. */
async function removeLogGroup(stack: Stack): Promise<string | undefined> {
  const { platformOf, settingsIn } = await import("../../config/stack-file.ts");
  if (platformOf(stack) !== "eks") return undefined;
  const { region, profile, stack: withCluster } = settingsIn(stack, "eks") as Partial<EksSettings>;
  if (region === undefined || withCluster !== undefined) return undefined;
  const { deleteRecreatedLogGroup } = await import("../../platforms/eks/log-groups.ts");
  return deleteRecreatedLogGroup(`${stack.project}-${stack.name}`, { region, profile });
}

export const down = defineCommand({
  name: "down",
  group: CommandGroup.Deploy,
  summary: "Delete every resource of the stack",
  options: { stack: stackOption, json: jsonOption },
  examples: [{ command: "slipway down --stack dev", summary: 'delete the stack "dev"' }],
  exitCodes: [ExitCode.Locked],
  async run({ stack: name, json }) {
    const [{ platformOf, readStack }, { stackLabelValue }, { locked }, { engineFor }, { forgetVersions }] = await Promise.all([
      import("../../config/stack-file.ts"),
      import("../../lib/docker-labels.ts"),
      import("../../lib/file-lock.ts"),
      import("../engines.ts"),
      import("../workloads/workloads.ts"),
    ]);
    const stack = readStack(name);
    const engine = await engineFor(stack, { json });
    const cluster = platformOf(stack) === "local" ? await import("../../platforms/local/shared-cluster/shared-cluster.ts") : undefined;
    const user = stackLabelValue(stack);
    const notes: string[] = [];
    // Only under the stack's lock, which the Pulumi CLI does not share: a run in progress must not lose its cluster.
    if (cluster && engine.isEmbedded)
      await locked(stack.folder, `Stack "${name}"`, "slipway down", async () => {
        notes.push(...(await cluster.deleteLastClusters(user)));
        await cluster.stopPods(user);
      });
    const succeeded = await engine.down();
    if (succeeded) await forgetVersions(stack, engine);
    if (succeeded) notes.push((await removeLogGroup(stack)) ?? "", ...((await cluster?.leaveSharedClusters(user)) ?? []));
    for (const note of notes.filter(Boolean)) (json ? process.stderr : process.stdout).write(`${note}\n`);
    if (json) process.stdout.write(`${JSON.stringify({ stack: name, succeeded })}\n`);
    return succeeded ? ExitCode.Success : ExitCode.Failed;
  },
});

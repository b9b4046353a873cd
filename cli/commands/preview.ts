import { CommandGroup, defineCommand, stackOption } from "../command.ts";
import { ExitCode } from "../exit-code.ts";
import type { Stack } from "../../config/stack-file.ts";

/** Which locked tags have moved. A registry that cannot be asked does not stop a preview. */
async function lockNotes(stack: Stack): Promise<string[]> {
  const [{ checkLock }, { formatReport }] = await Promise.all([import("../lock/lock.ts"), import("../lock/format.ts")]);
  return checkLock(stack).then(
    (report) => formatReport(report, stack).map((line) => `note: ${line}`),
    (error: Error) => [`note: the registries of locked images were not asked: ${error.message}`],
  );
}

/** What the change does to vulnerabilities, if the stack requires scans. */
async function vulnerabilities(stack: Stack): Promise<string> {
  const { scansPreviews } = await import("../../config/scans.ts");
  if (!scansPreviews(stack)) return "";
  const [{ vulnerabilitiesIn }, { formatVulnerabilities }] = await Promise.all([
    import("../review.ts"),
    import("../../review/vulnerabilities/format.ts"),
  ]);
  const found = await vulnerabilitiesIn(stack);
  return found ? `${formatVulnerabilities(found)}\n` : "";
}

export const preview = defineCommand({
  name: "preview",
  group: CommandGroup.Deploy,
  summary: "Show what slipway up would change, property by property",
  description: "Changes nothing, and installs and builds nothing that only slipway up needs.",
  options: { stack: stackOption, json: { summary: "print the preview in the form of pulumi preview --json" } },
  examples: [{ command: "slipway preview --stack prod", summary: 'show the changes to the stack "prod"' }],
  async run({ stack: name, json }) {
    const [{ readStack }, { engineForPreview }, { planImages }] = await Promise.all([
      import("../../config/stack-file.ts"),
      import("../engines.ts"),
      import("../../setup/setup.ts"),
    ]);
    const stack = readStack(name);
    const engine = await engineForPreview(stack);
    await planImages(stack);
    const notes = lockNotes(stack);
    if (json) {
      process.stdout.write(`${await engine.previewAsJson()}\n`);
      for (const note of await notes) process.stderr.write(`${note}\n`);
      return ExitCode.Success;
    }
    process.stdout.write(`preview of stack "${stack.name}" with ${engine.title}\n`);
    const succeeded = await engine.preview();
    for (const note of await notes) process.stdout.write(`${note}\n`);
    if (succeeded) process.stdout.write(await vulnerabilities(stack));
    return succeeded ? ExitCode.Success : ExitCode.Failed;
  },
});

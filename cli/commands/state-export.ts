import { CommandGroup, defineCommand, jsonOption, stackOption } from "../command.ts";
import { ExitCode } from "../exit-code.ts";

export const stateExport = defineCommand({
  name: "state export",
  group: CommandGroup.Deploy,
  summary: "Print the state of the stack",
  description:
    "As JSON in the form of pulumi stack export, with secrets encrypted by the passphrase of the stack. For a backup, and to move a stack between a file, its cluster and the backend of the Pulumi CLI (docs/CLUSTERS.md).",
  options: {
    stack: stackOption,
    from: { value: "place", summary: "file, cluster or pulumi (default: where the state is now)" },
    previous: { summary: "the state before the last run that changed it" },
    json: jsonOption,
  },
  examples: [{ command: "slipway state export --stack prod >state.json", summary: "back up the state" }],
  async run({ stack: name, from, previous }) {
    const [{ readStack }, { createdHere }, { stateStoreOf }, { FileStore }, places, { UserError }] = await Promise.all([
      import("../../config/stack-file.ts"),
      import("../engines.ts"),
      import("../state/stores.ts"),
      import("../../engine/state/file-store.ts"),
      import("../state/places.ts"),
      import("../../lib/user-error.ts"),
    ]);
    const { Place } = places;
    const stack = readStack(name);
    const usual = createdHere(stack) === "pulumi" ? Place.Pulumi : stateStoreOf(stack) instanceof FileStore ? Place.File : Place.Cluster;
    const place = from === undefined ? usual : places.parsePlace("--from", from);
    if (previous && place === Place.Pulumi)
      throw new UserError("--previous: the Pulumi CLI keeps the history of its states itself. Remove it.");
    const state = await places.readState(stack, place, previous);
    if (state === undefined)
      throw new UserError(
        `Stack "${name}" has no ${previous ? "previous " : ""}state in the ${place}. Run slipway up --stack ${name} first.`,
      );
    process.stdout.write(`${JSON.stringify(state, null, 2)}\n`);
    return ExitCode.Success;
  },
});

import { CommandGroup, defineCommand, jsonOption, stackOption } from "../command.ts";
import { ExitCode } from "../exit-code.ts";

export const stateImport = defineCommand({
  name: "state import",
  group: CommandGroup.Deploy,
  summary: "Store an exported state of the stack, and deploy from there from now on",
  description:
    "Reads what slipway state export or pulumi stack export has written. A state at another place is put out of use, and kept as a copy.",
  argument: { name: "file", summary: "file with the state, or - for standard input" },
  options: {
    stack: stackOption,
    to: { value: "place", summary: "file, cluster or pulumi: the backend of the Pulumi CLI", required: true },
    force: { summary: "replace a state that is there already" },
    json: jsonOption,
  },
  examples: [
    { command: "slipway state import state.json --to cluster --stack prod", summary: "let others deploy the stack, too" },
    { command: "slipway state import state.json --to pulumi --stack prod", summary: "deploy with the Pulumi CLI from now on" },
  ],
  exitCodes: [ExitCode.Locked],
  async run({ stack: name, to, force, json }, file) {
    const [{ readStack }, places, { importState }] = await Promise.all([
      import("../../config/stack-file.ts"),
      import("../state/places.ts"),
      import("../state/import.ts"),
    ]);
    const imported = await importState(readStack(name), file, places.parsePlace("--to", to), force);
    const { resources, notes } = imported;
    const where = to === places.Place.Pulumi ? "backend of the Pulumi CLI" : to;
    const said = [`Stack "${name}": ${resources} resources are in the ${where} now.`, ...notes].join("\n");
    process.stdout.write(`${json ? JSON.stringify({ stack: name, to, ...imported }) : said}\n`);
    return ExitCode.Success;
  },
});

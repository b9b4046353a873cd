import { CommandGroup, defineCommand, jsonOption, stackOption } from "../command.ts";
import { ExitCode } from "../exit-code.ts";

export const scan = defineCommand({
  name: "scan",
  group: CommandGroup.Review,
  summary: "Find known vulnerabilities that services call, with the way to them and the command that upgrades",
  description:
    "Looks at the source of what Go builds, with govulncheck and a copy of Go's vulnerability database on this machine. Other images are scanned with grype or trivy, if one is on the PATH with a database of its own. Exceptions are in slipway:supplyChain.vulnerabilities.",
  argument: { name: "service", summary: "services and jobs (default: all)", default: "", repeatable: true },
  options: {
    stack: stackOption,
    update: { summary: "get the newest vulnerability database first" },
    json: jsonOption,
  },
  examples: [
    { command: "slipway scan", summary: 'scan the services of the stack "local"' },
    { command: "slipway scan web --stack prod --update", summary: "scan a service, with the newest database" },
  ],
  exitCodes: [ExitCode.Vulnerable],
  async run({ stack, update, json }, _first, names) {
    const [{ scan: scanned }, { formatScan }] = await Promise.all([import("../scan/scan.ts"), import("../scan/format.ts")]);
    const result = await scanned({ stack, names: names.filter((name) => name !== ""), update });
    process.stdout.write(json ? `${JSON.stringify(result, null, 2)}\n` : formatScan(result));
    return result.isVulnerable ? ExitCode.Vulnerable : ExitCode.Success;
  },
});

import { CommandGroup, defineCommand, jsonOption, stackOption } from "../command.ts";
import { ExitCode } from "../exit-code.ts";
import { previewOption } from "../review-options.ts";
import type { Deployment } from "../../lib/deployment-record.ts";
import type { Stack } from "../../config/stack-file.ts";

/** The deployments of the stack. A report without them is better than none. */
async function lastDeployments(stack: Stack): Promise<Deployment[]> {
  const { deploymentsOf } = await import("../history/deployments.ts");
  return deploymentsOf(stack).catch((error: Error) => {
    process.stderr.write(`note: the report has no deployments: ${error.message}\n`);
    return [];
  });
}

export const report = defineCommand({
  name: "report",
  group: CommandGroup.Review,
  summary: "Write impact, gate and policy as report.md (for a pull request) and report.html",
  options: {
    stack: stackOption,
    preview: previewOption,
    out: { value: "folder", summary: "folder for the report (default: .slipway/<stack>/report)" },
    json: jsonOption,
  },
  examples: [{ command: "slipway report --stack prod --out report", summary: "run a preview and write report/report.md and report.html" }],
  exitCodes: [ExitCode.GateClosed],
  async run({ stack: name, preview, out, json }) {
    const [{ readStack }, { previewedReview }, { formatVerdict, verdictAsJson }, { writeReport }] = await Promise.all([
      import("../../config/stack-file.ts"),
      import("../review.ts"),
      import("../../review/gate.ts"),
      import("../../review/report/write.ts"),
    ]);
    const stack = readStack(name);
    const deployments = lastDeployments(stack);
    const review = { ...(await previewedReview(stack, preview)), deployments: await deployments };
    const files = writeReport(review, out ?? `${stack.folder}/report`);
    const { verdict } = review;
    if (json) process.stdout.write(`${JSON.stringify({ files, ...verdictAsJson(verdict, name) }, null, 2)}\n`);
    else process.stdout.write(`${[formatVerdict(verdict, name), ...files].join("\n")}\n`);
    return verdict.open ? ExitCode.Success : ExitCode.GateClosed;
  },
});

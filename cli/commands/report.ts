import type { Review } from "../../review/review.ts";
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
    comment: { summary: "post report.md as a comment on the pull request, in place of the one of an earlier run" },
    json: jsonOption,
  },
  examples: [
    { command: "slipway report --stack prod --out report", summary: "run a preview and write report/report.md and report.html" },
    { command: "slipway report --stack prod --comment", summary: "in a pipeline of GitHub or GitLab" },
  ],
  exitCodes: [ExitCode.GateClosed],
  async run({ stack: name, preview, out, comment, json }) {
    const [{ readStack }, { previewedReview }, { formatVerdict, verdictAsJson }, { writeReport }, post] = await Promise.all([
      import("../../config/stack-file.ts"),
      import("../review.ts"),
      import("../../review/gate.ts"),
      import("../../review/report/write.ts"),
      // Says what is missing before the preview, which takes longer.
      comment ? reportPoster(name) : undefined,
    ]);
    const stack = readStack(name);
    const deployments = lastDeployments(stack);
    const review = { ...(await previewedReview(stack, preview)), deployments: await deployments };
    const files = writeReport(review, out ?? `${stack.folder}/report`);
    const posted = await post?.(review);
    const { verdict } = review;
    const lines = [formatVerdict(verdict, name), ...files, ...(posted === undefined ? [] : [posted])];
    if (json)
      process.stdout.write(
        `${JSON.stringify({ files, ...(posted !== undefined && { comment: posted }), ...verdictAsJson(verdict, name) }, null, 2)}\n`,
      );
    else process.stdout.write(`${lines.join("\n")}\n`);
    return verdict.open ? ExitCode.Success : ExitCode.GateClosed;
  },
});

async function reportPoster(stack: string): Promise<(review: Review) => Promise<string>> {
  const [{ currentForge, currentRequest, postComment }, { formatMarkdown, markerOf }] = await Promise.all([
    import("../forge/forge.ts"),
    import("../../review/report/markdown.ts"),
  ]);
  const request = currentRequest();
  await currentForge();
  return (review) => postComment(markerOf(stack), formatMarkdown(review), request);
}

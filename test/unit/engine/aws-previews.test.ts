import { command } from "../../../lib/command.ts";

// The stacks with the most options of resources. Credentials and the Pulumi CLI are not needed.

test.each(["dev", "staging", "prod"])("the embedded engine previews the stack %s", async (stack) => {
  const env = { SLIPWAY_ENGINE: "embedded" };
  const output = await command(process.execPath, ["cli/main.ts", "preview", "--stack", stack, "--json"], { env });
  const { steps, diagnostics } = JSON.parse(output) as { steps: { op: string }[]; diagnostics: object[] };
  expect(diagnostics).toEqual([]);
  expect(new Set(steps.map(({ op }) => op))).toEqual(new Set(["create"]));
  expect(steps.length).toBeGreaterThan(60);
});

// npm test: all checks and all tests, including those on the real Docker, registry and Kubernetes.
import { readStack } from "../config/stack-file.ts";
import { UserError } from "../lib/user-error.ts";
import { setUp } from "../setup/setup.ts";
import { finish, staticChecks, sum, testSuites } from "./checks.ts";

// More generated settings than in npm run check.
process.env["SLIPWAY_FUZZ_RUNS"] = "10000";

const checked = sum([await staticChecks(), await testSuites(["unit", "scanning"])]);
try {
  // Builds images before the timeouts of the tests start.
  for (const stack of ["local", "docker", "swarm"]) await setUp(readStack(stack));
} catch (error) {
  if (!(error instanceof UserError)) throw error;
  process.stdout.write(`The integration tests cannot run on this machine: ${error.message}\n`);
  finish(sum([checked, { passed: 0, failed: process.env["CI"] ? 1 : 0 }]));
}
finish(sum([checked, await testSuites(["integration"])]));

import { defineConfig } from "vitest/config";

/**
 * Tests run as in production: native ES modules, types stripped by Node itself. Files share a process, so that the Pulumi SDKs are loaded
 * once. A test must therefore restore whatever global state it changes.
 */
const shared = {
  globals: true,
  pool: "forks" as const,
  maxWorkers: "100%",
  isolate: false,
  silent: "passed-only" as const,
  setupFiles: ["./test/no-source-maps.ts"],
  experimental: { viteModuleRunner: false, nodeLoader: false },
};

/** The tests that need no real parts. On a new machine, some compile Go's standard library. */
export const unit = { ...shared, name: "unit", include: ["test/unit/**/*.test.ts"], testTimeout: 600_000, hookTimeout: 60_000 };

/** Suites that wait for real parts run one file at a time. */
const onRealParts = { ...shared, fileParallelism: false, testTimeout: 600_000, hookTimeout: 600_000 };

/** Integration tests run in lanes side by side (scripts/test.ts); each has its own ports. */
const lane = (name: string, number: number, files: string[], globalSetup: string[] = []) => ({
  test: {
    ...onRealParts,
    name,
    globalSetup,
    include: files.map((file) => `test/integration/${file}.test.ts`),
    env: { SLIPWAY_TEST_LANE: String(number) },
  },
});

export default defineConfig({
  test: {
    projects: [
      { test: unit },
      {
        test: {
          ...onRealParts,
          name: "scanning",
          include: ["test/scanning/**/*.test.ts"],
          testTimeout: 600_000,
          hookTimeout: 600_000,
        },
      },
      lane("cluster", 0, ["local-stack", "registry", "compose-local", "load-balancer", "vulnerabilities", "admission"]),
      lane(
        "workloads",
        1,
        ["web-service", "rollout", "load", "docker-lock", "status-logs", "dev", "dev-failures", "dashboard", "rollback-release", "gitops"],
        ["./test/integration/shared-stack-setup.ts"],
      ),
      lane("docker", 2, ["docker", "docker-rollout", "dev-docker", "compose-docker", "docker-over-ssh", "pulumi-recovery"]),
      lane("clusters", 5, ["existing-cluster", "cluster-flavours", "registries", "promote"], ["./test/integration/shared-stack-setup.ts"]),
      lane("pipelines", 6, ["review", "workflows", "drift"], ["./test/integration/shared-stack-setup.ts"]),
      // Files are where they make the lanes take about the same time.
      lane("swarm", 3, ["swarm*", "compose-swarm", "history"]),
      lane("package", 4, ["package", "cluster-state", "attestations", "verify"]),
    ],
  },
});

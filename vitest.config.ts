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
  silent: false,
  experimental: { viteModuleRunner: false, nodeLoader: false },
};

/** Suites that wait for real parts run one file at a time. */
const onRealParts = { ...shared, fileParallelism: false, testTimeout: 300_000, hookTimeout: 300_000 };

export default defineConfig({
  test: {
    projects: [
      { test: { ...shared, name: "unit", include: ["test/unit/**/*.test.ts"], testTimeout: 60_000, hookTimeout: 60_000 } },
      { test: { ...onRealParts, name: "scanning", include: ["test/scanning/**/*.test.ts"] } },
      { test: { ...onRealParts, name: "integration", include: ["test/integration/**/*.test.ts"] } },
    ],
  },
});

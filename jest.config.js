/** Tests run as the modules that they are in production: native ES modules, types stripped by Node itself. */
const common = {
  testEnvironment: "node",
  extensionsToTreatAsEsm: [".ts"],
  transform: { "\\.ts$": "<rootDir>/test/strip-types.js" },
  modulePathIgnorePatterns: ["<rootDir>/.slipway"],
};

export default {
  // Most tests wait for other processes.
  maxWorkers: "100%",
  // Many tests run programs, and machines may be busy.
  testTimeout: 60_000,
  projects: [
    { ...common, displayName: "unit", testMatch: ["<rootDir>/test/unit/**/*.test.ts"] },
    // With scanners, linters and a browser, which others make.
    { ...common, displayName: "scanning", testMatch: ["<rootDir>/test/scanning/**/*.test.ts"] },
    { ...common, displayName: "integration", testMatch: ["<rootDir>/test/integration/**/*.test.ts"] },
  ],
};

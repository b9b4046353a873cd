import { defineConfig, type OxlintOverride } from "oxlint";

/** The folders that each folder may import from (CONTRIBUTING.md, Layout). `scripts` and `test` may import from all. */
const layers = {
  lib: [],
  components: ["lib"],
  config: ["components", "lib"],
  engine: ["config", "lib"],
  platforms: ["components", "config", "lib"],
  review: ["config", "lib", "platforms"],
  setup: ["components", "config", "lib"],
  cli: ["components", "config", "engine", "lib", "platforms", "review", "setup"],
};
const folders = [...Object.keys(layers), "app", "scripts", "test"];
const boundaries = Object.entries(layers).map(([folder, allowed]): OxlintOverride => {
  const others = folders.filter((other) => other !== folder && !(allowed as string[]).includes(other));
  const message = `${folder}/ imports only from ${allowed.join(", ") || "no other folder"}.`;
  const internal = { regex: "components/internal/", message: "Only components/ imports from components/internal/." };
  const patterns = [{ regex: `^(\\.\\./)+(${others.join("|")})/`, message }, ...(folder === "components" ? [] : [internal])];
  return { files: [`${folder}/**/*.ts`], rules: { "no-restricted-imports": ["error", { patterns }] } };
});

export default defineConfig({
  ignorePatterns: ["node_modules", ".slipway", "coverage", "dist", "test/fixtures/repositories"],
  plugins: ["typescript"],
  categories: { correctness: "error" },
  options: { typeAware: true, reportUnusedDisableDirectives: "error" },
  rules: {
    "no-array-constructor": "error",
    "no-case-declarations": "error",
    "no-empty": "error",
    "no-fallthrough": "error",
    "no-prototype-builtins": "error",
    "no-regex-spaces": "error",
    "no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
    "no-useless-assignment": "error",
    "no-var": "error",
    "prefer-const": "error",
    "prefer-rest-params": "error",
    "prefer-spread": "error",
    "preserve-caught-error": "error",
    "typescript/ban-ts-comment": "error",
    "typescript/no-empty-object-type": "error",
    "typescript/no-explicit-any": "error",
    "typescript/no-misused-promises": "error",
    "typescript/no-namespace": "error",
    "typescript/no-require-imports": "error",
    "typescript/no-unnecessary-type-assertion": "error",
    "typescript/no-unnecessary-type-constraint": "error",
    "typescript/no-unsafe-enum-comparison": "error",
    "typescript/no-unsafe-function-type": "error",
    "typescript/only-throw-error": "error",
    "typescript/prefer-promise-reject-errors": "error",
    "typescript/restrict-plus-operands": "error",
    // Properties of resources are `any`, and so are lists of them.
    "typescript/require-array-sort-compare": "off",
  },
  // The start of the command runs on versions of Node.js without much of what the rules ask for.
  overrides: [
    ...boundaries,
    { files: ["**/*.cjs"], rules: { "typescript/no-require-imports": "off" } },
    // The packages of templates are not installed here, and node:test waits for its tests by itself.
    { files: ["templates/**/*.ts"], rules: { "typescript/no-explicit-any": "off", "typescript/no-floating-promises": "off" } },
  ],
});

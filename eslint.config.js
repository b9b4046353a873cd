import eslint from "@eslint/js";
import prettier from "eslint-config-prettier";
import tseslint from "typescript-eslint";

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
const boundaries = Object.entries(layers).map(([folder, allowed]) => {
  const others = folders.filter((other) => other !== folder && !allowed.includes(other));
  const message = `${folder}/ imports only from ${allowed.join(", ") || "no other folder"}.`;
  const internal = { regex: "components/internal/", message: "Only components/ imports from components/internal/." };
  const patterns = [{ regex: `^(\\.\\./)+(${others.join("|")})/`, message }, ...(folder === "components" ? [] : [internal])];
  return { files: [`${folder}/**/*.ts`], rules: { "no-restricted-imports": ["error", { patterns }] } };
});

export default tseslint.config(
  { ignores: ["node_modules", ".slipway", "coverage"] },
  eslint.configs.recommended,
  { files: ["**/*.ts"], extends: [tseslint.configs.recommendedTypeChecked], languageOptions: { parserOptions: { projectService: true } } },
  {
    files: ["**/*.ts"],
    rules: {
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      // Properties of resources are what their provider knows; `Properties` and `Manifest` say so once.
      "@typescript-eslint/no-unsafe-assignment": "off",
      "@typescript-eslint/no-unsafe-member-access": "off",
      "@typescript-eslint/no-unsafe-argument": "off",
      "@typescript-eslint/no-unsafe-call": "off",
      "@typescript-eslint/no-unsafe-return": "off",
      // An async method that awaits nothing still answers with a promise, as its interface wants.
      "@typescript-eslint/require-await": "off",
    },
  },
  ...boundaries,
  { files: ["*.js", "test/*.js"], languageOptions: { globals: { process: "readonly" } } },
  prettier,
);

import { defineConfig } from "vitest/config";
import { unit } from "../vitest.config.ts";

// The unit tests alone, for Stryker: its runner cannot choose a project.
export default defineConfig({ test: unit });

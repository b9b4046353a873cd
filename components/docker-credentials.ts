export { storedCredentials } from "./internal/registry.ts";

import { resolve } from "node:path";

/** Folder of the helper, a Go program that runs next to services and jobs. */
export const helperSource = resolve(import.meta.dirname, "helper");

import { createHash } from "node:crypto";
import { stripTypeScriptTypes } from "node:module";

/** A Jest transformer that does what Node does when it loads TypeScript. */
export default {
  process: (source) => ({ code: stripTypeScriptTypes(source) }),
  getCacheKey: (source) => createHash("sha256").update(source).update(process.version).digest("hex"),
};

import os from "node:os";

/** The name of the user who runs this process, or the user's ID if it has no name, as in containers with an arbitrary user. */
export function userName(): string {
  try {
    return os.userInfo().username;
  } catch {
    return String(process.getuid?.() ?? "unknown");
  }
}

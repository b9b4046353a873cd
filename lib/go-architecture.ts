/** Go's name for this machine's architecture. */
export const goArchitecture = process.arch === "x64" ? "amd64" : process.arch;

/** Linux on this machine's architecture. */
export const hostPlatform = `linux/${goArchitecture}`;

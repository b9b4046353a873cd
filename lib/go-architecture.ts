/** Go's name for this machine's architecture. */
export const goArchitecture = process.arch === "x64" ? "amd64" : process.arch;

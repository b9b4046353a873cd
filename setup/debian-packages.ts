import { existsSync } from "node:fs";
import { command } from "../lib/command.ts";
import { step } from "../lib/progress.ts";

/** Whether this process can install Debian packages on this machine. */
export const takesPackages = process.platform === "linux" && process.getuid?.() === 0 && existsSync("/usr/bin/apt-get");

/** Installs packages of the distribution, without their recommended packages. */
export async function installPackages(...names: string[]): Promise<void> {
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  const install = async () => {
    await command("apt-get", ["update"], { env });
    await command("apt-get", ["install", "--yes", "--no-install-recommends", ...names], { env });
  };
  await step(`install ${names.join(", ")} with apt-get`, install, { always: true });
}

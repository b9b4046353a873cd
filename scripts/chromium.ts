import { launch, type Browser } from "puppeteer-core";
import { command } from "../lib/command.ts";
import { UserError } from "../lib/user-error.ts";
import { installPackages, takesPackages } from "../setup/debian-packages.ts";

const names = ["chromium", "chromium-browser", "google-chrome"];

/** A headless Chromium: the machine's, or its distribution's where that can be installed. */
export async function openBrowser(): Promise<Browser> {
  const executablePath = (await find()) ?? (await install());
  // As root, as in containers, its sandbox does not start; it opens nothing but our own files.
  const args = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  return launch({ executablePath, args: [...args, "--disable-dev-shm-usage"] });
}

async function find(): Promise<string | undefined> {
  for (const name of names) {
    const path = await command("which", [name]).catch(() => "");
    if (path !== "") return path.trim();
  }
  return undefined;
}

async function install(): Promise<string> {
  if (takesPackages) await installPackages("chromium", "fonts-dejavu-core");
  const path = await find();
  if (path === undefined) throw new UserError(`None of ${names.join(", ")} is on the PATH, to open reports with. Install Chromium.`);
  return path;
}

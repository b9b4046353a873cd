import { launch, type Browser } from "puppeteer-core";
import { command } from "../lib/command.ts";
import { UserError } from "../lib/user-error.ts";
import { installPackages, takesPackages } from "../setup/debian-packages.ts";

const names = ["chromium", "chromium-browser", "google-chrome"];

/**
 * Opens a headless Chromium, and installs it first if it is missing and Debian packages can be installed.
 *
 * @throws UserError if Chromium is missing.
 */
export async function openBrowser(): Promise<Browser> {
  const executablePath = (await find()) ?? (await install());
  // The sandbox does not start as root, which is common in containers. Only local files are opened.
  const args = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  // On a busy machine, a start takes longer than the 30 s of the default.
  return launch({ executablePath, args: [...args, "--disable-dev-shm-usage"], timeout: 300_000 });
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
  if (path === undefined) throw new UserError(`Chromium is missing (${names.join(", ")}), so reports cannot be opened. Install it.`);
  return path;
}

/** A package of a Linux distribution. */
export interface SystemPackage {
  type: "deb" | "apk";
  name: string;
  version: string;
  architecture: string | undefined;
}

/** What `/etc/os-release` says, https://www.freedesktop.org/software/systemd/man/latest/os-release.html. */
export interface Distribution {
  id: string;
  version: string | undefined;
}

/** Files of an image with its packages and its distribution. Distroless images have a file for each package in a folder. */
export const packageRecords = [
  "var/lib/dpkg/status",
  "var/lib/dpkg/status.d/",
  "lib/apk/db/installed",
  "usr/lib/apk/db/installed",
  "etc/os-release",
  "usr/lib/os-release",
];

/** Whether packages or the distribution are read from a file of an image. */
export function isPackageRecord(path: string): boolean {
  return packageRecords.some((record) => (record.endsWith("/") ? path.startsWith(record) : path === record));
}

/** @param files content by path. */
export function packagesIn(files: Map<string, string>): SystemPackage[] {
  return [...files].flatMap(([path, text]) => {
    if (path.includes("dpkg/") && !path.endsWith(".md5sums")) return paragraphs(text).flatMap(debianPackage);
    return path.includes("apk/") ? paragraphs(text).flatMap(alpinePackage) : [];
  });
}

export function distributionIn(files: Map<string, string>): Distribution | undefined {
  const text = files.get("etc/os-release") ?? files.get("usr/lib/os-release");
  if (text === undefined) return undefined;
  const value = (key: string) => new RegExp(`^${key}="?([^"\\n]*)"?$`, "m").exec(text)?.[1];
  const id = value("ID");
  return id === undefined ? undefined : { id, version: value("VERSION_ID") };
}

function paragraphs(text: string): string[] {
  return text.split(/\n\n+/);
}

function debianPackage(text: string): SystemPackage[] {
  const [name, version, architecture, status] = ["Package", "Version", "Architecture", "Status"].map((key) => field(text, `${key}: `));
  // A removed package may keep its configuration files.
  if (!name || !version || (status !== undefined && !status.endsWith(" installed"))) return [];
  return [{ type: "deb", name, version, architecture }];
}

/** https://wiki.alpinelinux.org/wiki/Apk_spec#Installed_Database_V2 */
function alpinePackage(text: string): SystemPackage[] {
  const [name, version, architecture] = ["P", "V", "A"].map((key) => field(text, `${key}:`));
  return name && version ? [{ type: "apk", name, version, architecture }] : [];
}

function field(text: string, start: string): string | undefined {
  const line = text.split("\n").find((one) => one.startsWith(start));
  return line?.slice(start.length).trim();
}

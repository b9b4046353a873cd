import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

// Images of well-known services from Debian packages, with the users, ports, paths and start of the official images, which cannot be pulled
// everywhere. Each folder of debian-images/ has a Dockerfile and the names of its packages.

export type DebianImage = "nginx" | "postgres" | "redis" | "mariadb" | "rabbitmq";

/** What the packages do not depend on, because every Debian system has it. */
const essential = ["base-files", "base-passwd", "bash", "coreutils", "dash", "findutils", "gosu", "grep", "hostname", "sed"];

/** Large packages and folders that the programs run without. */
const skippedPackages = /^(libllvm|libperl|perl|python3|libicu-|systemd|udev)/;
const skippedFolders = ["usr/share/doc", "usr/share/man", "usr/share/locale", "usr/share/perl", "usr/lib/postgresql/15/lib/bitcode"];

const folder = join(import.meta.dirname, "debian-images");
const run = (command: string, args: string[], input?: string) =>
  execFileSync(command, args, { input, encoding: "utf8", maxBuffer: 2 ** 28, stdio: ["pipe", "pipe", "pipe"] });

/** Builds an image, unless Docker has it. Returns its name. */
export function debianImage(name: DebianImage): string {
  const sources = readdirSync(join(folder, name)).map((file) => readFileSync(join(folder, name, file), "utf8"));
  const hash = createHash("sha256")
    .update([readFileSync(import.meta.filename, "utf8"), ...sources].join("\0"))
    .digest("hex");
  const image = `slipway-test/${name}:${hash.slice(0, 12)}`;
  if (run("docker", ["images", "--quiet", image]) !== "") return image;
  const build = mkdtempSync(join(tmpdir(), `slipway-${name}-`));
  try {
    rootFilesystem(
      build,
      readFileSync(join(folder, name, "packages"), "utf8")
        .trim()
        .split("\n"),
    );
    cpSync(join(folder, name), build, { recursive: true });
    run("docker", ["build", "--quiet", "--tag", image, build]);
  } finally {
    rmSync(build, { recursive: true });
  }
  return image;
}

/** Writes rootfs.tar with the packages and all that they depend on, without running their scripts. */
function rootFilesystem(build: string, packages: string[]): void {
  const root = join(build, "rootfs");
  const archives = join(build, "archives");
  mkdirSync(join(archives, "partial"), { recursive: true });
  writeFileSync(join(build, "status"), "");
  const options = {
    "Dir::State::status": join(build, "status"),
    "Dir::Cache::archives": archives,
    "APT::Install-Recommends": "false",
    "APT::Sandbox::User": "root",
    "Debug::NoLocking": "true",
  };
  const given = Object.entries(options).flatMap(([key, value]) => ["-o", `${key}=${value}`]);
  run("apt-get", ["-qq", ...given, "install", "--download-only", "-y", ...packages, ...essential]);
  // Debian's folders are links to those below usr.
  for (const link of ["bin", "sbin", "lib", "lib64"]) {
    mkdirSync(join(root, "usr", link), { recursive: true });
    symlinkSync(`usr/${link}`, join(root, link));
  }
  for (const file of readdirSync(archives).filter((file) => file.endsWith(".deb") && !skippedPackages.test(file)))
    run("sh", ["-c", 'dpkg-deb --fsys-tarfile "$1" | tar -x --keep-directory-symlink -C "$2"', "sh", join(archives, file), root]);
  mkdirSync(join(root, "run"), { recursive: true });
  rmSync(join(root, "var/run"), { recursive: true, force: true });
  symlinkSync("/run", join(root, "var/run"));
  for (const skipped of skippedFolders) rmSync(join(root, skipped), { recursive: true, force: true });
  for (const file of ["passwd", "group"])
    writeFileSync(join(root, "etc", file), readFileSync(join(root, "usr/share/base-passwd", `${file}.master`)));
  run("tar", ["-c", "--owner=0", "--group=0", "-f", join(build, "rootfs.tar"), "-C", root, "."]);
  rmSync(root, { recursive: true });
  rmSync(archives, { recursive: true });
}

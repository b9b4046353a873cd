import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import type { ComposeProject, ComposeService } from "./project.ts";

/** Files that a service mounts, as far as they can be copied into a stack file. */
export interface CopiedFiles {
  /** Content by path in the container. */
  texts: [target: string, content: string][];
  /** Mounts that cannot be copied, by their key in the Compose file, and why. */
  problems: Record<string, string>;
  /** Keys of mounts of folders to which the service may write, or that do not exist: they become volumes. */
  folders: Set<string>;
}

/** A ConfigMap holds at most 1 MiB. */
const maxBytes = 512 * 1024;
const maxFiles = 50;

/** Reads the files of bind mounts and configs. */
export function copiedFiles({ configs = [], volumes = [] }: ComposeService, project: ComposeProject, folder: string): CopiedFiles {
  const copied: CopiedFiles = { texts: [], problems: {}, folders: new Set() };
  const take = (key: string, path: string, target: string) => {
    const file = relative(folder, path) || ".";
    if (!existsSync(path)) copied.problems[key] = `${file} does not exist`;
    else if (statSync(path).isFile()) {
      const bytes = readFileSync(path);
      if (bytes.length > maxBytes || bytes.includes(0)) copied.problems[key] = `${file} is not a text file of at most 512 KiB`;
      else copied.texts.push([target, bytes.toString("utf8")]);
    } else if (!statSync(path).isDirectory()) copied.problems[key] = `${file} is neither a file nor a folder`;
    else {
      const all = readdirSync(path, { recursive: true, withFileTypes: true }).filter((entry) => !entry.isDirectory());
      const paths = all.map((entry) => join(entry.parentPath, entry.name));
      const sizes = paths.map((one) => (existsSync(one) && statSync(one).isFile() ? statSync(one).size : Infinity));
      const isSmall = paths.length <= maxFiles && sizes.reduce((a, b) => a + b, 0) <= maxBytes;
      if (paths.length === 0) copied.folders.add(key);
      else if (!isSmall || paths.some((one) => readFileSync(one).includes(0)))
        copied.problems[key] = `${file} has more than ${maxFiles} files or 512 KiB, or files that are no text`;
      else for (const one of paths) copied.texts.push([join(target, relative(path, one)), readFileSync(one, "utf8")]);
    }
  };
  for (const [i, { source, target = `/${source}` }] of configs.entries()) {
    const { file, content, external } = project.configs?.[source] ?? {};
    const key = `configs[${i}]`;
    if (content !== undefined) copied.texts.push([target, content]);
    else if (file !== undefined) take(key, file, target);
    else copied.problems[key] = `"${source}" ${external ? "is external" : "has neither file nor content"}`;
  }
  for (const [i, { type, source = "", target, read_only: readOnly }] of volumes.entries()) {
    if (type !== "bind") continue;
    const key = `volumes[${i}]`;
    if (relative(folder, source).startsWith("..") && !/\.sock$/.test(source))
      copied.problems[key] = `${source} is a path of this machine outside of the project`;
    else if (/\.sock$/.test(source)) copied.problems[key] = "containers cannot use sockets of the host";
    // Compose creates the folder, for data of the service.
    else if (!existsSync(source) && !readOnly && !/\.[a-z]{2,5}$/i.test(target)) copied.folders.add(key);
    else take(key, source, target);
  }
  return copied;
}

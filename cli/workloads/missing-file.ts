/** How programs say that a file is missing: Go's os and template packages, and C programs. */
const messages = [
  /\b(?:open|stat|lstat|chdir|readdirent|read) ([^\s:"']+): (?:no such file or directory|file does not exist)/,
  /pattern matches no files: [`"']?([^\s`"']+)[`"']?/,
  /([^\s:"']+): No such file or directory/,
];

/** Files that the system has or that volumes provide, and those of a build machine. */
const notAssets = /^\/(proc|sys|dev|etc\/(resolv\.conf|hosts)|run|var\/run)\b/;

export const addToAssets =
  "Add it to build.assets if it is in the source, or to files; with builder: dockerfile, copy it in the Dockerfile.";

/** What to do about a file that a log names as missing; undefined if it names none. */
export function missingFile(log: string[]): string | undefined {
  for (const line of log)
    for (const message of messages) {
      const [, path] = message.exec(line) ?? [];
      if (path !== undefined && !notAssets.test(path)) return `The file ${path} is not in the container. ${addToAssets}`;
    }
  return undefined;
}

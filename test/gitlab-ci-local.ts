import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import { delimiter, join, resolve } from "node:path";

/**
 * Reads or runs the pipeline in a folder with gitlab-ci-local, which has GitLab's JSON schema and evaluates its rules. Jobs run on this machine
 * instead of in their image.
 *
 * @param variables What GitLab would set for the pipeline, and the variables of the project.
 */
export async function gitlabCi(
  folder: string,
  variables: Record<string, string>,
  ...args: string[]
): Promise<{ code: number | null; out: string }> {
  const program = resolve("node_modules/gitlab-ci-local/dist/index.js");
  const options = [
    ...["--home", folder, "--force-shell-executor"],
    // Without it, each predefined variable causes a warning.
    `--ignore-predefined-vars=${Object.keys(variables).join(",")}`,
    ...Object.entries(variables).flatMap(([name, value]) => ["--variable", `${name}=${value}`]),
  ];
  // It copies all files for containers first, with a program that is not on every machine. No job here runs in one.
  const programs = join(folder, ".gitlab-ci-local", "bin");
  mkdirSync(programs, { recursive: true });
  writeFileSync(join(programs, "rsync"), "#!/bin/sh\n", { mode: 0o755 });
  const child = spawn(process.execPath, [program, ...options, ...args], {
    cwd: folder,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, PATH: `${programs}${delimiter}${process.env["PATH"]}`, NO_COLOR: "1", NODE_OPTIONS: "" },
  });
  const [out, error, code] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise<number | null>((done) => child.on("close", done)),
  ]);
  return { code, out: out + error };
}

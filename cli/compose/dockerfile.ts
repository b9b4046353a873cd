import { existsSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { DockerfileParser, type Copy, type From, type Instruction } from "dockerfile-ast";

/** What a Dockerfile says about the image that it builds. */
export interface DockerfileFacts {
  /** The user in the stage that is built; undefined for that of the base image. */
  user: string | undefined;
  /** Its TCP ports. */
  exposed: number[];
  /** Files and folders of the source that it copies besides what it builds, without patterns and without the whole source. */
  copied: string[];
  /** Whether it has nothing but what is copied into it: no shell and no package manager. */
  isMinimal: boolean;
}

interface Stage {
  name: string;
  base: string;
  instructions: Instruction[];
}

const noShell = /^(scratch$|gcr\.io\/distroless\/|cgr\.dev\/chainguard\/static)/;

/** Reads what an import needs of a Dockerfile; undefined if the file does not exist. Variables are not replaced. */
export function readDockerfile(path: string, target?: string): DockerfileFacts | undefined {
  if (!existsSync(path)) return undefined;
  const stages: Stage[] = [];
  for (const instruction of DockerfileParser.parse(readFileSync(path, "utf8")).getInstructions()) {
    if (instruction.getKeyword() === "FROM") {
      const from = instruction as From;
      stages.push({ name: from.getBuildStage() ?? "", base: from.getImage() ?? "", instructions: [] });
    } else stages.at(-1)?.instructions.push(instruction);
  }
  // From the stage itself to the stage that it begins with.
  const chain: Stage[] = [];
  let next = stages.find(({ name }) => name === target) ?? stages.at(-1);
  while (next && !chain.includes(next)) {
    chain.push(next);
    const base = next.base.toLowerCase();
    next = stages.find(({ name }) => name !== "" && name.toLowerCase() === base);
  }
  const argumentsOf = (keyword: string) =>
    chain.map(({ instructions }) =>
      instructions.filter((one) => one.getKeyword() === keyword).map((one) => one.getArguments().map((argument) => argument.getValue())),
    );
  const user = argumentsOf("USER")
    .find((found) => found.length > 0)
    ?.at(-1)?.[0];
  const exposed = argumentsOf("EXPOSE")
    .flat(2)
    .flatMap((text) => (/^\d+(\/tcp)?$/.test(text) ? [parseInt(text)] : []));
  const copied = (chain[0]?.instructions ?? [])
    .filter((one) => one.getKeyword() === "COPY" && !(one as Copy).getFlags().some((flag) => flag.getName() === "from"))
    .flatMap((one) => one.getArguments().slice(0, -1))
    .map((argument) => posix.normalize(argument.getValue()).replace(/\/$/, ""))
    .filter((path) => path !== "." && !/[*?[$]|^\.\./.test(path));
  return { user, exposed, copied, isMinimal: noShell.test(chain.at(-1)?.base ?? "") };
}

import { DockerfileParser, type From, type Instruction } from "dockerfile-ast";

interface Stage {
  name: string;
  base: string;
  /** Images and stages that files are copied or mounted from. */
  sources: string[];
}

/**
 * The images that a build starts from or takes files from, as the Dockerfile names them: those of the stage that is built, and of the stages that
 * it needs. Names with a variable that has no value are left out.
 *
 * @param args Values of ARGs.
 */
export function baseImages(dockerfile: string, target: string | undefined, args: Record<string, string>): string[] {
  const parsed = DockerfileParser.parse(dockerfile);
  const variables = new Map<string, string>();
  // Only an ARG before the first stage counts in FROM: https://docs.docker.com/reference/dockerfile/#understand-how-arg-and-from-interact
  for (const argument of parsed.getInitialARGs()) {
    const { name, value } = { name: argument.getProperty()?.getName() ?? "", value: argument.getProperty()?.getValue() };
    const known = args[name] ?? (value === null || value === undefined ? undefined : filled(value, variables));
    if (known !== undefined) variables.set(name, known);
  }
  const stages: Stage[] = [];
  for (const instruction of parsed.getInstructions()) {
    if (instruction.getKeyword() === "FROM") {
      const from = instruction as From;
      stages.push({ name: from.getBuildStage() ?? "", base: filled(from.getImage() ?? "", variables), sources: [] });
    } else stages.at(-1)?.sources.push(...sourcesOf(instruction).map((source) => filled(source, variables)));
  }
  const stageOf = (name: string, before: number) => {
    const at = stages.findIndex((stage, i) => i < before && (stage.name.toLowerCase() === name.toLowerCase() || String(i) === name));
    return at < 0 ? undefined : at;
  };
  const images = new Set<string>();
  const visited = new Set<number>();
  const visit = (at: number): void => {
    if (visited.has(at)) return;
    visited.add(at);
    for (const name of [stages[at]!.base, ...stages[at]!.sources]) {
      const stage = stageOf(name, at);
      if (stage !== undefined) visit(stage);
      else if (name !== "" && name !== "scratch" && !name.includes("$")) images.add(name);
    }
  };
  const built = target === undefined ? stages.length - 1 : (stageOf(target, stages.length) ?? -1);
  if (built >= 0) visit(built);
  return [...images];
}

function sourcesOf(instruction: Instruction): string[] {
  const text = instruction.getTextContent();
  const pattern = { COPY: /(?:^|\s)--from=(\S+)/g, ADD: /(?:^|\s)--from=(\S+)/g, RUN: /(?:^|\s)--mount=\S*?\bfrom=([^,\s]+)/g }[
    instruction.getKeyword()
  ];
  return pattern ? [...text.matchAll(pattern)].map(([, source]) => source!) : [];
}

/** A text with the values of its variables. One without a value stays as it is. */
function filled(text: string, variables: Map<string, string>): string {
  return text.replaceAll(/\$(?:(\w+)|\{(\w+)(?::?-([^}]*))?\})/g, (all, short?: string, long?: string, otherwise?: string) => {
    return variables.get(short ?? long ?? "") ?? otherwise ?? all;
  });
}

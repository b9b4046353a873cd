import shells from "@bomb.sh/tab";
import tab from "@bomb.sh/tab/commander";
import { Argument, Command as Program, CommanderError, Help, Option } from "commander";
import { knownStacks } from "../config/project.ts";
import { CommandGroup, type ArgumentDeclaration, type Command, type OptionDeclaration } from "./command.ts";
import { ExitCode, exitCodeMeanings } from "./exit-code.ts";
import packageDescription from "../package.json" with { type: "json" };

/** Parses the command line and runs the command. Unknown commands and options are rejected with a suggestion. */
export async function runProgram(commands: Command[], args: string[]): Promise<ExitCode> {
  let exitCode: ExitCode = ExitCode.Success;
  const program = createProgram(commands, (code) => (exitCode = code));
  try {
    await program.parseAsync(args, { from: "user" });
    return exitCode;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? ExitCode.Success : ExitCode.Usage;
  }
}

function createProgram(commands: Command[], ended: (code: ExitCode) => void): Program {
  const program = new Program("slipway")
    .description("Takes a Go service from source to running, secured and reachable, in every environment.")
    .usage("<command> [options]")
    .version(packageDescription.version, "--version", "print the version")
    .helpCommand(false)
    .exitOverride()
    .configureHelp({ showGlobalOptions: false, subcommandTerm })
    .addHelpText("after", `\nRun "slipway <command> --help" for options and examples.`);
  for (const command of commands) addCommand(program, command, ended);
  addCompletion(program);
  // Only now, because completion needs the commands as they are nested.
  return program.configureHelp({ ...program.configureHelp(), visibleCommands });
}

function addCommand(program: Program, declaration: Command, ended: (code: ExitCode) => void): void {
  const { name, group, summary, description, argument, options, run } = declaration;
  const [last = name, ...above] = name.split(" ").reverse();
  const parent = above.reverse().reduce(commandOf, program);
  if (parent !== program) parent.helpGroup(`${group}:`);
  const command = parent
    .command(last)
    .helpGroup(`${group}:`)
    .summary(summary)
    .description([`${summary}.`, description].filter(Boolean).join(" "))
    .addHelpText("after", () => helpAfter(declaration));
  if (argument) command.addArgument(argumentOf(argument));
  for (const [key, option] of Object.entries(options)) command.addOption(optionOf(key, option));
  command.action(async (...parameters: unknown[]) => {
    const values = command.opts();
    const given = Object.entries(options).map(([key, option]) => [key, values[camelCase(key)] ?? emptyValue(option)]);
    const all = (argument ? [parameters[0] ?? []].flat() : []) as string[];
    ended(await run(Object.fromEntries(given), all[0] ?? "", all));
  });
}

/** The command that only has other commands, such as `config` of `config explain`. */
function commandOf(program: Program, name: string): Program {
  return program.commands.find((command) => command.name() === name) ?? program.command(name).helpCommand(false);
}

/** Lists have the commands that can be run, such as `config explain`. */
function visibleCommands(command: Program): Program[] {
  return new Help().visibleCommands(command).flatMap((below) => (below.commands.length > 0 ? visibleCommands(below) : below));
}

function subcommandTerm(command: Program): string {
  const { parent } = command;
  return parent?.parent ? `${parent.name()} ${new Help().subcommandTerm(command)}` : new Help().subcommandTerm(command);
}

function argumentOf({ name, summary, default: fallback, repeatable = false }: ArgumentDeclaration): Argument {
  const shown = repeatable ? `${name}...` : name;
  if (fallback === undefined) return new Argument(`<${shown}>`, summary);
  const optional = new Argument(`[${shown}]`, summary);
  // Help shows a default, and an empty one says nothing.
  return fallback === "" ? optional : optional.default(fallback);
}

function optionOf(key: string, { value, summary, short, default: fallback, required, repeatable }: OptionDeclaration): Option {
  const flags = `${short === undefined ? "" : `-${short}, `}--${key}${value === undefined ? "" : ` <${value}>`}`;
  const option = new Option(flags, summary).makeOptionMandatory(required === true);
  if (fallback !== undefined) option.default(fallback);
  return repeatable ? option.argParser((text: string, all: string[] | undefined) => [...(all ?? []), text]) : option;
}

function emptyValue({ value, repeatable }: OptionDeclaration): unknown {
  if (value === undefined) return false;
  return repeatable ? [] : undefined;
}

/** As commander names the value of `--show-secrets`. */
function camelCase(key: string): string {
  return key.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}

function helpAfter({ examples, exitCodes = [] }: Command): string {
  const width = Math.max(...examples.map(({ command }) => command.length));
  const shown = examples.map(({ command, summary }) => `  ${command.padEnd(width)}  ${summary}`);
  const codes = exitCodes.map((code) => `  ${code}  ${exitCodeMeanings[code]}`);
  return ["\nExamples:", ...shown, ...(codes.length > 0 ? ["\nExit codes:", ...codes] : [])].join("\n");
}

/** `slipway completion bash` prints the script; the shell then calls `slipway complete` for suggestions. */
function addCompletion(program: Program): void {
  const completion = tab(program, { completionCommandName: "completion" });
  const script = program.commands.find((command) => command.name() === "completion")!;
  script
    .summary("Print the script for shell completion")
    .description("Print the script for shell completion.")
    .helpGroup(`${CommandGroup.Machine}:`)
    // The script calls the program by its path: in a clone it is not on the PATH.
    .action((shell: string) => shells.setup(program.name(), process.env["SLIPWAY_EXECUTABLE"] ?? program.name(), shell));
  for (const command of completion.commands.values())
    for (const name of ["stack", "with"]) {
      const option = command.options.get(name);
      if (option) option.handler = (complete) => knownStacks().forEach((stack) => complete(stack, `stacks/Pulumi.${stack}.yaml`));
    }
}

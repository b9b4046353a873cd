import type { ExitCode } from "./exit-code.ts";

/** An option of a command: `--name`, or `--name <value>`. */
export interface OptionDeclaration {
  /** Placeholder of the value, such as `stack`. @default - the option is a flag */
  value?: string;
  summary: string;
  /** Letter of the short form: `f` for `-f`. @default - none */
  short?: string;
  /** Value if the option is missing. @default - none */
  default?: string;
  /** @default false */
  required?: boolean;
  /** Whether the option may be given several times. @default false */
  repeatable?: boolean;
}

/** A positional argument of a command. */
export interface ArgumentDeclaration {
  name: string;
  summary: string;
  /** Empty if the argument is optional and has none. @default - the argument is required */
  default?: string;
  /** Whether the argument may be given several times. @default false */
  repeatable?: boolean;
}

type Options = Record<string, OptionDeclaration>;

type ValueOf<O extends OptionDeclaration> = O extends { value: string }
  ? O extends { repeatable: true }
    ? string[]
    : O extends { default: string } | { required: true }
      ? string
      : string | undefined
  : boolean;

/** Values of the options, by name. */
export type ValuesOf<O extends Options> = { [K in keyof O]: ValueOf<O[K]> };

/** Headings under which `slipway --help` and the docs list the commands. */
export const CommandGroup = {
  Project: "Project",
  Deploy: "Deploy",
  Environments: "Review environments",
  Review: "Review",
  Images: "Images",
  Machine: "This machine",
} as const;
export type CommandGroup = (typeof CommandGroup)[keyof typeof CommandGroup];

/** A command as data. Help, shell completion and the table in docs/CLI.md are generated from it. */
export interface Command<O extends Options = Options> {
  name: string;
  group: CommandGroup;
  /** One line for lists, without a full stop. */
  summary: string;
  /** Further sentences for `slipway <command> --help`. @default - none */
  description?: string;
  argument?: ArgumentDeclaration;
  options: O;
  examples: { command: string; summary: string }[];
  /** Exit codes other than 0, 1 and 2 that the command has. @default - none */
  exitCodes?: ExitCode[];
  /** Runs the command, with the argument, or with all of one that is repeatable. It loads what it needs itself, so that other commands start quickly. */
  run: (options: ValuesOf<O>, argument: string, all: string[]) => Promise<ExitCode>;
}

/** Declares a command with the types of its options. */
export function defineCommand<const O extends Options>(command: Command<O>): Command {
  return command as unknown as Command;
}

/** The option that selects the stack. */
export const stackOption = {
  value: "name",
  summary: "stack, as in stacks/Pulumi.<name>.yaml",
  default: "local",
} as const satisfies OptionDeclaration;

/** The option for machines: one JSON document on standard output; progress and messages go to standard error. */
export const jsonOption = { summary: "print one JSON document" } as const satisfies OptionDeclaration;

/** The commands of the program with their flags, as data: what a shell completes. */
import type { Argument, Command, Option } from "commander";

/** What may stand after a flag, or as an argument. */
export type Completed =
  | { readonly kind: "words"; readonly words: readonly string[] }
  | { readonly kind: "file" }
  | { readonly kind: "directory" }
  | { readonly kind: "anything" };

export interface TreeFlag {
  /** E.g. `--help` and `-h`. */
  readonly names: readonly string[];
  readonly summary: string;
  /** Undefined for a switch. */
  readonly value: Completed | undefined;
}

export interface TreeWord {
  readonly name: string;
  readonly summary: string;
}

export interface TreeNode {
  /** The words that lead to the command, e.g. `keys new`; empty for the program. */
  readonly at: string;
  readonly commands: readonly TreeWord[];
  readonly flags: readonly TreeFlag[];
  /** What its arguments may be, all positions together. */
  readonly argument: Completed;
}

/** @param program with all its commands; where one is the default, its flags are the program's, too */
export function commandTree(program: Command): TreeNode[] {
  return nodesOf(program, []);
}

function nodesOf(command: Command, path: readonly string[]): TreeNode[] {
  const help = command.createHelp();
  const children = help.visibleCommands(command);
  const own: TreeNode = {
    at: path.join(" "),
    commands: children.map((child) => ({ name: child.name(), summary: help.subcommandDescription(child) })),
    flags: [command, ...defaultOf(command)].flatMap((each) => help.visibleOptions(each).map(flagOf)),
    argument: argumentOf(help.visibleArguments(command)),
  };
  const flags = new Map(own.flags.map((flag) => [flag.names.join(), flag]));
  const below = command.commands.flatMap((child) => nodesOf(child, [...path, child.name()]));
  return [{ ...own, flags: [...flags.values()] }, ...below];
}

/** The command that runs if none is named. Commander knows its name and does not say it. */
function defaultOf(command: Command): Command[] {
  const { _defaultCommandName: name } = command as unknown as { readonly _defaultCommandName: string | null };
  return command.commands.filter((child) => child.name() === name);
}

function flagOf(option: Option): TreeFlag {
  const names = [option.long, option.short].filter((name) => name !== undefined);
  const takesValue = option.required || option.optional;
  return { names, summary: option.description, value: takesValue ? flagValue(option) : undefined };
}

function argumentOf(listed: readonly Argument[]): Completed {
  const values = listed.map((argument) =>
    completedBy(argument.argChoices, argument.parseArg, argument.name()),
  );
  return values.find(({ kind }) => kind !== "anything") ?? { kind: "anything" };
}

function flagValue({ argChoices, parseArg, flags }: Option): Completed {
  return completedBy(argChoices, parseArg, /[<[]([^>\]]*)[>\]]/.exec(flags)?.[1] ?? "");
}

/** @param placeholder as the help shows it, e.g. `file.sqlite` */
function completedBy(
  choices: readonly string[] | undefined,
  reader: unknown,
  placeholder: string,
): Completed {
  const words = choices ?? (reader as { readonly words?: readonly string[] } | undefined)?.words;
  if (words) return { kind: "words", words };
  if (/\bdir(?:ectory)?\b/.test(placeholder)) return { kind: "directory" };
  return /\bfile\b|\.(?:json|yaml|sqlite)$/.test(placeholder) ? { kind: "file" } : { kind: "anything" };
}

/** A command as all of Aurex's are: its errors are thrown, its help ends with examples, its action gives the exit code. */
import { Command, type CommanderError } from "commander";
import { exitCodes } from "../node/operator-error.ts";
import type { Terminal } from "./terminal.ts";

/** What the command line said was wrong, or help that was asked for and has been shown. */
export class CommandLineEnd extends Error {
  override name = "CommandLineEnd";
  readonly command: AurexCommand;
  readonly reason: CommanderError;

  constructor(command: AurexCommand, reason: CommanderError) {
    super(reason.message);
    this.command = command;
    this.reason = reason;
  }
}

type Action = (...args: never[]) => Promise<number> | Promise<void>;

export class AurexCommand extends Command {
  /** Of the action that ran. */
  exitCode: number = exitCodes.ok;

  constructor(name: string, terminal: Terminal) {
    super(name);
    this.exitOverride((reason) => {
      throw new CommandLineEnd(this, reason);
    });
    this.configureOutput({
      writeOut: (text) => terminal.stdout.write(text),
      writeErr: (text) => terminal.stderr.write(text),
      getOutHelpWidth: () => terminal.columns,
      getErrHelpWidth: () => terminal.columns,
      // main() says it, with what to do next.
      outputError: () => {},
    });
    this.showSuggestionAfterError(false);
    this.configureHelp({ sortSubcommands: false });
  }

  /** Lines such as `aurex-node status --json`, shown at the end of the help. */
  examples(...lines: readonly string[]): this {
    const title = lines.length === 1 ? "Example" : "Examples";
    return this.addHelpText("after", `\n${title}:\n${lines.map((line) => `  ${line}`).join("\n")}`);
  }

  /** @param run gets the arguments, then the flags; what it returns is the exit code, nothing is 0 */
  runs(run: Action): this {
    return this.action(async (...args: unknown[]) => {
      // Commander adds the command itself as the last one.
      this.exitCode =
        (await (run as (...given: unknown[]) => Promise<number | undefined>)(...args.slice(0, -1))) ?? 0;
    });
  }

  /** The names from the program down, as they are typed. */
  get fullName(): string {
    const names: string[] = [];
    for (let command: Command | null = this; command; command = command.parent) names.unshift(command.name());
    return names.join(" ");
  }
}

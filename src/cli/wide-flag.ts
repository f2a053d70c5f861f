/** The flag of every command that prints a table. */
import type { AurexCommand } from "./command.ts";

export interface WideFlag {
  readonly wide?: boolean;
}

export function addWideFlag(command: AurexCommand): AurexCommand {
  return command.option("--wide", "show every value whole, however long the lines become");
}

/** The flags of a node, from the table of settings. */
import { Option } from "commander";
import { nodeFlags } from "../config/settings.ts";
import type { AurexCommand } from "./command.ts";

export function addNodeFlags(command: AurexCommand): AurexCommand {
  for (const { flags, description, repeatable, hidden, choices } of nodeFlags()) {
    const option = new Option(flags, description).hideHelp(hidden);
    // For completion alone: a wrong word is refused by the setting itself, which knows where it came from.
    if (choices) option.argChoices = [...choices];
    if (repeatable) option.argParser((value: string, before: string[] = []) => [...before, value]);
    command.addOption(option);
  }
  return command;
}

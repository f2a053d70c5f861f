/** The flags of a node, from the table of settings. */
import { Option } from "commander";
import { nodeFlags } from "../config/settings.ts";
import type { AurexCommand } from "./command.ts";

export function addNodeFlags(command: AurexCommand): AurexCommand {
  for (const { flags, description, repeatable, hidden } of nodeFlags()) {
    const option = new Option(flags, description).hideHelp(hidden);
    if (repeatable) option.argParser((value: string, before: string[] = []) => [...before, value]);
    command.addOption(option);
  }
  return command;
}

/** `aurex-node completion`: what a shell needs to complete commands and flags, made from the commands themselves. */
import { AurexCommand } from "./command.ts";
import { commandTree } from "./command-tree.ts";
import { completionScript, type Shell, shells } from "./completion-scripts.ts";
import { oneOf } from "./flag-values.ts";
import type { Terminal } from "./terminal.ts";

/** @param wholeProgram the program with every command loaded */
export function completionCommand(
  terminal: Terminal,
  wholeProgram: () => Promise<AurexCommand>,
): AurexCommand {
  return new AurexCommand("completion", terminal)
    .description(
      "Print a script that lets a shell complete the commands, flags and words of aurex-node. The script is made from the commands of this version: source it at each start of the shell.",
    )
    .argument("<shell>", "bash, zsh or fish", oneOf(...shells))
    .examples(
      "source <(aurex-node completion bash)       # in ~/.bashrc",
      "source <(aurex-node completion zsh)        # in ~/.zshrc, after compinit",
      "aurex-node completion fish | source        # in ~/.config/fish/config.fish",
    )
    .runs(async (shell: Shell) => {
      const program = await wholeProgram();
      terminal.stdout.write(completionScript(shell, program.name(), commandTree(program)));
    });
}

/** `aurex-node config`: the settings that a node would start with. */
import { foreignVariablesNote } from "../config/foreign-variables.ts";
import { formatConfig } from "../config/show.ts";
import { AurexCommand } from "./command.ts";
import { addNodeFlags } from "./node-flags.ts";
import { addJsonFlag, loadConfig } from "./shared-flags.ts";
import { type Terminal, writeJson } from "./terminal.ts";

interface ShowFlags extends Record<string, unknown> {
  readonly sources?: boolean;
  readonly json?: boolean;
}

export function configCommand(terminal: Terminal): AurexCommand {
  const show = new AurexCommand("show", terminal)
    .summary("show every setting")
    .description(
      "Show every setting that a node would start with, as YAML that can be saved as its config file. Flags count over AUREX_* variables, over the file, over defaults.",
    )
    .option("--sources", "say where each value comes from")
    .examples(
      "aurex-node config show --sources",
      "aurex-node config show --consensus poa > node.yaml",
      "AUREX_PORT=4000 aurex-node config show --config node.yaml --sources",
    )
    .runs(async ({ sources = false, json = false, ...flags }: ShowFlags) => {
      const resolved = await loadConfig(flags, terminal);
      const note = foreignVariablesNote(terminal.environment);
      if (note !== undefined) terminal.stderr.write(`Note:  ${note}\n`);
      if (!json) return void terminal.stdout.write(formatConfig(resolved, sources));
      const values = Object.entries(resolved).map(([name, sourced]) => [
        name,
        sources ? sourced : sourced.value,
      ]);
      writeJson(terminal, Object.fromEntries(values));
    });
  const config = new AurexCommand("config", terminal)
    .description("The settings of a node.")
    .examples("aurex-node config show --sources");
  config.addCommand(addJsonFlag(addNodeFlags(show)));
  return config;
}

/** The flags that several commands share, and what follows from them: the data directory, and the node to talk to. */

import type { ApiClient } from "../client/api-client.ts";
import type { CallOptions } from "../client/call.ts";
import type { NodeConfig } from "../config/node-config.ts";
import type { AurexCommand } from "./command.ts";
import { loadPlainConfig } from "./load-config.ts";
import type { ApiFlags, PlaceFlags } from "./place-flags.ts";
import type { Terminal } from "./terminal.ts";

export { loadConfig, passphraseVariable } from "./load-config.ts";
export type { ApiFlags, PlaceFlags } from "./place-flags.ts";

export interface JsonFlag {
  readonly json?: boolean;
}

export function addPlaceFlags(command: AurexCommand): AurexCommand {
  return command
    .option("--data-dir <directory>", "data directory of the node (default: the only node there is)")
    .option("--config <file.yaml>", "file with settings of the node");
}

export function addApiFlags(command: AurexCommand): AurexCommand {
  return command
    .option("--data-dir <directory>", "data directory of the node (default: the only node that runs)")
    .option("--config <file.yaml>", "file with settings of the node")
    .option(
      "--api <url>",
      "API of the node, e.g. http://127.0.0.1:13280 (default: that of the data directory)",
    )
    .option(
      "--api-token-file <file>",
      "file with the token of that API, for commands that change the node (default: that of the data directory)",
    );
}

export function addJsonFlag(command: AurexCommand): AurexCommand {
  return command.option("--json", "print JSON, one value on one line");
}

/**
 * The settings of the node whose files a command reads: of the one that the flags name, else of the only one there is.
 *
 * @throws OperatorError with exit code 2 if there is none, or there are several, or the directory is not there
 */
export async function settingsOf(flags: PlaceFlags, terminal: Terminal): Promise<NodeConfig> {
  const { existingPlace } = await import("./place/node-place.ts");
  const { dataDir } = await existingPlace(flags, terminal);
  return loadPlainConfig({ dataDir, config: flags.config }, terminal);
}

/**
 * A client of the node that the flags name: by its API, or by its data directory; else of the only one that runs.
 *
 * @param options.signal ends the asking
 * @throws OperatorError with exit code 2 if there is no such node, or another one answers
 */
export async function connect(
  flags: ApiFlags,
  terminal: Terminal,
  options?: CallOptions,
): Promise<ApiClient> {
  const { connectTo } = await import("./place/answering-node.ts");
  return connectTo(flags, terminal, options);
}

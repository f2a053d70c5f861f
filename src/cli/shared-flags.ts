/** The flags that several commands share, and what follows from them: the data directory, and the node to talk to. */
import type { NodeConfig } from "../config/node-config.ts";
import { type ApiClient, createApiClient } from "../http/api-client.ts";
import { exitCodes, OperatorError } from "../node/operator-error.ts";
import type { AurexCommand } from "./command.ts";
import { usageError } from "./failure.ts";
import type { Terminal } from "./terminal.ts";

export interface PlaceFlags {
  readonly dataDir?: string;
  readonly config?: string;
}

export interface ApiFlags extends PlaceFlags {
  readonly api?: string;
}

export interface JsonFlag {
  readonly json?: boolean;
}

/** Only for a command; the configuration of a node knows nothing of it. */
export const passphraseVariable = "AUREX_PASSPHRASE";

export function addPlaceFlags(command: AurexCommand): AurexCommand {
  return command
    .option("--data-dir <directory>", "data directory of the node (default: ~/.aurex/<network>/<name>)")
    .option("--config <file.yaml>", "file with settings of the node");
}

export function addApiFlags(command: AurexCommand): AurexCommand {
  return addPlaceFlags(command).option(
    "--api <url>",
    "API of the node (default: that of the node running in the data directory, else http://127.0.0.1:13280)",
  );
}

export function addJsonFlag(command: AurexCommand): AurexCommand {
  return command.option("--json", "print JSON, one value on one line");
}

/**
 * The configuration that flags, environment and file give.
 *
 * @throws OperatorError with every fault of it
 */
export async function loadConfig(
  flags: Readonly<Record<string, unknown>>,
  terminal: Terminal,
): Promise<import("../config/node-config.ts").ResolvedConfig> {
  const { loadNodeConfig } = await import("../config/load.ts");
  const { [passphraseVariable]: _secret, ...environment } = terminal.environment;
  const loaded = loadNodeConfig({ flags, environment, homeDirectory: terminal.homeDirectory });
  if (loaded.ok) return loaded.value;
  const faults = loaded.fault;
  throw new OperatorError(faults.map(({ message }) => message).join("; "), {
    code: faults[0]?.code ?? "config/invalid",
    exitCode: exitCodes.usage,
    why: faults.map(({ why }) => why).join("; "),
    next: [...new Set(faults.map(({ next }) => next))].join("; "),
  });
}

/** The settings of the place that the flags name. */
export async function settingsOf(flags: PlaceFlags, terminal: Terminal): Promise<NodeConfig> {
  const { plainConfig } = await import("../config/node-config.ts");
  return plainConfig(await loadConfig({ dataDir: flags.dataDir, config: flags.config }, terminal));
}

/** A client of the node that the flags name: by its API, by its data directory, or where a node listens by default. */
export async function connect(flags: ApiFlags, terminal: Terminal): Promise<ApiClient> {
  if (flags.api !== undefined) return createApiClient(checkedUrl(flags.api));
  const { dataDir, apiPort } = await settingsOf(flags, terminal);
  const { readDirectoryLock } = await import("../store/directory-lock.ts");
  const holder = await readDirectoryLock(dataDir);
  return createApiClient(holder?.apiUrl ?? `http://127.0.0.1:${apiPort}`);
}

function checkedUrl(text: string): string {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text;
  throw usageError(
    `--api ${text} is no URL`,
    "it must be a URL of http",
    "write for example --api http://127.0.0.1:13280",
  );
}

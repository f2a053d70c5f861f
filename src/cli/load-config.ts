/** The configuration that a command's flags, the environment and a config file give, or an error with every fault. */
import type { NodeConfig, ResolvedConfig } from "../config/node-config.ts";
import { exitCodes, OperatorError } from "../node/operator-error.ts";
import type { Terminal } from "./terminal.ts";

/** Only for a command; the configuration of a node knows nothing of it. */
export const passphraseVariable = "AUREX_PASSPHRASE";

/**
 * The configuration that flags, environment and file give.
 *
 * @throws OperatorError with every fault of it
 */
export async function loadConfig(
  flags: Readonly<Record<string, unknown>>,
  terminal: Terminal,
): Promise<ResolvedConfig> {
  const { loadNodeConfig } = await import("../config/load.ts");
  const { [passphraseVariable]: _secret, ...environment } = terminal.environment;
  const { homeDirectory, hostName } = terminal;
  const loaded = loadNodeConfig({ flags, environment, homeDirectory, hostName });
  if (loaded.ok) return loaded.value;
  const faults = loaded.fault;
  throw new OperatorError(faults.map(({ message }) => message).join("; "), {
    code: faults[0]?.code ?? "config/invalid",
    exitCode: exitCodes.usage,
    why: faults.map(({ why }) => why).join("; "),
    next: [...new Set(faults.map(({ next }) => next))].join("; "),
  });
}

/** {@link loadConfig} without the sources of its values. */
export async function loadPlainConfig(
  flags: Readonly<Record<string, unknown>>,
  terminal: Terminal,
): Promise<NodeConfig> {
  const { plainConfig } = await import("../config/node-config.ts");
  return plainConfig(await loadConfig(flags, terminal));
}

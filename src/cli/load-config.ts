/** The configuration that a command's flags, the environment and a config file give, or an error with every fault. */
import path from "node:path";
import type { NodeConfig, ResolvedConfig } from "../config/node-config.ts";
import { exitCodes, OperatorError } from "../node/operator-error.ts";
import type { Terminal } from "./terminal.ts";

/** A secret: the configuration, which is shown and logged, knows nothing of it. */
export const passphraseVariable = "AUREX_PASSPHRASE";
/** The one that `keys passphrase` changes to. */
export const newPassphraseVariable = "AUREX_NEW_PASSPHRASE";

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
  const { [passphraseVariable]: _, [newPassphraseVariable]: __, ...environment } = terminal.environment;
  const { homeDirectory, hostName } = terminal;
  const loaded = loadNodeConfig({ flags, environment, homeDirectory, hostName });
  if (loaded.ok) {
    requireWorkingDirectory(loaded.value);
    return loaded.value;
  }
  const faults = loaded.fault;
  throw new OperatorError(faults.map(({ message }) => message).join("; "), {
    code: faults[0]?.code ?? "config/invalid",
    exitCode: exitCodes.usage,
    why: faults.map(({ why }) => why).join("; "),
    next: [...new Set(faults.map(({ next }) => next))].join("; "),
  });
}

/** Node would try for ever to make a directory below a working directory that was removed. */
function requireWorkingDirectory({ dataDir, logFile }: ResolvedConfig): void {
  const relative = [dataDir.value, logFile.value].find((place) => !path.isAbsolute(place));
  if (relative === undefined) return;
  try {
    process.cwd();
  } catch (thrown) {
    throw new OperatorError(`${relative} is nowhere: the working directory was removed`, {
      code: "cli/no-working-directory",
      exitCode: exitCodes.usage,
      why: "a relative path counts from the working directory",
      next: "change to a directory that is there (cd), or name an absolute path",
      cause: thrown,
    });
  }
}

/** {@link loadConfig} without the sources of its values. */
export async function loadPlainConfig(
  flags: Readonly<Record<string, unknown>>,
  terminal: Terminal,
): Promise<NodeConfig> {
  const { plainConfig } = await import("../config/node-config.ts");
  return plainConfig(await loadConfig(flags, terminal));
}

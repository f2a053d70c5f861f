/** `aurex-node start`: runs a node until it is told to stop. */
import path from "node:path";
import type { NodeStatus } from "../api/node-status.ts";
import { bytesEqual } from "../base/bytes.ts";
import type { Logger } from "../base/logger.ts";
import { foreignVariablesNote } from "../config/foreign-variables.ts";
import type { NodeConfig } from "../config/node-config.ts";
import type { AurexNode } from "../node/aurex-node.ts";
import { type ExitCode, exitCodes } from "../node/operator-error.ts";
import type { NodeSupervisor } from "../node/supervisor/node-supervisor.ts";
import type { ChainSpec } from "../protocol/genesis.ts";
import { addressOf } from "../protocol/identity.ts";
import { AurexCommand } from "./command.ts";
import { Garbage } from "./garbage.ts";
import { addNodeFlags } from "./node-flags.ts";
import { startText, statusText } from "./status-line.ts";
import { addStopSignals } from "./stop-signals.ts";
import { type Terminal, writeLine } from "./terminal.ts";
import { onUncaughtError } from "./uncaught-error.ts";

const statusEveryMs = 10_000;

export function startCommand(terminal: Terminal): AurexCommand {
  const command = new AurexCommand("start", terminal)
    .description(
      "Run a node until Ctrl-C. Flags count over AUREX_* variables, over the file of --config, over defaults.",
    )
    .examples(
      "aurex-node --consensus pow --mine",
      "aurex-node --consensus poa --authority # founds network aurex on this LAN, or joins it",
      "aurex-node --consensus poa --chain chain.json --authority --data-dir ./alpha",
      "aurex-node --consensus pow --port 0 --api-port 0 --bootstrap /ip4/127.0.0.1/tcp/13245",
      "aurex-node --config node.yaml --log-format json",
    )
    .runs(async (flags: Record<string, unknown>) => {
      const { startConfig } = await import("./place/start-config.ts");
      return runNode(await startConfig(flags, terminal), terminal);
    });
  return addNodeFlags(command);
}

/** Runs a node until the first stop signal; a stop that was asked for is exit code 0. */
export async function runNode(config: NodeConfig, shared: Terminal): Promise<ExitCode> {
  // What a node writes is a log: it goes on, whatever becomes of the terminal, the pipe or the disk behind stdout.
  const terminal: Terminal = { ...shared, stdout: shared.logOutput() };
  let onHangUp = () => {};
  const stop = addStopSignals({ onHangUp: () => onHangUp() });
  // What they import takes a moment: a signal must not be missed meanwhile, and a wrong option is said before.
  const { nodeOptionsOf } = await import("../node/node-options.ts");
  const options = await nodeOptionsOf(config);
  const { NodeSupervisor } = await import("../node/supervisor/node-supervisor.ts");
  const { createNodeLogger } = await import("../node/logging.ts");
  const { enterRunning } = await import("./place/running-nodes.ts");
  const { pinnedChainSpec } = await import("../node/data-directory.ts");
  const { keepStart, startCommandWith, givenIn } = await import("./place/started-with.ts");
  const { openFilesLimit, openFilesWarning, requireOpenFiles } = await import("../node/process-limits.ts");
  const limit = openFilesLimit();
  requireOpenFiles(limit);
  const log = createNodeLogger({
    level: config.logLevel,
    format: config.logFormat,
    file: config.logFile,
    rotate: config.logRotate,
    terminal: terminal.stdout,
  });
  const uncaught = onUncaughtError(log, terminal);
  const garbage = new Garbage();
  garbage.start();
  const { logger } = log;
  onHangUp = () => {
    const said = "SIGHUP: the log file is opened anew, and the node goes on; SIGTERM stops it";
    void log.reopen().then(() => logger.info({ file: config.logFile }, said));
  };
  try {
    const warning = openFilesWarning(limit);
    if (warning !== undefined) logger.warn({ limit }, warning);
    const note = foreignVariablesNote(terminal.environment);
    if (note !== undefined) logger.warn({}, note);
    const onStarted = (node: AurexNode) => sayStarted(node, config, terminal);
    const processControl = {
      get logLevel() {
        return log.level;
      },
      set logLevel(level) {
        log.level = level;
      },
      stop: () => stop.stop(),
    };
    const isNew =
      options.spec !== undefined && !(await pinnedChainSpec(config.dataDir).catch(() => undefined));
    // Without what an operator says once: the advice adds these to the command.
    const once = { ...config, signAlone: false, trustRecovery: undefined };
    const startCommand = startCommandWith({ ...givenIn(once, terminal), dataDir: config.dataDir });
    const { keyAccess, openWith } = await import("./passphrase.ts");
    const { passphraseFile, allowOpenKeys } = config;
    const access = keyAccess("node", { passphraseFile }, terminal, stop.signal);
    const supervisor = await openWith(
      "node",
      { ...access, allowOpen: allowOpenKeys },
      terminal,
      (keyAccess) =>
        NodeSupervisor.open({ ...options, startCommand }, { logger, onStarted, keyAccess, processControl }),
    );
    if (isNew && options.spec && options.authority)
      await warnIfNotNamed(options.spec, config.dataDir, logger);
    // The directory is this process's now; commands find it from here on.
    await keepStart(config, terminal);
    const entry = await enterRunning(terminal.homeDirectory, path.resolve(config.dataDir));
    try {
      await runShowingStatus(supervisor, config, terminal, stop.signal);
    } finally {
      await entry.remove();
    }
    say(config, terminal, "stopped", {}, "Stopped.");
    return exitCodes.ok;
  } finally {
    await log.close();
    garbage.stop();
    uncaught.remove();
    stop.remove();
  }
}

/** At the first start on a chain that was given: later, votes may have changed who is an authority. */
async function warnIfNotNamed({ genesis }: ChainSpec, dataDir: string, logger: Logger): Promise<void> {
  const { nodeKeyName, showKey } = await import("../wallet/keystore.ts");
  const { address, publicKey } = await showKey(dataDir, nodeKeyName);
  if (genesis.authorities.some((key) => bytesEqual(key, publicKey))) return;
  logger.warn(
    { address, authorities: genesis.authorities.map(addressOf), dataDir },
    `the chain spec does not name this node's key ${address} as an authority, so the node asks to be admitted; if another directory has the key that is meant, start with its --data-dir`,
  );
}

/** A line every 10 s, from the search for a chain to the stop. */
async function runShowingStatus(
  supervisor: NodeSupervisor,
  config: NodeConfig,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> {
  const show = () => sayStatus(supervisor.status(), config, terminal);
  const onStop = () => say(config, terminal, "stopping", {}, "Stopping. Press Ctrl-C again to stop at once.");
  signal.addEventListener("abort", onStop, { once: true });
  // This timer is also what keeps a node without an API and without a port alive.
  const timer = setInterval(show, statusEveryMs);
  try {
    await supervisor.run(signal);
  } finally {
    clearInterval(timer);
    signal.removeEventListener("abort", onStop);
  }
}

function sayStarted(node: AurexNode, config: NodeConfig, terminal: Terminal): void {
  const { dataDir } = config;
  const { apiUrl } = node;
  const { addresses } = node.network;
  const status = node.status();
  const started = { ...status, apiUrl: apiUrl ?? null, addresses, dataDir };
  say(config, terminal, "started", started, startText(status, { apiUrl, addresses, dataDir }));
  sayStatus(status, config, terminal);
}

function sayStatus(status: NodeStatus, config: NodeConfig, terminal: Terminal): void {
  const { chainId, network, peers, mdnsFault } = status;
  const looking = `looking for network ${network}  peers ${peers}${mdnsFault ? `  mDNS: ${mdnsFault}` : ""}`;
  say(config, terminal, "status", status, chainId === "" ? looking : statusText(status, terminal.columns));
}

/** One line: text for people, an object like the log's for programs. */
function say(config: NodeConfig, terminal: Terminal, msg: string, fields: object, text: string): void {
  const line = () => JSON.stringify({ level: 30, time: Date.now(), ...fields, msg });
  writeLine(terminal, config.logFormat === "json" ? line() : text);
}

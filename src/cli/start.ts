/** `aurex-node start`: runs a node until it is told to stop. */
import type { NodeConfig } from "../config/node-config.ts";
import { plainConfig } from "../config/node-config.ts";
import type { AurexNode } from "../node/aurex-node.ts";
import { type ExitCode, exitCodes } from "../node/operator-error.ts";
import { AurexCommand } from "./command.ts";
import { addNodeFlags } from "./node-flags.ts";
import { loadConfig } from "./shared-flags.ts";
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
      "aurex-node --consensus poa --chain chain.json --authority --data-dir ./alpha",
      "aurex-node --consensus pow --port 0 --api-port 0 --bootstrap /ip4/127.0.0.1/tcp/13245",
      "aurex-node --config node.yaml --log-format json",
    )
    .runs(async (flags: Record<string, unknown>) =>
      runNode(plainConfig(await loadConfig(flags, terminal)), terminal),
    );
  return addNodeFlags(command);
}

async function runNode(config: NodeConfig, terminal: Terminal): Promise<ExitCode> {
  const stop = addStopSignals();
  // What they import takes a moment: a signal must not be missed meanwhile, and a wrong option is said before.
  const { nodeOptionsOf } = await import("../node/node-options.ts");
  const options = await nodeOptionsOf(config);
  const { AurexNode } = await import("../node/aurex-node.ts");
  const { createNodeLogger } = await import("../node/logging.ts");
  const log = createNodeLogger({
    level: config.logLevel,
    format: config.logFormat,
    file: config.logFile,
    terminal: terminal.stdout,
  });
  const uncaught = onUncaughtError(log, terminal);
  try {
    const node = await AurexNode.open(options, { logger: log.logger });
    try {
      if (!stop.signal.aborted) await node.start();
      await showUntilStopped(node, config, terminal, stop.signal);
    } finally {
      await node.stop();
    }
    say(config, terminal, "stopped", {}, "Stopped.");
    return exitCodes.ok;
  } finally {
    await log.close();
    uncaught.remove();
    stop.remove();
  }
}

/** A line at the start and one every 10 s; ends when the signal aborts. */
async function showUntilStopped(
  node: AurexNode,
  config: NodeConfig,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> {
  if (signal.aborted) return;
  const { dataDir } = config;
  const { apiUrl } = node;
  const { addresses } = node.network;
  const started = { ...node.status(), apiUrl: apiUrl ?? null, addresses, dataDir };
  say(config, terminal, "started", started, startText(node.status(), { apiUrl, addresses, dataDir }));
  const show = () => say(config, terminal, "status", node.status(), statusText(node.status()));
  show();
  // This timer is also what keeps a node without an API and without a port alive.
  const timer = setInterval(show, statusEveryMs);
  await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  clearInterval(timer);
  say(config, terminal, "stopping", {}, "Stopping. Press Ctrl-C again to stop at once.");
}

/** One line: text for people, an object like the log's for programs. */
function say(config: NodeConfig, terminal: Terminal, msg: string, fields: object, text: string): void {
  const line = () => JSON.stringify({ level: 30, time: Date.now(), ...fields, msg });
  writeLine(terminal, config.logFormat === "json" ? line() : text);
}

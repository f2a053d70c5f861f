/** `aurex-node demo`: a network of both engines on this machine. */
import { InvalidArgumentError } from "commander";
import { AurexCommand } from "./command.ts";
import { addStopSignals } from "./stop-signals.ts";
import type { Terminal } from "./terminal.ts";

interface DemoFlags {
  readonly pow: number;
  readonly poa: number;
  readonly ports: readonly number[];
  readonly transactions: number;
  readonly dataDir?: string;
  readonly exit: boolean;
  readonly logLevel: (typeof logLevels)[number];
}

const logLevels = ["debug", "info", "warn", "error", "silent"] as const;

export function demoCommand(terminal: Terminal): AurexCommand {
  return new AurexCommand("demo", terminal)
    .description(
      "Run a network of Proof of Work and Proof of Authority nodes on this machine, send test transactions, and show status, chains and SQL ledger. In a terminal it then stays up until Ctrl-C.",
    )
    .option("--pow <count>", "Proof of Work nodes", (text) => numberWithin(text, 0, 16), 3)
    .option("--poa <count>", "Proof of Authority nodes", (text) => numberWithin(text, 0, 16), 2)
    .option("--ports <port,...>", "TCP ports of the nodes in order (default: free ones)", portList, [])
    .option(
      "--transactions <count>",
      "transfers besides the named ones",
      (text) => numberWithin(text, 0, 10_000),
      0,
    )
    .option(
      "--data-dir <directory>",
      "where ledger.sqlite and the nodes' directories go (default: a temporary one)",
    )
    .option("--exit", "end when everything has been shown", false)
    .option("--log-level <level>", `what goes to blockchain.log: ${logLevels.join(", ")}`, logLevel, "info")
    .examples(
      "aurex-node demo",
      "aurex-node demo --pow 1 --poa 3 --transactions 50 --exit",
      "aurex-node demo --data-dir ./demo && sqlite3 ./demo/ledger.sqlite .tables",
    )
    .runs(async ({ pow, poa, dataDir, ...flags }: DemoFlags) => {
      const { runDemo } = await import("../node/demo/demo.ts");
      const stop = addStopSignals();
      try {
        return await runDemo(
          { ...flags, powNodes: pow, poaNodes: poa, dataDir },
          {
            write: (text) => void terminal.stdout.write(text),
            isTerminal: terminal.isTerminal,
            signal: stop.signal,
          },
        );
      } finally {
        stop.remove();
      }
    });
}

function numberWithin(text: string, min: number, max: number): number {
  const number = Number(text);
  if (/^\d{1,9}$/.test(text) && number >= min && number <= max) return number;
  throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
}

function portList(text: string): number[] {
  return text.split(",").map((port) => numberWithin(port.trim(), 0, 65_535));
}

function logLevel(text: string): string {
  if (logLevels.some((level) => level === text)) return text;
  throw new InvalidArgumentError(`It must be one of ${logLevels.join(", ")}.`);
}

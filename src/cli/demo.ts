/** `aurex-node demo`: a network of both engines on this machine. */
import { accessSync, constants, existsSync } from "node:fs";
import { isIP } from "node:net";
import path from "node:path";
import { InvalidArgumentError } from "commander";
import { shellWord } from "../demo/demo-commands.ts";
import { AurexCommand } from "./command.ts";
import { listed, numberFrom, oneOf } from "./flag-values.ts";
import { addStopSignals } from "./stop-signals.ts";
import type { Terminal } from "./terminal.ts";

interface DemoFlags {
  readonly pow: number;
  readonly poa: number;
  readonly ports: readonly number[];
  readonly transactions: number;
  readonly dataDir?: string;
  readonly exit: boolean;
  readonly stay: boolean;
  readonly logLevel: (typeof logLevels)[number];
  readonly port?: number;
  readonly host: string;
  readonly allowedHost: readonly string[];
  readonly open: boolean;
}

const logLevels = ["debug", "info", "warn", "error", "silent"] as const;

export function demoCommand(terminal: Terminal): AurexCommand {
  return new AurexCommand("demo", terminal)
    .description(
      "Run a network of Proof of Work and Proof of Authority nodes on this machine, each a process of its own, send test transactions, and show status, chains and SQL ledger. In a terminal it then stays up until Ctrl-C, with a page of all nodes and a lab that makes trouble for them, and prints each node's API, keys that have AUR, and commands to send something with.",
    )
    .option("--pow <count>", "Proof of Work nodes", numberFrom(0, 16), 3)
    .option("--poa <count>", "Proof of Authority nodes", numberFrom(0, 16), 2)
    .option("--ports <port,...>", "TCP ports of the nodes in order (default: free ones)", portList, [])
    .option("--transactions <count>", "transfers besides the named ones", numberFrom(0, 10_000), 0)
    .option(
      "--data-dir <directory>",
      "where ledger.sqlite and the nodes' directories go (default: a temporary one)",
    )
    .option("--exit", "end when everything has been shown", false)
    .option("--stay", "stay up until Ctrl-C, also if the output is no terminal", false)
    .option("--open", "open the page in a browser, and stay up until Ctrl-C", false)
    .option(
      "--port <port>",
      "TCP port of the page (default: 13200, or the next one that is free)",
      numberFrom(1, 65_535),
    )
    .option(
      "--host <ip>",
      "address to serve the page on; 0.0.0.0: other machines on this network can see it, too",
      ipAddress,
      "127.0.0.1",
    )
    .option(
      "--allowed-host <name>",
      "name under which others ask for the page, may be given several times",
      (name: string, before: readonly string[]) => [...before, name],
      [] as readonly string[],
    )
    .option(
      "--log-level <level>",
      `log level of each node's blockchain.log: ${listed(logLevels)}`,
      oneOf(...logLevels),
      "info",
    )
    .examples(
      "aurex-node demo",
      "aurex-node demo --open",
      "aurex-node demo --stay > demo.txt &",
      "aurex-node demo --pow 1 --poa 3 --transactions 50 --exit",
      "aurex-node demo --data-dir ./demo && sqlite3 ./demo/ledger.sqlite .tables",
    )
    .runs(async ({ pow, poa, dataDir, port, host, allowedHost, open, ...flags }: DemoFlags) => {
      const { runDemo } = await import("../demo/demo.ts");
      const stop = addStopSignals();
      try {
        return await runDemo(
          {
            ...flags,
            ...{ powNodes: pow, poaNodes: poa, dataDir },
            stay: flags.stay || open,
            page: { port, host, allowedHosts: allowedHost, open },
          },
          {
            write: (text) => void terminal.stdout.write(text),
            isTerminal: terminal.isTerminal,
            columns: terminal.columns,
            program: programForShell(terminal.environment, process.argv[1]),
            signal: stop.signal,
          },
        );
      } finally {
        stop.remove();
      }
    });
}

function ipAddress(text: string): string {
  if (isIP(text) !== 0) return text;
  throw new InvalidArgumentError("It must be an IP address such as 0.0.0.0 or 192.168.1.20.");
}

function portList(text: string): number[] {
  return text.split(",").map((port) => numberFrom(0, 65_535)(port.trim()));
}

/**
 * How a shell starts this program again: by its name if the name is on the path, else by the file that runs.
 *
 * @param file the script that Node runs
 */
export function programForShell(
  { PATH = "" }: Readonly<Record<string, string | undefined>>,
  file = "",
): string {
  const directories = PATH.split(path.delimiter).filter((directory) => directory !== "");
  const isOnPath = directories.some((directory) => existsSync(path.join(directory, "aurex-node")));
  if (isOnPath || file === "") return "aurex-node";
  return isExecutable(file) ? shellWord(file) : `node ${shellWord(file)}`;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

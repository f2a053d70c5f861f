/** Where a command reads and writes: the process's own streams and environment, or a test's. */
import { homedir } from "node:os";
import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import { exitCodes, OperatorError } from "../node/operator-error.ts";

export interface Terminal {
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream;
  /** A person looks at stdout. */
  readonly isTerminal: boolean;
  /** A person can be asked. */
  readonly canAsk: boolean;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly homeDirectory: string;
  /** Asks for a line that is not shown. */
  askSecret(question: string): Promise<string>;
}

export function processTerminal(): Terminal {
  // Whoever read the output may stop reading, as `head` does: that is no failure of ours.
  const ignoreBrokenPipe = (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  };
  if (process.stdout.listenerCount("error") === 0) process.stdout.on("error", ignoreBrokenPipe);
  return {
    stdout: process.stdout,
    stderr: process.stderr,
    isTerminal: process.stdout.isTTY === true,
    canAsk: process.stdin.isTTY === true && process.stderr.isTTY === true,
    environment: process.env,
    homeDirectory: homedir(),
    askSecret,
  };
}

async function askSecret(question: string): Promise<string> {
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: silent, terminal: true });
  const interrupted = new AbortController();
  lines.once("SIGINT", () => interrupted.abort());
  process.stderr.write(question);
  try {
    return await lines.question("", { signal: interrupted.signal });
  } catch (thrown) {
    if (!interrupted.signal.aborted) throw thrown;
    throw new OperatorError("stopped before anything was done", {
      code: "cli/interrupted",
      exitCode: exitCodes.forcedStop,
      why: "Ctrl-C at the question for the passphrase",
      next: "run the command again",
      cause: thrown,
    });
  } finally {
    lines.close();
    process.stderr.write("\n");
  }
}

export function writeLine(terminal: Terminal, text: string): void {
  terminal.stdout.write(`${text}\n`);
}

/** One JSON value on one line, for programs. */
export function writeJson(terminal: Terminal, value: unknown): void {
  writeLine(terminal, JSON.stringify(value));
}

/** Where a command reads and writes: the process's own streams and environment, or a test's. */
import { homedir, hostname, userInfo } from "node:os";
import { createInterface, type Interface } from "node:readline/promises";
import { Writable } from "node:stream";
import { columnsDefault, type TableColumn, textTable } from "../base/text-table.ts";
import { exitCodes, OperatorError } from "../node/operator-error.ts";
import { guardProcessOutput, processLogOutput } from "./process-output.ts";

export interface Terminal {
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream;
  /** A person looks at stdout. */
  readonly isTerminal: boolean;
  /** Columns that a line may have: the terminal's, else those of the variable COLUMNS, else 80. */
  readonly columns: number;
  /** A person can be asked. */
  readonly canAsk: boolean;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The machine's name, after which a node is called by default; empty if it has none. */
  readonly hostName: string;
  /** Undefined where the system knows none: no HOME and no entry in the list of users, as in many containers. */
  readonly homeDirectory: string | undefined;
  /** Stdout for a log: lines may be lost, and a reader that hangs or went away harms nothing. */
  logOutput(): NodeJS.WritableStream;
  /** Asks for a line that is not shown; `signal` ends the question. */
  askSecret(question: string, signal?: AbortSignal): Promise<string>;
  /**
   * Asks for a text that may have several lines, as a pasted one has; it is not shown. It ends with an empty line, or
   * with the line that makes it whole: what was pasted after the first line must not reach the shell.
   */
  askSecretLines(question: string, isWhole: (text: string) => boolean): Promise<string>;
  /** Asks for a line that is shown. */
  ask(question: string): Promise<string>;
  /** All that stdin holds, to its end; what lies beyond `bytesMax` is cut, except for one byte that shows it. */
  readInput(bytesMax: number): Promise<Uint8Array>;
}

export function processTerminal(): Terminal {
  guardProcessOutput();
  return {
    stdout: process.stdout,
    stderr: process.stderr,
    isTerminal: process.stdout.isTTY === true,
    columns: columnsOf(process.stdout.columns, process.env.COLUMNS),
    canAsk: process.stdin.isTTY === true && process.stderr.isTTY === true,
    environment: process.env,
    hostName: nameOfMachine(),
    homeDirectory: knownHome(),
    logOutput: processLogOutput,
    askSecret: (question, signal) => askLine(question, "hidden", signal),
    askSecretLines,
    ask: (question) => askLine(question, "shown"),
    readInput,
  };
}

/** A terminal may say that it has 0 columns: a serial line does. */
function columnsOf(ofTerminal: number | undefined, variable: string | undefined): number {
  if (ofTerminal !== undefined && ofTerminal > 0) return ofTerminal;
  const given = /^[1-9]\d{1,3}$/.test(variable ?? "") ? Number(variable) : undefined;
  return given ?? columnsDefault;
}

function nameOfMachine(): string {
  try {
    return hostname();
  } catch {
    return "";
  }
}

/** Node throws where the user has no home; an empty HOME is none either. */
function knownHome(): string | undefined {
  try {
    return homedir() || userInfo().homedir || undefined;
  } catch {
    return undefined;
  }
}

async function askLine(question: string, echo: "shown" | "hidden", signal?: AbortSignal): Promise<string> {
  return asking(question, echo, signal, (lines, ended) =>
    // With echo the line editor writes the question itself, so that editing the line keeps it.
    lines.question(echo === "shown" ? question : "", { signal: ended }),
  );
}

/** One reader for all lines: what is pasted comes in one piece, and a second reader would not get the rest of it. */
async function askSecretLines(question: string, isWhole: (text: string) => boolean): Promise<string> {
  return asking(question, "hidden", undefined, (lines, ended) => {
    const given: string[] = [];
    return new Promise((resolve, reject) => {
      ended.addEventListener("abort", () => reject(ended.reason), { once: true });
      lines.on("line", (line) => {
        if (line.trim() !== "") given.push(line);
        const text = given.join("\n");
        if (line.trim() === "" || isWhole(text)) resolve(text);
      });
      lines.once("close", () => resolve(given.join("\n")));
    });
  });
}

async function asking(
  question: string,
  echo: "shown" | "hidden",
  signal: AbortSignal | undefined,
  ask: (lines: Interface, ended: AbortSignal) => Promise<string>,
): Promise<string> {
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const output = echo === "shown" ? process.stderr : silent;
  const lines = createInterface({ input: process.stdin, output, terminal: true });
  const interrupted = new AbortController();
  lines.once("SIGINT", () => interrupted.abort());
  if (echo === "hidden") process.stderr.write(question);
  try {
    const signals = signal ? [signal, interrupted.signal] : [interrupted.signal];
    return await ask(lines, AbortSignal.any(signals));
  } catch (thrown) {
    if (!interrupted.signal.aborted && !signal?.aborted) throw thrown;
    throw new OperatorError("stopped before anything was done", {
      code: "cli/interrupted",
      exitCode: exitCodes.forcedStop,
      why: "it was stopped at a question",
      next: "run the command again",
      cause: thrown,
    });
  } finally {
    lines.close();
    if (echo === "hidden" || interrupted.signal.aborted) process.stderr.write("\n");
  }
}

async function readInput(bytesMax: number): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of process.stdin) {
    chunks.push(chunk as Buffer);
    size += (chunk as Buffer).length;
    if (size > bytesMax) break;
  }
  return Buffer.concat(chunks).subarray(0, bytesMax + 1);
}

export function writeLine(terminal: Terminal, text: string): void {
  terminal.stdout.write(`${text}\n`);
}

/** One JSON value on one line, for programs. */
export function writeJson(terminal: Terminal, value: unknown): void {
  writeLine(terminal, JSON.stringify(value));
}

/**
 * A table that fits the terminal.
 *
 * @param wide cells stay whole, however wide the lines become
 */
export function tableFor(
  terminal: Terminal,
  columns: readonly (string | TableColumn)[],
  rows: readonly (readonly string[])[],
  wide = false,
): string {
  return textTable(columns, rows, wide ? undefined : terminal.columns);
}

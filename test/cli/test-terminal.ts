/** Runs the program in this process, with streams that remember and an environment of its own. */
import { Writable } from "node:stream";
import { main } from "../../src/cli/main.ts";
import type { Terminal } from "../../src/cli/terminal.ts";

export interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** What stdin holds. */
  readonly input?: string;
  readonly environment?: Record<string, string>;
  readonly homeDirectory?: string;
  readonly columns?: number;
  readonly hostName?: string;
  /** What a person answers to the questions, in order; without them nobody can be asked. */
  readonly answers?: readonly (string | ((question: string, stderr: string) => string))[];
}

export async function run(argv: readonly string[], options: RunOptions = {}): Promise<Run> {
  const stdout = new Remembering();
  const stderr = new Remembering();
  const answers = [...(options.answers ?? [])];
  const answerTo = async (question: string) => {
    const answer = answers.shift();
    if (answer === undefined) throw new Error(`nobody answers to ${question}`);
    return typeof answer === "function" ? answer(question, stderr.text) : answer;
  };
  const terminal: Terminal = {
    stdout,
    stderr,
    isTerminal: false,
    columns: options.columns ?? 80,
    canAsk: options.answers !== undefined,
    environment: options.environment ?? {},
    homeDirectory: options.homeDirectory ?? "/nonexistent/home",
    hostName: options.hostName ?? "",
    logOutput: () => stdout,
    askSecret: (question) => answerTo(question),
    askSecretLines: async (question, isWhole) => {
      const text = await answerTo(question);
      // As a terminal gives it: no further than the line that makes it whole.
      const lines = text.split("\n");
      const whole = lines.findIndex((_, index) => isWhole(lines.slice(0, index + 1).join("\n")));
      return whole < 0 ? text : lines.slice(0, whole + 1).join("\n");
    },
    ask: (question) => answerTo(question),
    readInput: async () => Buffer.from(options.input ?? ""),
  };
  const code = await main(argv, terminal);
  return { code, stdout: stdout.text, stderr: stderr.text };
}

class Remembering extends Writable {
  text = "";

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString("utf8");
    done();
  }
}

/** A home directory of its own for a test, real node processes in it, and command lines run by a shell as printed. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { patienceMs, until } from "../support/patience.ts";
import { type Run, type RunOptions, run } from "./test-terminal.ts";

export const program = path.join(import.meta.dirname, "../../bin/aurex-node.js");

/** Loopback only, on free ports. */
export const quiet = [
  ...["--listen-address", "127.0.0.1", "--port", "0", "--api-port", "0", "--no-mdns"],
  ...["--log-format", "json"],
];

export interface StartedNode {
  readonly child: ChildProcess;
  readonly apiUrl: string;
  readonly address: string;
  readonly nodeId: string;
  readonly chainId: string;
  readonly dataDir: string;
  readonly addresses: readonly string[];
  /** Ends the process and waits for it. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

export class RealHome {
  readonly directory: string;
  /** Where command lines run: the home directory, until a test sets another. */
  workingDirectory: string;
  readonly #nodes: StartedNode[] = [];
  readonly environment: Record<string, string>;

  private constructor(directory: string) {
    this.directory = directory;
    this.workingDirectory = directory;
    const own = Object.entries(process.env).filter(([name]) => !/^(?:AUREX_|NODE_TEST)/.test(name));
    this.environment = {
      ...(Object.fromEntries(own) as Record<string, string>),
      HOME: directory,
      PATH: `${path.join(directory, "bin")}:${path.dirname(process.execPath)}:${process.env.PATH}`,
      AUREX_MDNS: "false",
      AUREX_LISTEN_ADDRESS: "127.0.0.1",
    };
  }

  /** With `aurex-node` on its PATH, as an installed package has it. */
  static async open(): Promise<RealHome> {
    const home = new RealHome(await mkdtemp(path.join(tmpdir(), "aurex-home-")));
    await mkdir(home.path("bin"));
    const script = `#!/bin/sh\nexec '${process.execPath}' '${program}' "$@"\n`;
    await writeFile(home.path("bin", "aurex-node"), script, { mode: 0o755 });
    return home;
  }

  /** Ends every node and removes the directory. */
  async close(): Promise<void> {
    await Promise.all(this.#nodes.map((node) => node.stop("SIGKILL")));
    await rm(this.directory, { recursive: true, force: true });
  }

  path(...parts: string[]): string {
    return path.join(this.directory, ...parts);
  }

  /** A command in this process. */
  run(argv: readonly string[], options: RunOptions = {}): Promise<Run> {
    return run(argv, { homeDirectory: this.directory, ...options });
  }

  /** A command in this process that has to succeed. */
  async output(...argv: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(argv);
    assert.equal(code, 0, `${argv.join(" ")}: ${stderr}`);
    return stdout;
  }

  /** A node as a process of its own, once it has said that it started; `argv` as after `aurex-node`. */
  start(...argv: readonly string[]): Promise<StartedNode> {
    return this.#started(argv.join(" "), process.execPath, [program, ...argv]);
  }

  /** {@link start} for a line that was printed, read by a shell. */
  startLine(line: string): Promise<StartedNode> {
    return this.#started(line, "bash", ["-c", `exec ${line}`]);
  }

  async #started(what: string, file: string, argv: readonly string[]): Promise<StartedNode> {
    const child = this.#spawn(file, argv, { AUREX_LOG_FORMAT: "json" });
    const closed = once(child, "close");
    let said = "";
    child.stdout?.on("data", (chunk) => (said += chunk));
    child.stderr?.on("data", (chunk) => (said += chunk));
    const stop = async (signal: NodeJS.Signals = "SIGTERM") => {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      await closed;
    };
    const pending = { child, stop } as StartedNode;
    this.#nodes.push(pending);
    const started = await until(
      `${what} starts`,
      () => {
        assert.equal(child.exitCode, null, said);
        return said.split("\n").find((line) => line.includes('"msg":"started"'));
      },
      { seen: () => said },
    );
    return Object.assign(pending, JSON.parse(started), { child, stop });
  }

  /** A command line that a shell reads, as a person pastes it, to its end. */
  async line(line: string): Promise<Run> {
    const child = this.#spawn("bash", ["-c", line]);
    const limit = setTimeout(() => child.kill("SIGKILL"), patienceMs());
    const ran = await ranToItsEnd(child, line);
    clearTimeout(limit);
    return ran;
  }

  /** A command line that goes on until a signal is sent to its program. */
  lineUntilTold(line: string): { tell(signal: NodeJS.Signals): void; readonly ended: Promise<Run> } {
    const child = this.#spawn("bash", ["-c", `exec ${line}`]);
    return { tell: (signal) => child.kill(signal), ended: ranToItsEnd(child, line) };
  }

  #spawn(file: string, argv: readonly string[], more: Record<string, string> = {}): ChildProcess {
    return spawn(file, argv, {
      env: { ...this.environment, ...more },
      cwd: this.workingDirectory,
      stdio: ["ignore", "pipe", "pipe"],
    });
  }
}

async function ranToItsEnd(child: ChildProcess, line: string): Promise<Run> {
  let [stdout, stderr] = ["", ""];
  child.stdout?.on("data", (chunk) => (stdout += chunk));
  child.stderr?.on("data", (chunk) => (stderr += chunk));
  const [code, signal] = await once(child, "close");
  assert.equal(signal, null, `${line} did not end: ${stdout}${stderr}`);
  return { code, stdout, stderr };
}

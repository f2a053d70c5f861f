/** A home directory of its own for a test, real node processes in it, and commands that see only that home. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { until } from "../support/patience.ts";
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
  readonly #nodes: StartedNode[] = [];
  readonly #environment: Record<string, string | undefined>;

  private constructor(directory: string) {
    this.directory = directory;
    const own = Object.entries(process.env).filter(([name]) => !name.startsWith("AUREX_"));
    this.#environment = { ...Object.fromEntries(own), HOME: directory };
  }

  static async open(): Promise<RealHome> {
    return new RealHome(await mkdtemp(path.join(tmpdir(), "aurex-home-")));
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
  async start(...argv: readonly string[]): Promise<StartedNode> {
    const child = spawn(process.execPath, [program, ...argv], {
      env: this.#environment,
      cwd: this.directory,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const closed = once(child, "close");
    let said = "";
    child.stdout.on("data", (chunk) => (said += chunk));
    child.stderr.on("data", (chunk) => (said += chunk));
    const started = await until(
      `${argv.join(" ")} starts`,
      () => {
        assert.equal(child.exitCode, null, said);
        return said.split("\n").find((line) => line.includes('"msg":"started"'));
      },
      { seen: () => said },
    );
    const stop = async (signal: NodeJS.Signals = "SIGTERM") => {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      await closed;
    };
    const node = { ...JSON.parse(started), child, stop } as StartedNode;
    this.#nodes.push(node);
    return node;
  }
}

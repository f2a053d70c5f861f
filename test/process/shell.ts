/** The program as a shell starts it: with streams, limits, users and variables of all kinds. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import type { TestContext } from "node:test";
import type { NodeAnswer } from "../../src/api/node-status.ts";
import { createApiClient } from "../../src/client/api-client.ts";
import { readDirectoryLock } from "../../src/store/directory-lock.ts";
import { until } from "../support/patience.ts";
import { folderUntilEnd } from "../support/temporary-folder.ts";

export const program = path.join(import.meta.dirname, "../../bin/aurex-node.js");
/** The program, quoted for a shell. */
export const aurex = `'${process.execPath}' '${program}'`;
/** Flags of a node that disturbs nobody. */
export const quiet = "--listen-address 127.0.0.1 --port 0 --api-port 0 --no-mdns";

const environment = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !name.startsWith("AUREX_")),
);

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs one line of shell to its end. */
export function shell(line: string, variables: Record<string, string | undefined> = {}, cwd?: string): Ended {
  const { status, stdout, stderr } = spawnSync("bash", ["-c", line], {
    encoding: "utf8",
    env: { ...environment, ...variables },
    ...(cwd === undefined ? {} : { cwd }),
  });
  return { code: status, stdout, stderr };
}

/** Lasts as long as the test file: a process that is ended after the test may still write. */
export function folderOf(_t: TestContext): Promise<string> {
  return folderUntilEnd("aurex-process-");
}

/** A node that a line of shell became with `exec`; it ends with the test. */
export class ShellNode {
  readonly child: ChildProcess;
  readonly dataDir: string;
  stdout = "";
  stderr = "";
  readonly #closed: Promise<unknown>;

  constructor(t: TestContext, dataDir: string, line: string, variables: Record<string, string> = {}) {
    this.dataDir = dataDir;
    this.child = spawn("bash", ["-c", `exec ${line}`], {
      env: { ...environment, ...variables },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.child.stdout?.setEncoding("utf8").on("data", (text) => (this.stdout += text));
    this.child.stderr?.setEncoding("utf8").on("data", (text) => (this.stderr += text));
    // Not "exit": at that moment the last that it wrote may still be on its way.
    this.#closed = once(this.child, "close");
    t.after(async () => {
      this.child.kill("SIGKILL");
      await this.#closed;
    });
  }

  /** Resolves with the URL of the node's API, once it listens. */
  ready(): Promise<string> {
    return until("the node's API is there", async () => {
      assert.equal(this.child.exitCode, null, `the node ended: ${this.stdout}${this.stderr}`);
      return (await readDirectoryLock(this.dataDir))?.apiUrl;
    });
  }

  /** What the node says of itself, once it answers over plain HTTP. */
  async status(): Promise<NodeAnswer> {
    return createApiClient(await this.ready()).node();
  }

  /** Resolves with the exit code, once the process has ended by itself. */
  async ended(): Promise<number | null> {
    await this.#closed;
    return this.child.exitCode;
  }

  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<number | null> {
    this.child.kill(signal);
    await this.#closed;
    return this.child.exitCode;
  }
}

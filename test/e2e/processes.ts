/** Nodes and commands as real processes: started by the program, asked over the API, and ended with the test. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { NodeAnswer } from "../../src/api/node-status.ts";
import { type ApiClient, createApiClient } from "../../src/client/api-client.ts";
import { ApiUnreachable } from "../../src/client/api-problem.ts";
import { type ChainSpecJson, chainSpecFrom, chainSpecToJson } from "../../src/protocol/chain-spec-json.ts";
import { until } from "../support/patience.ts";

const program = path.join(import.meta.dirname, "../../bin/aurex-node.js");
/** What the machine sets for its own nodes must not reach ours. */
const environment = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !name.startsWith("AUREX_")),
);

/** Pino's number of the level "error". */
const errorLevel = 50;

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface StartedLine {
  readonly apiUrl: string;
  readonly addresses: readonly string[];
  readonly address: string;
  readonly nodeId: string;
}

/** One process of a test, and what it has written so far. */
export class Running {
  readonly child: ChildProcess;
  stdout = "";
  stderr = "";
  readonly ended: Promise<Ended>;
  hasEnded = false;

  constructor(argv: readonly string[], variables: Record<string, string> = {}) {
    this.child = spawn(process.execPath, [program, ...argv], {
      env: { ...environment, ...variables },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.child.stdout?.setEncoding("utf8").on("data", (text) => (this.stdout += text));
    this.child.stderr?.setEncoding("utf8").on("data", (text) => (this.stderr += text));
    this.ended = once(this.child, "close").then(([code]) => {
      this.hasEnded = true;
      return { code, stdout: this.stdout, stderr: this.stderr };
    });
  }

  stop(signal: NodeJS.Signals = "SIGTERM"): Promise<Ended> {
    this.child.kill(signal);
    return this.ended;
  }

  /** Log lines, each an object, whose message is or begins with this. */
  logged(message: string): Record<string, unknown>[] {
    return this.stdout
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line))
      .filter(({ msg }) => msg.startsWith(message));
  }
}

export class NodeProcess extends Running {
  #api: ApiClient | undefined;
  #started: StartedLine | undefined;

  /** A node that stops in good order finds nothing to complain of on the way. */
  override async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<Ended> {
    const before = this.logged("").length;
    const ended = await super.stop(signal);
    if (signal === "SIGTERM" && ended.code === 0) {
      const complaints = this.logged("")
        .slice(before)
        .filter(({ level }) => Number(level) >= errorLevel);
      assert.deepEqual(complaints, []);
    }
    return ended;
  }

  /** Resolves when the node listens and answers. */
  async ready(): Promise<this> {
    await until("the node has started", () => {
      assert.ok(!this.hasEnded, `the node ended: ${this.stdout}${this.stderr}`);
      return this.logged("started").length > 0;
    });
    this.#started = this.logged("started")[0] as unknown as StartedLine;
    this.#api = createApiClient(this.#started.apiUrl, { retries: 0 });
    return this;
  }

  get started(): StartedLine {
    assert.ok(this.#started, "the node is ready");
    return this.#started;
  }

  get api(): ApiClient {
    assert.ok(this.#api, "the node is ready");
    return this.#api;
  }

  get multiaddr(): string {
    return this.started.addresses[0] ?? "";
  }

  status(): Promise<NodeAnswer> {
    return this.api.node();
  }

  /** Resolves when `isSo` of what the node says of itself. */
  until(what: string, isSo: (status: NodeAnswer) => boolean): Promise<NodeAnswer> {
    let seen: unknown;
    return until(
      what,
      async () => {
        const status = await this.#statusIfAlive();
        seen = status ?? "no answer";
        return status && isSo(status) ? status : undefined;
      },
      { seen: () => seen },
    );
  }

  /** Undefined if a node that still runs is too busy to answer in time. */
  async #statusIfAlive(): Promise<NodeAnswer | undefined> {
    try {
      return await this.status();
    } catch (error) {
      if (this.hasEnded || !(error instanceof ApiUnreachable)) throw error;
      return undefined;
    }
  }

  async untilCommitted(id: string): Promise<void> {
    await until(`${id} is committed`, async () => (await this.transactionStatus(id)) === "committed");
  }

  /** Undefined where the node has not heard of it. */
  async transactionStatus(id: string): Promise<string | undefined> {
    return (await this.api.transaction(id).catch(() => undefined))?.status;
  }
}

/** What one test file starts; `close` belongs into its `after`. */
export class Stage {
  readonly folder: string;
  readonly #running: Running[] = [];

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async open(): Promise<Stage> {
    return new Stage(await mkdtemp(path.join(tmpdir(), "aurex-e2e-")));
  }

  /** Ends what still runs, by its pid. */
  async endAll(): Promise<void> {
    await Promise.all(this.#running.filter(({ hasEnded }) => !hasEnded).map((each) => each.stop("SIGKILL")));
  }

  /** The same, and removes what was written. */
  async close(): Promise<void> {
    await this.endAll();
    // What a killed process has started may still be on its way out.
    await rm(this.folder, { recursive: true, force: true, maxRetries: 10 });
  }

  place(name: string): string {
    return path.join(this.folder, name);
  }

  /** A node on free ports of loopback, with its data in the place of its name; it may not be ready yet. */
  launch(name: string, ...flags: string[]): NodeProcess {
    return this.launchBy([], name, ...flags);
  }

  /** The same by another command than the default one, such as `pool serve`. */
  launchBy(command: readonly string[], name: string, ...flags: string[]): NodeProcess {
    const node = new NodeProcess([
      ...command,
      ...["--name", name, "--data-dir", this.place(name), "--log-format", "json"],
      ...["--listen-address", "127.0.0.1", "--port", "0", "--api-port", "0", "--no-mdns"],
      ...flags,
    ]);
    this.#running.push(node);
    return node;
  }

  /** The same, once it is ready. */
  start(name: string, ...flags: string[]): Promise<NodeProcess> {
    return this.launch(name, ...flags).ready();
  }

  /** A node by a whole command line, as another node has printed it; once it is ready. */
  startAs(argv: readonly string[]): Promise<NodeProcess> {
    const node = new NodeProcess(argv);
    this.#running.push(node);
    return node.ready();
  }

  /** A command or a program that ends by itself. */
  run(argv: readonly string[], variables: Record<string, string> = {}): Running {
    const running = new Running(argv, variables);
    this.#running.push(running);
    return running;
  }

  /** Stdout of a command that must succeed. */
  async output(...argv: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(argv).ended;
    assert.equal(code, 0, `aurex-node ${argv.join(" ")}: ${stdout}${stderr}`);
    return stdout.trim();
  }

  /** The address of a node's own key, which is made where it is missing. */
  nodeAddress(name: string): Promise<string> {
    return this.output("keys", "node", "--address", "--data-dir", this.place(name));
  }

  /** Writes a chain spec; `salt` tells one chain from another. */
  async spec(
    fileName: string,
    json: Omit<ChainSpecJson, "name" | "timestamp" | "salt"> & { salt?: string },
  ): Promise<string> {
    const spec = chainSpecFrom({
      name: "e2e",
      timestamp: "2026-01-01T00:00:00.000Z",
      ...json,
      salt: (json.salt ?? "11").repeat(32),
    });
    if (!spec.ok) throw new Error(`${spec.fault.field} ${spec.fault.reason}`);
    const file = this.place(fileName);
    await writeFile(file, chainSpecToJson(spec.value));
    return file;
  }
}

/** A Proof of Work chain whose blocks take next to no time, and whose target stays at the floor: none is as fast as it asks. */
export const fastPow = {
  consensus: "pow",
  difficulty: 1,
  targetBlockTimeMs: 1,
  minimumIntervalMs: 1,
} as const;

/** Resolves when all stand at one head, and returns it. */
export async function untilAgreed(nodes: readonly NodeProcess[]): Promise<NodeAnswer["head"]> {
  let heads: NodeAnswer["head"][] = [];
  await until("all nodes stand at one head", async () => {
    heads = (await Promise.all(nodes.map((node) => node.status()))).map(({ head }) => head);
    return new Set(heads.map(({ hash }) => hash)).size === 1;
  });
  return heads[0] as NodeAnswer["head"];
}

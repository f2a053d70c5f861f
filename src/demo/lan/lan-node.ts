/** A node on a machine of a LAN: the program as an operator starts it there, asked over its API and ended by its pid. */
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import type { NodeAnswer } from "../../api/node-status.ts";
import { type ApiClient, createApiClient } from "../../client/api-client.ts";
import type { Machine } from "./machine.ts";

const program = fileURLToPath(new URL("../../../bin/aurex-node.js", import.meta.url));
const apiUrl = "http://127.0.0.1:13280";
const stderrKeptMax = 4_096;
const stopMaxMs = 20_000;
/** What this machine sets for nodes of its own must not reach these. */
const environment = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !name.startsWith("AUREX_")),
);

export interface LanNodeOptions {
  /** The home directory of the machine's user; the node's data is where it is by default below it. */
  readonly home: string;
  readonly network?: string;
  /** Besides engine, role and name. */
  readonly flags?: readonly string[];
}

export interface CommandEnd {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export class LanNode {
  readonly machine: Machine;
  readonly api: ApiClient;
  readonly dataDir: string;
  readonly #options: LanNodeOptions;
  #child: ChildProcess | undefined;
  #ended: Promise<unknown> = Promise.resolve();
  #stderr = "";

  constructor(machine: Machine, options: LanNodeOptions) {
    this.machine = machine;
    this.#options = options;
    this.api = createApiClient(apiUrl, { fetch: machine.fetch });
    this.dataDir = path.join(options.home, ".aurex", options.network ?? "aurex", machine.name);
  }

  get name(): string {
    return this.machine.name;
  }

  /** As it is typed on the machine. */
  get commandLine(): string {
    return ["aurex-node", ...this.#argv()].join(" ");
  }

  get isRunning(): boolean {
    return this.#child !== undefined;
  }

  /** The last that it wrote to stderr. */
  get stderr(): string {
    return this.#stderr;
  }

  /**
   * Starts the process; it may take seconds until it answers.
   *
   * @param more flags of this start alone
   */
  async start(...more: readonly string[]): Promise<void> {
    await mkdir(this.#options.home, { recursive: true });
    const child = this.#spawn([...this.#argv(), ...more], ["ignore", "ignore", "pipe"]);
    this.#stderr = "";
    child.stderr?.setEncoding("utf8").on("data", (written) => {
      this.#stderr = (this.#stderr + written).slice(-stderrKeptMax);
    });
    this.#child = child;
    this.#ended = once(child, "close").then(() => {
      this.#child = undefined;
    });
    await once(child, "spawn");
  }

  /** What it says of itself; undefined while nothing answers. */
  status(): Promise<NodeAnswer | undefined> {
    return this.api.node().catch(() => undefined);
  }

  /** As by `kill -9`. */
  async kill(): Promise<void> {
    this.#child?.kill("SIGKILL");
    await this.#ended;
  }

  /** As by Ctrl-C; killed where it does not end in time. */
  async stop(): Promise<void> {
    const overdue = setTimeout(() => this.#child?.kill("SIGKILL"), stopMaxMs);
    this.#child?.kill("SIGINT");
    await this.#ended;
    clearTimeout(overdue);
  }

  /** Runs another command of the program on the machine, with this node's data directory. */
  async command(...argv: readonly string[]): Promise<CommandEnd> {
    const child = this.#spawn([...argv, "--data-dir", this.dataDir], ["ignore", "pipe", "pipe"]);
    const [[code], stdout, stderr] = await Promise.all([
      once(child, "close"),
      text(child.stdout as NodeJS.ReadableStream & AsyncIterable<string>),
      text(child.stderr as NodeJS.ReadableStream & AsyncIterable<string>),
    ]);
    return { code, stdout, stderr };
  }

  #argv(): string[] {
    const { network, flags = [] } = this.#options;
    const named = network === undefined ? [] : ["--network", network];
    return ["--consensus", "poa", "--authority", "--name", this.name, ...named, ...flags];
  }

  #spawn(argv: readonly string[], stdio: ("ignore" | "pipe")[]): ChildProcess {
    const env = { ...environment, HOME: this.#options.home };
    return this.machine.spawn(process.execPath, [program, ...argv], { env, stdio });
  }
}

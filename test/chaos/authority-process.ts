/** One authority as a process of its own, which can be killed, restarted, paused and cut off. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { openSync } from "node:fs";
import path from "node:path";
import type { NodeAnswer } from "../../src/api/node-status.ts";
import { type ApiClient, createApiClient } from "../../src/client/api-client.ts";
import type { Lan } from "../../src/demo/lan/lan.ts";
import type { Machine } from "../../src/demo/lan/machine.ts";
import { patienceMs } from "../support/patience.ts";

const program = path.join(import.meta.dirname, "../../bin/aurex-node.js");
/** What the machine sets for its own nodes must not reach ours. */
const environment = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !name.startsWith("AUREX_")),
);

export interface AuthorityOptions {
  readonly name: string;
  readonly dataDir: string;
  /** Takes what the process writes, so that a failed run can be looked into. */
  readonly outputFile: string;
  readonly flags: readonly string[];
  readonly apiUrl: string;
  /** The node's machine on a LAN of namespaces; undefined: on this machine's loopback. */
  readonly place: { readonly lan: Lan; readonly machine: Machine } | undefined;
}

export class AuthorityProcess {
  readonly name: string;
  readonly api: ApiClient;
  readonly #options: AuthorityOptions;
  #child: ChildProcess | undefined;
  #ended: Promise<unknown> = Promise.resolve();

  constructor(options: AuthorityOptions) {
    this.#options = options;
    this.name = options.name;
    this.api = createApiClient(options.apiUrl, {
      ...(options.place ? { fetch: options.place.machine.fetch } : {}),
      retries: 0,
    });
  }

  /** False after a kill, and after an end that nobody asked for. */
  get isRunning(): boolean {
    return this.#child !== undefined;
  }

  /** Starts the process; it may take seconds until it answers. */
  async start(): Promise<void> {
    const { name, dataDir, outputFile, flags, place } = this.#options;
    const output = openSync(outputFile, "a");
    const argv = [program, "start", "--name", name, "--data-dir", dataDir, ...flags];
    const options = { env: environment, stdio: ["ignore", output, output] as ("ignore" | number)[] };
    const child = place
      ? place.machine.spawn(process.execPath, argv, options)
      : spawn(process.execPath, argv, options);
    this.#child = child;
    this.#ended = once(child, "close").then(() => {
      this.#child = undefined;
    });
    await once(child, "spawn");
  }

  /** As by `kill -9`. */
  async kill(): Promise<void> {
    this.#child?.kill("SIGKILL");
    await this.#ended;
  }

  /** As by `kill`; killed if it does not end in time. */
  async stop(): Promise<void> {
    const overdue = setTimeout(() => this.#child?.kill("SIGKILL"), patienceMs(30_000));
    this.#child?.kill("SIGTERM");
    await this.#ended;
    clearTimeout(overdue);
  }

  pause(): void {
    this.#child?.kill("SIGSTOP");
  }

  resume(): void {
    this.#child?.kill("SIGCONT");
  }

  cut(): void {
    this.#options.place?.lan.cut(this.#options.place.machine);
  }

  mend(): void {
    this.#options.place?.lan.mend(this.#options.place.machine);
  }

  /** What it says of itself; undefined if nothing answers. */
  status(): Promise<NodeAnswer | undefined> {
    return this.api.node().catch(() => undefined);
  }
}

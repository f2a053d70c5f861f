/** Starts node processes, connects them, tells them what to do and keeps what they report. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { chainSpecToJson } from "../src/protocol/chain-spec-json.ts";
import type { ChainSpec } from "../src/protocol/genesis.ts";
import { nodeFlags } from "./as-a-node.ts";
import { until } from "./measure.ts";
import type { NodeProcessOptions, Order, Report } from "./node-process.ts";

export class NodeProcess {
  readonly name: string;
  readonly #child: ChildProcess;
  readonly #listeners = new Set<(report: Report) => void>();
  #exitCode: number | null | undefined;
  address = "";
  /** Empty without an API. */
  apiUrl = "";
  peers = 0;
  /** Transactions in its canonical chain, and when the last of them came, on the machine's monotonic clock. */
  committed = 0;
  committedAtMs = 0;

  private constructor(options: NodeProcessOptions) {
    this.name = options.name;
    this.#child = fork(path.join(import.meta.dirname, "node-process.ts"), [JSON.stringify(options)], {
      serialization: "advanced",
      execArgv: [...nodeFlags],
    });
    this.#child.on("exit", (code) => {
      this.#exitCode = code;
    });
    this.#child.on("message", (report: Report) => {
      if (report.report === "started") {
        this.address = report.address;
        this.apiUrl = report.apiUrl;
      }
      if (report.report === "peers") this.peers = report.count;
      if (report.report === "head") {
        this.committed = report.committed;
        this.committedAtMs = report.atMs;
      }
      for (const listener of this.#listeners) listener(report);
    });
  }

  static async start(options: NodeProcessOptions): Promise<NodeProcess> {
    const started = new NodeProcess(options);
    await until(() => started.#alive() && started.address !== "", `${options.name} starts`);
    return started;
  }

  #alive(): boolean {
    if (this.#exitCode !== undefined) throw new Error(`${this.name} ended with code ${this.#exitCode}`);
    return true;
  }

  tell(order: Order): void {
    this.#alive();
    this.#child.send(order);
  }

  /** The first report that fits, from now on. */
  async heard<Kind extends Report["report"]>(
    kind: Kind,
    fits: (report: Extract<Report, { report: Kind }>) => boolean = () => true,
  ): Promise<Extract<Report, { report: Kind }>> {
    let found: Extract<Report, { report: Kind }> | undefined;
    const listener = (report: Report) => {
      const heard = report as Extract<Report, { report: Kind }>;
      if (report.report === kind && fits(heard)) found ??= heard;
    };
    this.#listeners.add(listener);
    try {
      await until(() => this.#alive() && found !== undefined, `${this.name} reports ${kind}`);
    } finally {
      this.#listeners.delete(listener);
    }
    return found as Extract<Report, { report: Kind }>;
  }

  async stop(): Promise<void> {
    if (this.#exitCode !== undefined) return;
    const ended = once(this.#child, "exit");
    this.#child.send({ order: "stop" } satisfies Order);
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), 10_000);
    await ended;
    clearTimeout(timer);
  }
}

export interface NodeProcessesOptions {
  readonly folder: string;
  readonly count: number;
  readonly spec: ChainSpec;
  readonly authority: boolean;
  readonly watchMempool: boolean;
  /** Serve the API on any port. */
  readonly api?: boolean;
  /** Pairs of positions to connect. */
  readonly links: readonly (readonly [from: number, to: number])[];
}

/** The data directory of the node at a position, so that its key can be made before the spec that names it. */
export function directoryOfNode(folder: string, position: number): string {
  return path.join(folder, `node-${position}`);
}

/** Starts the nodes and connects them; they are stopped when `resources` are disposed of. */
export async function startNodes(
  { folder, count, spec, links, ...rest }: NodeProcessesOptions,
  resources: AsyncDisposableStack,
): Promise<NodeProcess[]> {
  const nodes: NodeProcess[] = [];
  for (let position = 0; position < count; position += 1) {
    const node = await NodeProcess.start({
      dataDir: directoryOfNode(folder, position),
      name: `node-${position}`,
      specJson: chainSpecToJson(spec),
      ...rest,
    });
    resources.defer(() => node.stop());
    nodes.push(node);
  }
  for (const [from, to] of links) {
    nodes[from]?.tell({ order: "dial", address: nodes[to]?.address ?? "" });
  }
  await until(() => isLinked(nodes, links), "the nodes are connected");
  // A mesh is grafted at gossip's next heartbeats, and only then does a message go straight through.
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  return nodes;
}

/** Whether every node has as many peers as the links give it: no more, no fewer. */
export function isLinked(nodes: readonly NodeProcess[], links: NodeProcessesOptions["links"]): boolean {
  return nodes.every(
    (node, position) => node.peers === links.filter((link) => link.includes(position)).length,
  );
}

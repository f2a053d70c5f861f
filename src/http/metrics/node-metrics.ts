/** What a node says of itself as Prometheus reads it: one for each node, since one process may run several. */
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { bytesEqual } from "../../base/bytes.ts";
import { type StageWatcher, stages } from "../../base/stage-times.ts";
import type { Chain, HeadChange } from "../../chain/chain.ts";
import type { Header } from "../../protocol/block.ts";
import { publicKeyOfAddress } from "../../protocol/identity.ts";
import type { ApiModules } from "../api-modules.ts";
import type { HubStatistics } from "../events/hub-options.ts";
import { unwatchLoop, watchLoop } from "./event-loop-delay.ts";
import { figures } from "./figures.ts";
import { ProcessMetrics } from "./process-metrics.ts";
import { RequestMetrics } from "./request-metrics.ts";

export type MetricsModules = Pick<ApiModules, "chain" | "status" | "software" | "hostMetrics">;

const prefix = "aurex_";
/** A block of a class's chain takes milliseconds, one with 5,000 transfers about a second. */
const stageBuckets = [0.0005, 0.002, 0.01, 0.05, 0.2, 1, 5];

export class NodeMetrics {
  /** Of the API; only what is counted is shown. */
  readonly requests: RequestMetrics;
  readonly #modules: MetricsModules;
  readonly #registry = new Registry();
  readonly #refreshed: (() => void | Promise<void>)[] = [];
  readonly #ended: (() => void)[] = [];
  #isClosed = false;

  constructor(modules: MetricsModules) {
    this.#modules = modules;
    this.#showStatus();
    this.#showHead();
    this.#countBlocks();
    this.#timeStages();
    this.#showProcess();
    this.requests = new RequestMetrics(this.#registry);
  }

  /** Content type of {@link text}. */
  get contentType(): string {
    return this.#registry.contentType;
  }

  /** Everything as of now. */
  async text(): Promise<string> {
    const { status, hostMetrics } = this.#modules;
    const { name, chainId } = status();
    const labels = { node: name, chain: chainId.slice(0, 16) };
    await Promise.all(this.#refreshed.map((refresh) => refresh()));
    const registries = hostMetrics ? [this.#registry, hostMetrics] : [this.#registry];
    const texts = registries.map((registry) => {
      registry.setDefaultLabels(labels);
      return registry.metrics();
    });
    return (await Promise.all(texts)).join("\n");
  }

  /** Shows how many follow the node's events, from now on. */
  showEvents(statistics: () => HubStatistics): void {
    const registers = [this.#registry];
    const listeners = this.#gauge(`${prefix}event_listeners`, "Programs that follow the node's events.");
    const dropped = new Counter({
      name: `${prefix}event_listeners_dropped_total`,
      help: "Programs that were disconnected as they did not read, since the start.",
      registers,
    });
    const made = new Counter({
      name: `${prefix}events_total`,
      help: "Events that were told to anybody, since the start.",
      registers,
    });
    this.#refreshed.push(() => {
      const now = statistics();
      listeners.set(now.listeners);
      dropped.reset();
      dropped.inc(now.listenersDropped);
      made.reset();
      made.inc(now.eventsMade);
    });
  }

  /** Watches the node no more; again does nothing. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const end of this.#ended) end();
  }

  #gauge(name: string, help: string, labelNames: string[] = []): Gauge {
    return new Gauge({ name, help, labelNames, registers: [this.#registry] });
  }

  #showStatus(): void {
    const { status, software } = this.#modules;
    const gauges = figures.map(({ name, help, read }) => ({ read, gauge: this.#gauge(prefix + name, help) }));
    const labels = ["software", "consensus", "runtime"];
    const buildInfo = this.#gauge(`${prefix}build_info`, "Always 1; the labels say what runs.", labels);
    this.#refreshed.push(() => {
      const now = status();
      buildInfo.set({ software, consensus: now.consensus, runtime: process.version }, 1);
      for (const { read, gauge } of gauges) {
        const value = read(now);
        if (value === null) gauge.remove();
        else gauge.set(value);
      }
    });
  }

  #showHead(): void {
    const { chain } = this.#modules;
    const weight = this.#gauge(
      `${prefix}head_weight`,
      "Weight of the newest block for fork choice; in Proof of Work the hashes that it takes on average.",
    );
    this.#refreshed.push(() => {
      const parent = chain.headerOf(chain.head.header.parentHash);
      weight.set(Number(chain.head.cumulativeWeight - (parent?.cumulativeWeight ?? 0n)));
    });
  }

  #countBlocks(): void {
    const { chain, status } = this.#modules;
    const registers = [this.#registry];
    const counter = (suffix: string, help: string) => new Counter({ name: prefix + suffix, help, registers });
    const connectedBlocks = counter(
      "blocks_connected_total",
      "Blocks that joined the chain since the start.",
    );
    const ownBlocks = counter("own_blocks_connected_total", "Those of them that this node's key produced.");
    const transactions = counter(
      "transactions_connected_total",
      "Transactions in the blocks that joined the chain since the start.",
    );
    const disconnectedBlocks = counter(
      "blocks_disconnected_total",
      "Blocks that left the chain since the start.",
    );
    const reorganizations = counter("reorganizations_total", "Times that another branch took over.");
    const missedTurns = counter(
      "own_turns_missed_total",
      "Blocks since the start that this node, an authority, should have sealed and another one did.",
    );
    let ownKey: Uint8Array | undefined;
    const onHeadChanged = ({ connected, disconnected }: HeadChange) => {
      ownKey ??= publicKeyOfAddress(status().address) ?? new Uint8Array();
      const key = ownKey;
      connectedBlocks.inc(connected.length);
      ownBlocks.inc(connected.filter(({ header }) => bytesEqual(header.producer, key)).length);
      transactions.inc(connected.reduce((sum, { transactions: inBlock }) => sum + inBlock.length, 0));
      missedTurns.inc(connected.filter(({ header }) => hasMissed(key, header, chain)).length);
      disconnectedBlocks.inc(disconnected.length);
      if (disconnected.length > 0) reorganizations.inc();
    };
    chain.events.on("headChanged", onHeadChanged);
    this.#ended.push(() => chain.events.off("headChanged", onHeadChanged));
  }

  #timeStages(): void {
    const { chain } = this.#modules;
    const histogram = new Histogram({
      name: `${prefix}block_stage_seconds`,
      help: "How long a stage of taking in blocks took: decode (from gossip), verify (signatures), execute, commit.",
      labelNames: ["stage"],
      buckets: stageBuckets,
      registers: [this.#registry],
    });
    const byStage = new Map(stages.map((stage) => [stage, histogram.labels(stage)]));
    const watcher: StageWatcher = (stage, ms) => byStage.get(stage)?.observe(ms / 1_000);
    chain.times.watch(watcher);
    this.#ended.push(() => chain.times.unwatch(watcher));
  }

  #showProcess(): void {
    const { status } = this.#modules;
    const metrics = new ProcessMetrics(this.#registry);
    watchLoop();
    this.#ended.push(unwatchLoop);
    this.#refreshed.push(() => metrics.refresh(status().dataDir));
  }
}

/** True if `key` is an authority whose turn came before that of the block's producer. */
function hasMissed(key: Uint8Array, { producer, parentHash }: Header, chain: Chain): boolean {
  const parent = bytesEqual(producer, key) ? undefined : chain.headerOf(parentHash);
  if (!parent) return false;
  for (const { authority } of chain.engine.authority?.turns(parent) ?? []) {
    if (bytesEqual(authority, key)) return true;
    if (bytesEqual(authority, producer)) return false;
  }
  return false;
}

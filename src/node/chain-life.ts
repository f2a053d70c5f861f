/** From no chain to a chain, and from one to another: a node's life without its machine. */
import { bytesEqual, toHex } from "../base/bytes.ts";
import type { Clock } from "../base/clock.ts";
import { toError } from "../base/invariant.ts";
import type { Logger } from "../base/logger.ts";
import { fetchGenesis } from "../network/founding/fetch-genesis.ts";
import { trustText } from "../network/founding/founded-spec.ts";
import { type FoundingOptions, foundOrJoin } from "../network/founding/founding.ts";
import { type ChainStanding, resolveChains } from "../network/founding/resolve-chains.ts";
import type { Hello } from "../network/messages.ts";
import type { PeerHost, PeerId } from "../network/peer-host.ts";
import type { ChainSpec } from "../protocol/genesis.ts";
import type { ChainOrigin, PinnedChain } from "./data-directory.ts";

/** What a life needs of the node that runs on a chain. */
export interface LivingNode {
  readonly host: PeerHost;
  /** False while the chain is provisional. */
  readonly established: boolean;
  start(): Promise<void>;
  /** Nothing of the node runs any more, its host included. */
  stop(): Promise<void>;
  /** Calls back with every hello of a peer that has another chain of this network and engine. */
  onOtherChain(listener: (peer: PeerId, hello: Hello) => void): void;
  /** Says that the two chains never merge, with both ids and what to do, and parts from the peer for some minutes. */
  refuseChain(peer: PeerId): void;
}

/** Where the chain of a node is kept while no process runs. */
export interface ChainShelf {
  pinned(): Promise<PinnedChain | undefined>;
  pin(spec: ChainSpec, origin: ChainOrigin): Promise<void>;
  /** Sets the old chain aside and pins the new one; resolves to where the old one is. */
  change(from: ChainSpec, to: ChainSpec): Promise<string>;
}

export interface ChainLifeOptions extends FoundingOptions {
  /** Named by the operator: the node is on this chain or none. */
  readonly spec: ChainSpec | undefined;
}

export interface ChainLifeModules<Node extends LivingNode> {
  readonly shelf: ChainShelf;
  /** A host for the founding, not started. */
  readonly openHost: () => Promise<PeerHost>;
  /** The node on a chain, not started. */
  readonly openNode: (spec: ChainSpec) => Promise<Node>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** 32 random bytes. */
  readonly salt: () => Uint8Array;
  readonly onStarted?: (node: Node) => void;
}

const wrongGenesisBanMs = 5 * 60_000;
/** A peer whose chain gives way to ours has this long to change over, then it is taken for one that never will. */
const changeOverMs = 60_000;
/** The second change of chain comes no sooner than this after the first, the third twice as long after the second. */
const changePauseMs = 10_000;

export class ChainLife<Node extends LivingNode> {
  readonly #options: ChainLifeOptions;
  readonly #modules: ChainLifeModules<Node>;
  #host: PeerHost | undefined;
  #node: Node | undefined;
  #changes = 0;
  #changedAtMs = 0;

  constructor(options: ChainLifeOptions, modules: ChainLifeModules<Node>) {
    this.#options = options;
    this.#modules = modules;
  }

  /** The node while there is one on a chain. */
  get node(): Node | undefined {
    return this.#node;
  }

  /** The host of the founding while there is no chain. */
  get foundingHost(): PeerHost | undefined {
    return this.#host;
  }

  /**
   * Runs until `signal`; everything is stopped when it resolves or rejects.
   *
   * @throws whatever a host or node throws that cannot be opened or started
   */
  async run(signal: AbortSignal): Promise<void> {
    let chain = await this.#chain(signal);
    while (chain && !signal.aborted) {
      const next = await this.#live(chain, signal);
      if (!next || signal.aborted) return;
      const { shelf, logger, clock } = this.#modules;
      const aside = await shelf.change(chain.spec, next);
      this.#changes += 1;
      this.#changedAtMs = clock.monotonicMs();
      const fields = { left: toHex(chain.spec.chainId), joined: toHex(next.chainId), aside };
      logger.warn(
        fields,
        "this node changes to another chain of its network; the one it leaves is set aside",
      );
      chain = { spec: next, origin: "joined" };
    }
  }

  /** The chain that is named, that is there already, or that founding ends with; undefined where `signal` came first. */
  async #chain(signal: AbortSignal): Promise<PinnedChain | undefined> {
    const { spec } = this.#options;
    const { shelf, openHost, logger, clock, salt } = this.#modules;
    if (spec) return { spec, origin: "given" };
    const pinned = await shelf.pinned();
    if (pinned || signal.aborted) return pinned;
    const host = await openHost();
    this.#host = host;
    const modules = { host, logger, clock, salt };
    const found = await foundOrJoin(this.#options, modules, signal).finally(() => {
      this.#host = undefined;
    });
    // Pinned before anybody hears of the chain: whatever is killed from here on goes on with this genesis.
    const origin = this.#options.onlyChain ? "given" : found?.origin;
    if (!found || !origin) return undefined;
    await shelf.pin(found.spec, origin);
    return { spec: found.spec, origin };
  }

  /** Runs the node on its chain; resolves to the chain to change to, or undefined when `signal` ends it. */
  async #live(chain: PinnedChain, signal: AbortSignal): Promise<ChainSpec | undefined> {
    const { openNode, logger, onStarted } = this.#modules;
    const node = await openNode(chain.spec);
    const { promise, resolve } = Promise.withResolvers<ChainSpec | undefined>();
    const onAbort = () => resolve(undefined);
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      if (signal.aborted) return undefined;
      const { spec } = chain;
      if (spec.admission) logger.info({ chainId: toHex(spec.chainId) }, trustText(spec));
      this.#watch(node, chain, resolve);
      await node.start();
      this.#node = node;
      onStarted?.(node);
      return await promise;
    } finally {
      signal.removeEventListener("abort", onAbort);
      this.#node = undefined;
      await node.stop();
    }
  }

  /** Decides about each peer that is on another chain of this network. */
  #watch(node: Node, { spec, origin }: PinnedChain, change: (to: ChainSpec) => void): void {
    const { clock, logger } = this.#modules;
    let isFetching = false;
    /** Since when a peer's chain should give way to ours; bounded by the host's connections. */
    const givingWaySinceMs = new Map<PeerId, number>();
    const apart = new Set<PeerId>();
    node.host.events.on("peerDisconnected", (peer) => {
      givingWaySinceMs.delete(peer);
      apart.delete(peer);
    });
    const stayApart = (peer: PeerId) => {
      if (!apart.has(peer)) node.refuseChain(peer);
      apart.add(peer);
    };

    const resolveWith = (theirs: ChainStanding) =>
      spec.consensus === "pow"
        ? "irreconcilable"
        : resolveChains({ chainId: spec.chainId, established: node.established }, theirs);

    const follow = async (peer: PeerId, theirs: ChainStanding) => {
      isFetching = true;
      try {
        const wanted = { chainId: theirs.chainId, consensus: spec.consensus };
        const genesis = await fetchGenesis(node.host, peer, wanted);
        if (!genesis.ok) {
          logger.warn({ peer, reason: genesis.fault }, "a peer's genesis is refused");
          await node.host.ban(peer, wrongGenesisBanMs, "wrong genesis");
        } else if (resolveWith(theirs) === "yield") change(genesis.value);
      } catch (thrown) {
        logger.info({ peer, reason: toError(thrown).message }, "a genesis could not be fetched");
      } finally {
        isFetching = false;
      }
    };

    node.onOtherChain((peer, hello) => {
      if (bytesEqual(hello.chainId, spec.chainId)) return;
      const theirs = { chainId: hello.chainId, established: hello.established === 1 };
      const verdict = resolveWith(theirs);
      if (verdict === "stay") {
        const sinceMs = givingWaySinceMs.get(peer) ?? clock.monotonicMs();
        givingWaySinceMs.set(peer, sinceMs);
        if (clock.monotonicMs() - sinceMs >= changeOverMs) stayApart(peer);
      } else if (verdict === "irreconcilable" || origin === "given") {
        stayApart(peer);
      } else if (!isFetching && this.#mayChange()) void follow(peer, theirs);
    });
  }

  #mayChange(): boolean {
    const sinceMs = this.#modules.clock.monotonicMs() - this.#changedAtMs;
    return this.#changes === 0 || sinceMs >= changePauseMs * this.#changes;
  }
}

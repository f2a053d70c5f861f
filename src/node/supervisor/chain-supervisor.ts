/** The supervisor of a node's chain: it founds, joins or resumes a chain, runs the node on it, and changes to another chain. It has no disk and no network of its own: simulations use it, too. */
import { bytesEqual, includesBytes, toHex } from "../../base/bytes.ts";
import type { Clock } from "../../base/clock.ts";
import { toError } from "../../base/invariant.ts";
import type { Logger } from "../../base/logger.ts";
import { fetchGenesis } from "../../network/founding/fetch-genesis.ts";
import { trustText } from "../../network/founding/founded-spec.ts";
import { type FoundingOptions, foundOrJoin } from "../../network/founding/founding.ts";
import { type ChainStanding, resolveChains } from "../../network/founding/resolve-chains.ts";
import type { PeerHost, PeerId } from "../../network/peer-host.ts";
import type { KnownPeer } from "../../network/peers/directory.ts";
import type { ChainSpec } from "../../protocol/genesis.ts";
import type { ChainOrigin, PinnedChain } from "../data-directory.ts";

/** What the supervisor needs of the node that runs on a chain. */
export interface SupervisedNode {
  readonly host: PeerHost;
  /** False while the chain is provisional. */
  readonly established: boolean;
  /** The chain is ahead of this machine's clock: nothing can be sealed on it for as long. */
  readonly isAhead: boolean;
  start(): Promise<void>;
  /** Nothing of the node runs any more, its host included. */
  stop(): Promise<void>;
  /** Calls back with every status of a peer that has another chain of this network and engine. */
  onOtherChain(listener: (peer: KnownPeer) => void): void;
  /** Says that the two chains never merge, with both ids and what to do, and parts from the peer for some minutes. */
  refuseChain(peer: PeerId): void;
}

/** Keeps the chain of a node while no process runs. */
export interface ChainRepository {
  pinned(): Promise<PinnedChain | undefined>;
  pin(spec: ChainSpec, origin: ChainOrigin): Promise<void>;
  /** Sets the old chain aside and pins the new one; resolves to where the old one is. */
  change(from: ChainSpec, to: ChainSpec): Promise<string>;
  /** Sets the chain aside for good and pins none; resolves to where it is. */
  leave(from: ChainSpec): Promise<string>;
  /** Ids of the chains that were set aside for good: this node never joins them. */
  left(): Promise<readonly Uint8Array[]>;
}

export interface ChainSupervisorOptions extends FoundingOptions {
  /** Named by the operator: the node is on this chain or none. */
  readonly spec: ChainSpec | undefined;
}

export interface ChainSupervisorModules<Node extends SupervisedNode> {
  readonly repository: ChainRepository;
  /** A host for the founding, not started. */
  readonly openHost: () => Promise<PeerHost>;
  /** The node on a chain, not started. */
  readonly openNode: (chain: PinnedChain) => Promise<Node>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** 32 random bytes. */
  readonly salt: () => Uint8Array;
  readonly onStarted?: (node: Node) => void;
}

/** A peer whose chain gives way to ours has this long to change over, then it is taken for one that never will. */
const changeOverMs = 60_000;
/** The second change of chain comes no sooner than this after the first, the third twice as long after the second. */
const changePauseMs = 10_000;

export class ChainSupervisor<Node extends SupervisedNode> {
  readonly #options: ChainSupervisorOptions;
  readonly #modules: ChainSupervisorModules<Node>;
  #host: PeerHost | undefined;
  #node: Node | undefined;
  #leaveChain: (() => void) | undefined;
  #left: readonly Uint8Array[] = [];
  /** Ids in hex of the chains that this process has changed from. */
  readonly #changedFrom = new Set<string>();
  #changes = 0;
  #changedAtMs = 0;

  constructor(options: ChainSupervisorOptions, modules: ChainSupervisorModules<Node>) {
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
      const { repository, logger, clock } = this.#modules;
      if (next === "anew") {
        const place = await repository.leave(chain.spec);
        const left = { left: toHex(chain.spec.chainId), aside: place };
        logger.warn(
          left,
          "this node leaves its chain for good, as its operator ordered; the chain's files are kept aside",
        );
        chain = await this.#chain(signal, 1);
        continue;
      }
      this.#changedFrom.add(toHex(chain.spec.chainId));
      const aside = await repository.change(chain.spec, next);
      this.#changes += 1;
      this.#changedAtMs = clock.monotonicMs();
      const fields = { left: toHex(chain.spec.chainId), joined: toHex(next.chainId), aside };
      logger.warn(
        fields,
        "this node changes to another chain of its network; the files of its old chain are kept aside",
      );
      chain = { spec: next, origin: "joined" };
    }
  }

  /**
   * The operator wants another chain: this one is set aside, and the node begins as with an empty directory.
   * Does nothing while there is no chain.
   */
  leaveChain(): void {
    this.#leaveChain?.();
  }

  /** The chain that is named, that is there already, or that founding ends with; undefined where `signal` came first. */
  async #chain(signal: AbortSignal, expect = this.#options.expect): Promise<PinnedChain | undefined> {
    const { spec } = this.#options;
    const { repository, openHost, logger, clock, salt } = this.#modules;
    if (spec) return { spec, origin: "given" };
    this.#left = await repository.left();
    const pinned = await repository.pinned();
    if (pinned || signal.aborted) return pinned;
    const host = await openHost();
    this.#host = host;
    const modules = { host, logger, clock, salt };
    const options = { ...this.#options, expect, leftChains: this.#left };
    const found = await foundOrJoin(options, modules, signal).finally(() => {
      this.#host = undefined;
    });
    // Pinned before anybody hears of the chain: whatever is killed from here on goes on with this genesis.
    const origin = this.#options.onlyChain ? "given" : found?.origin;
    if (!found || !origin) return undefined;
    await repository.pin(found.spec, origin);
    return { spec: found.spec, origin };
  }

  /** Runs the node on its chain; resolves to the chain to change to, or undefined when `signal` ends it. */
  async #live(chain: PinnedChain, signal: AbortSignal): Promise<ChainSpec | "anew" | undefined> {
    const { openNode, logger, onStarted } = this.#modules;
    const node = await openNode(chain);
    const { promise, resolve } = Promise.withResolvers<ChainSpec | "anew" | undefined>();
    const onAbort = () => resolve(undefined);
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      if (signal.aborted) return undefined;
      const { spec } = chain;
      if (spec.admission) logger.info({ chainId: toHex(spec.chainId) }, trustText(spec));
      this.#watch(node, chain, resolve);
      await node.start();
      this.#node = node;
      this.#leaveChain = () => resolve("anew");
      onStarted?.(node);
      return await promise;
    } finally {
      signal.removeEventListener("abort", onAbort);
      this.#node = undefined;
      this.#leaveChain = undefined;
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

    const resolveWith = (theirs: ChainStanding) => {
      if (spec.consensus === "pow") return "irreconcilable";
      if (includesBytes(this.#left, theirs.chainId)) return "stay";
      const { established } = node;
      // Nothing can be sealed here for as long as the clock needs: any other chain is better. Once, or two would swap.
      const isStuck = !established && node.isAhead && !this.#changedFrom.has(toHex(theirs.chainId));
      return isStuck ? "yield" : resolveChains({ chainId: spec.chainId, established }, theirs);
    };

    const follow = async (peer: PeerId, theirs: ChainStanding) => {
      isFetching = true;
      try {
        const wanted = { chainId: theirs.chainId, consensus: spec.consensus };
        const genesis = await fetchGenesis(node.host, peer, wanted);
        if (!genesis.ok) {
          logger.warn({ peer, reason: genesis.fault }, "a peer's genesis is refused");
          node.host.report(peer, "wrong genesis");
        } else if (resolveWith(theirs) === "yield") change(genesis.value);
      } catch (thrown) {
        logger.info({ peer, reason: toError(thrown).message }, "a genesis could not be fetched");
      } finally {
        isFetching = false;
      }
    };

    node.onOtherChain(({ peerId: peer, handshake: { chainId }, status }) => {
      if (bytesEqual(chainId, spec.chainId)) return;
      const theirs = { chainId, established: status.established === 1 };
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

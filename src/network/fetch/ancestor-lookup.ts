/** Fetches single blocks by hash, from the peer that named the block first, and from other peers if that peer does not serve it. */
import { BoundedMap } from "../../base/bounded-map.ts";
import { bytesEqual, toHex } from "../../base/bytes.ts";
import { toError } from "../../base/invariant.ts";
import type { Block } from "../../protocol/block.ts";
import { LeakyBucket } from "../host/leaky-bucket.ts";
import type { PeerId } from "../peer-host.ts";
import { reportBadAnswer } from "../peers/bad-answer.ts";
import { verdictOf } from "../verdicts.ts";
import type { FetchModules } from "./fetch-modules.ts";
import type { RangeSync } from "./range-sync.ts";

/** A peer that named a block. */
export interface BlockSource {
  readonly from: PeerId;
  /** It sent a child of the block, and so must have the block. */
  readonly owes: boolean;
}

export interface AncestorLookupOutcomes {
  /** A fetched block lacks its parent, too. */
  readonly parentMissing: (orphan: Block, from: PeerId) => void;
  /** No peer that was asked has the block. */
  readonly gaveUp: () => void;
}

const lookupsMax = 64;
/** One peer that sends orphans with made-up parents cannot use up all lookups. */
export const lookupsPerPeerMax = 16;
/** A peer that has not answered after this long is not waited for any more: the next peer is asked, too. */
export const answerPatienceMs = 1_000;
const peersPerLookupMax = 4;
/** Peers that did not name the block are asked this often: made-up hashes must not turn this node against its peers. */
export const othersAskedBurst = 32;
const othersAskedPerSecond = 8;
const silenceEveryMs = 1_000;
const silencesMax = 256;

interface Lookup {
  readonly hash: Uint8Array;
  readonly first: PeerId;
  /** Peers that named the block, and whether they owe it. */
  readonly named: Map<PeerId, boolean>;
  readonly asked: Set<PeerId>;
  /** Aborted once nothing more is to be asked: the block is here, or the lookup had to make room. */
  readonly over: AbortController;
}

export class AncestorLookup {
  readonly #modules: FetchModules;
  readonly #ranges: Pick<RangeSync, "end">;
  readonly #outcomes: AncestorLookupOutcomes;
  /** By hash in hex, so that a burst of orphans asks once. */
  readonly #lookups = new BoundedMap<string, Lookup>(lookupsMax);
  readonly #othersBudget: LeakyBucket;
  /** When the last silence of a peer was charged. */
  readonly #silenceMs = new BoundedMap<PeerId, number>(silencesMax);

  constructor(modules: FetchModules, ranges: Pick<RangeSync, "end">, outcomes: AncestorLookupOutcomes) {
    this.#modules = modules;
    this.#ranges = ranges;
    this.#outcomes = outcomes;
    const nowMs = modules.clock.monotonicMs();
    this.#othersBudget = new LeakyBucket(othersAskedBurst, othersAskedPerSecond / 1_000, nowMs);
  }

  /** Fetches an unknown block, unless it is being fetched already. @param source the peer that named the block */
  want(hash: Uint8Array, { from, owes }: BlockSource): void {
    const key = toHex(hash);
    const running = this.#lookups.get(key);
    if (running) {
      if (running.named.size < peersPerLookupMax) running.named.set(from, owes);
      return;
    }
    if (this.#modules.chain.isKnown(hash) || this.#countOf(from) >= lookupsPerPeerMax) return;
    const over = new AbortController();
    const lookup = { hash, first: from, named: new Map([[from, owes]]), asked: new Set<PeerId>(), over };
    const dropped = this.#lookups.set(key, lookup);
    dropped?.[1].over.abort();
    void this.#run(lookup).finally(() => {
      if (this.#lookups.get(key) === lookup) this.#lookups.delete(key);
    });
  }

  /** A block was stored: who is still being asked for it may stop. */
  blockStored(): void {
    for (const { hash, over } of this.#lookups.values()) if (this.#modules.chain.headerOf(hash)) over.abort();
  }

  close(): void {
    for (const { over } of this.#lookups.values()) over.abort();
  }

  #countOf(peer: PeerId): number {
    return [...this.#lookups.values()].filter(({ first }) => first === peer).length;
  }

  /** Asks one peer after the other; a peer that is slow is kept waiting for while the next one is asked. */
  async #run(lookup: Lookup): Promise<void> {
    const { clock } = this.#modules;
    const { signal } = lookup.over;
    const asks: Promise<void>[] = [];
    for (;;) {
      if (await this.#isHere(lookup)) lookup.over.abort();
      const peer = signal.aborted ? undefined : this.#nextPeer(lookup);
      if (!peer) break;
      lookup.asked.add(peer);
      const turn = Promise.withResolvers<void>();
      const timer = clock.schedule(answerPatienceMs, turn.resolve);
      asks.push(this.#ask(lookup, peer, () => timer.cancel()).finally(turn.resolve));
      await turn.promise;
      timer.cancel();
    }
    await Promise.all(asks);
    if (!signal.aborted) this.#outcomes.gaveUp();
  }

  /** What is being decoded, or waits for its turn, is waited for: a peer would send the same megabyte once more. */
  async #isHere({ hash }: Lookup): Promise<boolean> {
    const { chain, decoder } = this.#modules;
    await decoder.end(hash);
    await this.#ranges.end(hash);
    return chain.isKnown(hash);
  }

  /** Peers that named the block come first, then those with the highest heads. */
  #nextPeer({ named, asked }: Lookup): PeerId | undefined {
    if (asked.size >= peersPerLookupMax) return undefined;
    const next = [...named.keys()].find((peer) => !asked.has(peer));
    if (next) return next;
    const { directory, clock } = this.#modules;
    const other = directory
      .peersOnChain()
      .filter(({ peerId }) => !asked.has(peerId))
      .toSorted((a, b) => b.status.height - a.status.height)[0];
    return other && this.#othersBudget.add(1, clock.monotonicMs()) ? other.peerId : undefined;
  }

  /** @param onAnswer called when the peer has served the block, before the block is imported */
  async #ask({ hash, over, named }: Lookup, peer: PeerId, onAnswer: () => void): Promise<void> {
    const { chain, blockLog, requests, logger } = this.#modules;
    try {
      const answer = await requests.blocksByHash(peer, [hash], over.signal);
      if (!answer.ok) return reportBadAnswer(this.#modules, peer, answer.fault);
      const [block] = answer.value;
      if (!block || !bytesEqual(block.hash, hash)) {
        if (named.get(peer)) this.#modules.host.report(peer, "parent not served");
        return;
      }
      onAnswer();
      // Judged at once: while it waits for its turn, it counts as being imported, and nobody else is asked for it.
      const judged = chain.offer(block);
      const imported = judged.ok
        ? await blockLog.imported(block, peer, () => chain.importJudged(judged.value))
        : judged;
      // A false body under the true hash: another peer may have the true body.
      if (!imported.ok && verdictOf(imported.fault) === "reject")
        return reportBadAnswer(this.#modules, peer, imported.fault);
      over.abort();
      if (!imported.ok && imported.fault.code === "block/parent-unknown") {
        this.#outcomes.parentMissing(block, peer);
      }
    } catch (thrown) {
      if (named.get(peer) && !over.signal.aborted) this.#chargeSilence(peer);
      logger.debug({ from: peer, reason: toError(thrown).message }, "a block could not be fetched");
    }
  }

  /**
   * All requests to a peer end together if this node was busy with itself for as long as it waits for an answer: that
   * counts as one silence.
   */
  #chargeSilence(peer: PeerId): void {
    const { clock, host } = this.#modules;
    const nowMs = clock.monotonicMs();
    if (nowMs - (this.#silenceMs.get(peer) ?? -Infinity) < silenceEveryMs) return;
    this.#silenceMs.set(peer, nowMs);
    host.report(peer, "parent not served");
  }
}

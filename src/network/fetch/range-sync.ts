/** Catches up with a better chain from any height: common ancestor, ranges from several peers, imports in order of height. */
import { setImmediate as nextTurn } from "node:timers/promises";
import { bytesEqual } from "../../base/bytes.ts";
import { sleep } from "../../base/clock.ts";
import { toError } from "../../base/invariant.ts";
import type { Block } from "../../protocol/block.ts";
import type { Checkpoint } from "../../protocol/checkpoint.ts";
import type { PeerId } from "../peer-host.ts";
import type { KnownPeer } from "../peers/directory.ts";
import { commonAncestor } from "./common-ancestor.ts";
import type { FetchModules } from "./fetch-modules.ts";
import { failureOf, PeerFailure } from "./peer-failure.ts";
import {
  type FetchedBlock,
  type FetchedRange,
  RangeWindow,
  rangeBlocks,
  rangePatienceMs,
} from "./range-window.ts";
import { firstAnswer, type WonRace } from "./source-race.ts";
import type { SyncPeers } from "./sync-peers.ts";

/** Signatures of so many blocks are verified while the block before them goes to disk: one alone leaves threads idle. */
const blocksVerifiedAhead = 2;
const retryAfterMs = 1_000;
const busyTriesMax = 10;
const busyPauseMs = 100;
/** A search for the common ancestor takes some twenty headers on a long fork. */
const msPerHeader = 500;
const startsSoughtMax = 4;

interface SyncStart {
  /** The peer to follow, as it stood when the search began. */
  readonly primary: KnownPeer;
  readonly ancestor: Checkpoint;
}

/** A full disk of this node says nothing about the peer that sent the block. */
const isOwnDisk = (error: unknown) => /^store\//.test(String((error as { code?: unknown }).code));

export class RangeSync {
  readonly #modules: FetchModules;
  readonly #peers: SyncPeers;
  readonly #abort = new AbortController();
  #running: Promise<void> | undefined;
  #window: RangeWindow | undefined;
  /** What is left of the range that is being imported; its first block is the one that is. */
  #left: readonly FetchedBlock[] = [];
  /** Resolves at the next turn of a block, and when the attempt ends. */
  #turn = Promise.withResolvers<void>();

  constructor(modules: FetchModules, peers: SyncPeers) {
    this.#modules = modules;
    this.#peers = peers;
  }

  /** Catches up with the best peer, if its chain is better than ours and nothing runs yet. Cheap if none is better. */
  start(): void {
    if (this.#running || this.#abort.signal.aborted || !this.#peers.best()) return;
    this.#running = this.#run().finally(() => {
      this.#running = undefined;
      this.#modules.meter.end();
    });
  }

  /**
   * Resolves when no block of this hash waits for its turn any more: it was imported or refused, or dropped with the rest of
   * its attempt. At once if no range has brought one, or if more than imports stands before its own.
   */
  async end(hash: Uint8Array): Promise<void> {
    if (!this.#window) return;
    // An answer ends after its last block has been decoded, but in the same turn of the event loop.
    await nextTurn();
    while (this.#isInLine(hash)) await this.#turn.promise;
  }

  async close(): Promise<void> {
    this.#abort.abort();
    await this.#running;
  }

  #isInLine(hash: Uint8Array): boolean {
    if (this.#left.some(({ block }) => bytesEqual(block.hash, hash))) return true;
    for (const block of this.#window?.following() ?? []) if (bytesEqual(block.hash, hash)) return true;
    return false;
  }

  #turnOf(left: readonly FetchedBlock[]): void {
    this.#left = left;
    this.#turn.resolve();
    this.#turn = Promise.withResolvers();
  }

  async #run(): Promise<void> {
    const { chain, logger } = this.#modules;
    const peers = this.#peers;
    while (peers.best() && !this.#abort.signal.aborted) {
      let peer: KnownPeer | undefined;
      try {
        const { answer } = await this.#findStart();
        peer = answer.primary;
        const ended = await this.#catchUpWith(answer);
        if (chain.headerOf(peer.status.head)) peers.succeeded(peer.peerId);
        else if (ended !== "held") peers.countFailure(peer.peerId);
      } catch (error) {
        const reason = toError(error).message;
        logger.info({ peer: peer?.peerId, reason }, "catching up from this peer failed");
        if (peer) peers.failed(peer.peerId, isOwnDisk(error));
        // Another peer is followed at once. One that has failed is left alone.
        if (isOwnDisk(error) || !peers.best())
          await sleep(this.#modules.clock, retryAfterMs, this.#abort.signal);
      }
    }
  }

  /** The peer to follow, and where its chain leaves ours: the best peer that says so in time. */
  #findStart(): Promise<WonRace<SyncStart>> {
    const peers = this.#peers;
    return firstAnswer<SyncStart>({
      rules: { patienceMs: rangePatienceMs, msPerUnit: () => msPerHeader, sourcesMax: startsSoughtMax },
      clock: this.#modules.clock,
      signal: this.#abort.signal,
      next: (asked) => peers.candidates().find(({ peerId }) => !asked.has(peerId))?.peerId,
      ask: async (from, signal, progressed) => {
        const primary = this.#modules.directory.peer(from);
        if (!primary) throw new PeerFailure("it has gone");
        const ancestor = await commonAncestor(this.#modules, primary, signal, () => progressed(1));
        this.#refuseBelowFinal(primary, ancestor);
        return { primary, ancestor };
      },
      lost: (from, reason) => {
        this.#modules.logger.debug({ peer: from, reason }, "a peer did not say where its chain leaves ours");
        peers.failed(from, false);
      },
    });
  }

  /** @returns "held" if a future block ended it */
  async #catchUpWith({ primary, ancestor }: SyncStart): Promise<"ended" | "held"> {
    const { chain, meter, logger } = this.#modules;
    const { height: targetHeight, head } = primary.status;
    const isLong = targetHeight - ancestor.height > rangeBlocks;
    meter.begin(ancestor.height, targetHeight, isLong);
    if (isLong) logger.info({ from: ancestor.height, to: targetHeight, peer: primary.peerId }, "catching up");
    const over = new AbortController();
    const signal = AbortSignal.any([over.signal, this.#abort.signal]);
    try {
      const window = new RangeWindow(this.#modules, this.#peers, { primary, ancestor }, signal);
      this.#window = window;
      for (let next = window.take(); next; next = window.take()) {
        const early = await this.#importRange(await next);
        if (!early) continue;
        // Asked before, it would serve the same blocks again: a node whose clock is an hour slow would fetch all the time.
        this.#peers.restUntilDue(primary.peerId, early.header.timestampMs);
        return "held";
      }
    } finally {
      over.abort();
      this.#window = undefined;
      this.#turnOf([]);
    }
    if (isLong) logger.info({ height: chain.head.header.height }, "caught up");
    if (chain.headerOf(head)) return "ended";
    if (chain.head.header.height < targetHeight) {
      throw new PeerFailure("it did not serve the head that it announced");
    }
    // The peer may have moved to another head meanwhile: its next status tells.
    this.#peers.rest(primary.peerId, retryAfterMs);
    return "ended";
  }

  /** @returns the future block that ended it, if one did */
  async #importRange({ blocks, failure }: FetchedRange): Promise<Block | undefined> {
    const { chain, meter, logger } = this.#modules;
    for (const [index, { block, from }] of blocks.entries()) {
      this.#turnOf(blocks.slice(index));
      for (const ahead of blocks.slice(index + 1, index + 1 + blocksVerifiedAhead)) {
        void chain.verifyAhead(ahead.block).catch(() => undefined);
      }
      if (!(await this.#importFrom(block, from))) return block;
      const progress = meter.imported(block.header.height);
      if (progress) logger.info(progress, "catching up");
    }
    if (failure) throw failure;
    return undefined;
  }

  /** A chain that leaves ours below the final block is none for us, whether or not its peer has heard of that block. */
  #refuseBelowFinal({ peerId, status }: KnownPeer, ancestor: Checkpoint): void {
    const { final } = this.#modules.chain;
    if (!final || ancestor.height >= final.height) return;
    if (status.final.height > ancestor.height) this.#peers.nameConflict(peerId, final, status.final);
    throw new PeerFailure(`its chain leaves ours at height ${ancestor.height}, below the final block`);
  }

  /** @returns false for a future block: the range ends with it. The chain holds it, and its peer has done no wrong. */
  async #importFrom(block: Block, from: PeerId): Promise<boolean> {
    const { chain, blockLog, clock } = this.#modules;
    for (let attempt = 0; ; attempt += 1) {
      const imported = await blockLog.imported(block, from, () => chain.importBlock(block));
      if (imported.ok || imported.fault.code === "block/known") return true;
      if (imported.fault.code === "block/timestamp-ahead") return false;
      const isBusy = imported.fault.code === "block/queue-full" && attempt < busyTriesMax;
      if (!isBusy) throw failureOf(this.#modules, from, imported.fault, `block ${block.header.height}`);
      await sleep(clock, busyPauseMs, this.#abort.signal);
    }
  }
}

/** Takes in every block once: judges it, or keeps it until its parent or its time comes. */
import { BoundedMap } from "../base/bounded-map.ts";
import { bytesEqual, toHex } from "../base/bytes.ts";
import type { Clock } from "../base/clock.ts";
import { guarded } from "../base/guarded-events.ts";
import type { Logger } from "../base/logger.ts";
import { fail, ok, type Result } from "../base/result.ts";
import type { StageTimes } from "../base/stage-times.ts";
import type { ConsensusEngine } from "../consensus/engine.ts";
import {
  type Block,
  decodeConsensusSection,
  type Header,
  type HeaderRecord,
  type SealedHeader,
} from "../protocol/block.ts";
import type { BlockFault } from "../protocol/faults.ts";
import type { ChainSpec } from "../protocol/genesis.ts";
import type { TransactionVerifier } from "../protocol/transaction-verifier.ts";
import type { ChainStore } from "../store/chain-store.ts";
import type { FinalityKeeper } from "./finality-keeper.ts";
import { FutureBlocks } from "./future-blocks.ts";
import {
  bestCase,
  futureFault,
  headerFault,
  type JudgedBlock,
  type JudgeRules,
  judge,
  placeBlock,
} from "./stages/judge.ts";
import { type SaneBlock, type SanityRules, saneBlock, strangerFault } from "./stages/sanity.ts";
import { WaitingBlocks, type WaitingLimits } from "./waiting-blocks.ts";

export interface BlockIntakeModules extends JudgeRules {
  readonly spec: ChainSpec;
  readonly engine: ConsensusEngine;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly times: StageTimes;
  readonly verifier: TransactionVerifier;
  readonly store: Pick<ChainStore, "isInvalid">;
  readonly finality: FinalityKeeper | undefined;
  /** Blocks of the chain where it stands now: the head, and the final one. */
  readonly near: () => readonly HeaderRecord[];
  /** Gets each block that had to wait and has now been judged. */
  readonly onReady: (judged: JudgedBlock) => void;
}

/** A block on its way into the chain. */
interface Entry {
  readonly block: Block;
  judged?: JudgedBlock;
  /** Begun once, ahead of the import or by it. */
  signatures?: Promise<readonly boolean[]>;
}

/** Blocks may be a megabyte each. A block whose entry is pushed out is judged again if it is offered again. */
const entriesMax = 16;
/** The sender of what this node has fetched itself, or held before. */
const ownFetches = "";

export class BlockIntake {
  readonly #modules: BlockIntakeModules;
  readonly #rules: SanityRules;
  readonly #orphans: WaitingBlocks<SaneBlock>;
  readonly #future: FutureBlocks;
  readonly #heldRecords: BoundedMap<string, HeaderRecord>;
  readonly #entries = new BoundedMap<string, Entry>(entriesMax);

  constructor(limits: WaitingLimits, modules: BlockIntakeModules) {
    this.#modules = modules;
    const { spec, engine } = modules;
    const knownFault = (block: Block) => this.#knownFault(block) ?? this.#orphanFault(block.header);
    this.#rules = { spec, engine, knownFault };
    this.#orphans = new WaitingBlocks(limits);
    this.#heldRecords = new BoundedMap(limits.blocksMax);
    this.#future = new FutureBlocks(
      { ...limits, aheadMaxMs: engine.aheadMaxMs, boundsProducers: engine.authority !== undefined },
      { clock: modules.clock, logger: modules.logger, onDue: (block) => this.#takeUp(block) },
    );
  }

  get orphanCount(): number {
    return this.#orphans.size;
  }

  /** Whether a block waits for its parent or its time. */
  isWaiting(hashHex: string): boolean {
    return this.#orphans.get(hashHex) !== undefined || this.isHeld(hashHex);
  }

  /** Whether a block waits for its time. */
  isHeld(hashHex: string): boolean {
    return this.#future.get(hashHex) !== undefined;
  }

  /** A block that has been judged and is being imported. */
  importing(hashHex: string): JudgedBlock["block"] | undefined {
    return this.#entries.get(hashHex)?.judged?.block;
  }

  /** What is known of a block that waits for its time: votes for the block are judged by it. */
  heldRecord(hashHex: string): HeaderRecord | undefined {
    return this.isHeld(hashHex) ? this.#heldRecords.get(hashHex) : undefined;
  }

  /**
   * Judges a block as far as possible without executing it.
   *
   * @param from who sent it: what waits is bounded for each sender
   * @returns `block/parent-unknown` or `block/timestamp-ahead` for a block that waits from now on
   */
  offer(block: Block, from: string = ownFetches): Result<JudgedBlock, BlockFault> {
    const sane = this.#saneBlock(block);
    return sane.ok ? this.#judge(sane.value, from) : sane;
  }

  /** Whether nothing can be done with a block now: its parent is neither here nor being imported, or its time has not come. */
  mustWait({ parentHash, timestampMs }: Header): boolean {
    const { ancestry, clock, engine } = this.#modules;
    if (timestampMs > clock.nowMs() + engine.aheadMaxMs) return true;
    return !ancestry.get(parentHash) && !this.importing(toHex(parentHash));
  }

  /**
   * Why a block that has to wait is not kept, and its parent, if that is unknown, not fetched. Early blocks on a known parent
   * whose header cannot be right there need no other look: 500 a second of strangers' were decoded and hashed for nothing.
   * Those of the parent's authorities are, since two seals are evidence, whatever else is wrong with the blocks.
   */
  waitingFault(header: Header): BlockFault | undefined {
    const { ancestry, engine, near } = this.#modules;
    const parent = ancestry.get(header.parentHash);
    if (!parent) return engine.orphanFault(header, near());
    return engine.orphanFault(header, [parent]) && headerFault(header, parent, engine);
  }

  /**
   * The best that a block can become, from its bytes before the transactions. Those are not even decoded: a body of a
   * megabyte costs a few times its size, and a header at the lowest difficulty next to nothing.
   *
   * @returns undefined if these bytes alone cannot tell
   */
  bestCase(sealed: SealedHeader, blockBytes: Uint8Array): Result<HeaderRecord, BlockFault> | undefined {
    const { ancestry, engine, finality, spec, trusted } = this.#modules;
    const { header, seal, hash } = sealed;
    const parent = ancestry.get(header.parentHash);
    if (!parent || (trusted && bytesEqual(hash, trusted))) return undefined;
    const section = decodeConsensusSection(blockBytes);
    if (!section.ok) return section;
    const fault =
      strangerFault(header, spec) ?? this.#knownFault(sealed) ?? engine.verifySeal(header, seal, hash);
    if (fault) return fail(fault);
    finality?.noticeSeal(sealed, parent);
    return bestCase(sealed, section.value, parent, engine);
  }

  /** Starts to verify the signatures of a block that will be imported soon, so that all cores work. */
  async verifyAhead(block: Block): Promise<void> {
    await this.signaturesOf(block);
  }

  /** Whether each signature in a block holds. Verification begins once, even if several ask. */
  async signaturesOf(block: Block): Promise<readonly boolean[]> {
    const { times, verifier } = this.#modules;
    const entry = this.#entryOf(block);
    entry.signatures ??= times.measure("verify", () => verifier.verify(block.transactions));
    try {
      return await entry.signatures;
    } catch (thrown) {
      // A verifier that broke says nothing about the block: the next import asks again.
      delete entry.signatures;
      throw thrown;
    }
  }

  /** The weight of the heaviest chain of waiting blocks on a block, as far as their headers tell; the block's own if none waits. */
  weightWaitingOn(record: HeaderRecord): bigint {
    const { engine } = this.#modules;
    let heaviest = record.cumulativeWeight;
    for (const { hash, hashHex, header } of this.#orphans.standingOn(record.hashHex)) {
      if (header.height !== record.header.height + 1 || engine.verifyHeader(header, record)) continue;
      const cumulativeWeight = record.cumulativeWeight + engine.weight(header, record);
      const weight = this.weightWaitingOn({ ...record, hash, hashHex, header, cumulativeWeight });
      if (weight > heaviest) heaviest = weight;
    }
    return heaviest;
  }

  /** A block's import has ended. If the block is stored, its waiting children are judged. */
  ended(hashHex: string, isStored: boolean): void {
    this.#entries.delete(hashHex);
    if (!isStored) return;
    for (const child of this.#orphans.childrenOf(hashHex)) this.#takeUp(child);
  }

  close(): void {
    this.#future.close();
  }

  /** An attacker could send a known header with a wrong body. What is known of a hash counts for the same bytes alone. */
  #saneBlock(block: Block): Result<SaneBlock, BlockFault> {
    const { hashHex, bytes } = block;
    const known = this.importing(hashHex) ?? this.#orphans.get(hashHex) ?? this.#future.get(hashHex);
    if (!known || !bytesEqual(known.bytes, bytes)) {
      return saneBlock(block, this.#rules);
    }
    const fault = this.#knownFault(known);
    return fault ? fail(fault) : ok(known);
  }

  #orphanFault(header: Header): BlockFault | undefined {
    return this.#modules.ancestry.get(header.parentHash) ? undefined : this.waitingFault(header);
  }

  #knownFault({ hash, hashHex, header: { parentHash } }: SealedHeader): BlockFault | undefined {
    const { ancestry, store } = this.#modules;
    if (ancestry.get(hash)) return { code: "block/known" };
    if (store.isInvalid(hash)) return { code: "block/known-invalid", hash: hashHex };
    if (store.isInvalid(parentHash)) return { code: "block/parent-invalid", parentHash: toHex(parentHash) };
    return undefined;
  }

  #judge(block: SaneBlock, from: string): Result<JudgedBlock, BlockFault> {
    const { engine, clock, ancestry, finality } = this.#modules;
    const entry = this.#entries.get(block.hashHex);
    if (entry?.judged?.block === block) return ok(entry.judged);
    const { parentHash } = block.header;
    const parent = ancestry.get(parentHash);
    if (!parent) {
      this.#orphans.add(block, from);
      return fail({ code: "block/parent-unknown", parentHash: toHex(parentHash) });
    }
    // Before anything else is judged: two seals on one parent are evidence, whatever else is wrong with the blocks.
    finality?.noticeSeal(block, parent);
    const placed = placeBlock(block, parent, engine);
    if (!placed.ok) return placed;
    const early = futureFault(placed.value, engine, clock.nowMs());
    if (early && (!finality || this.isHeld(block.hashHex))) {
      this.#future.hold(block, from);
      return fail(early);
    }
    // Where there are votes, also a block that has to wait: votes for it are judged by its record.
    const judged = judge(placed.value, this.#modules);
    if (!judged.ok) return judged;
    if (early) {
      this.#heldRecords.set(block.hashHex, judged.value.record);
      this.#future.hold(block, from);
      return fail(early);
    }
    this.#entryOf(block).judged = judged.value;
    return judged;
  }

  /** A block whose parent or time has come. A fault of it is told to nobody: nobody waits for the answer any more. */
  #takeUp(block: SaneBlock): void {
    const { logger, onReady } = this.#modules;
    const { hashHex } = block;
    this.#heldRecords.delete(hashHex);
    guarded(
      () => {
        const judged = this.#knownFault(block) ? undefined : this.#judge(block, ownFetches);
        if (judged?.ok) onReady(judged.value);
      },
      (error) => logger.error({ error, hash: hashHex }, "a waiting block could not be judged"),
    );
  }

  #entryOf(block: Block): Entry {
    const known = this.#entries.get(block.hashHex);
    if (known && bytesEqual(known.block.bytes, block.bytes)) return known;
    const entry: Entry = { block };
    this.#entries.set(block.hashHex, entry);
    return entry;
  }
}

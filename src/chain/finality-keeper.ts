/** Finality as the chain needs it: what is final on disk, what contradicts it, and what a block should tell about it. */
import { BoundedMap } from "../base/bounded-map.ts";
import { bytesEqual, toHex } from "../base/bytes.ts";
import type { Logger } from "../base/logger.ts";
import type { Finality } from "../consensus/engine.ts";
import type { EvidencePool } from "../consensus/finality/evidence-pool.ts";
import type { FinalityGadget } from "../consensus/finality/finality-gadget.ts";
import type { ConsensusSection, HeaderRecord } from "../protocol/block.ts";
import { type Checkpoint, isSameCheckpoint } from "../protocol/checkpoint.ts";
import type { BlockFault } from "../protocol/faults.ts";
import type { ChainStore } from "../store/chain-store.ts";

const compatibleMax = 4_096;

export class FinalityKeeper {
  readonly gadget: FinalityGadget;
  readonly evidence: EvidencePool;
  readonly #store: ChainStore;
  readonly #logger: Logger;
  /** Blocks that are known to stand on the final block of that hash; a long branch is not walked for each of its blocks. */
  readonly #compatible = new BoundedMap<string, string>(compatibleMax);
  #settled: Checkpoint;
  #saidConflict = false;
  /** What the final block's own chain certifies. */
  #floor: { readonly final: Checkpoint; readonly justifiedHeight: number } | undefined;

  constructor({ gadget, evidence }: Finality, store: ChainStore, logger: Logger) {
    this.gadget = gadget;
    this.evidence = evidence;
    this.#store = store;
    this.#logger = logger;
    this.#settled = gadget.final;
  }

  /** The final block as it is on disk. */
  get settled(): Checkpoint {
    return this.#settled;
  }

  /** Votes have made a block final that is not on disk as such yet. */
  get isUnsettled(): boolean {
    this.#sayConflict();
    return !isSameCheckpoint(this.gadget.final, this.#settled);
  }

  settle(final: Checkpoint): void {
    this.#settled = final;
  }

  sectionOn(parent: HeaderRecord): ConsensusSection {
    const certificate = this.gadget.certificateOn(parent);
    return { certificates: certificate ? [certificate] : [], evidence: this.evidence.on(parent) };
  }

  /** The fault of a block on `parent` (or of `parent` itself) that does not stand on the final block. */
  conflictOn(parent: HeaderRecord): BlockFault | undefined {
    const { final } = this.gadget;
    const finalHash = toHex(final.hash);
    const walked: HeaderRecord[] = [];
    let record: HeaderRecord | undefined = parent;
    while (record && record.header.height > final.height && !this.#isCompatible(record, finalHash)) {
      walked.push(record);
      record = this.#store.headerRecord(record.header.parentHash);
    }
    const stands =
      record !== undefined && (this.#isCompatible(record, finalHash) || bytesEqual(record.hash, final.hash));
    if (!stands) return { code: "block/conflicts-with-final", finalHeight: final.height, finalHash };
    for (const { hashHex } of walked) this.#compatible.set(hashHex, finalHash);
    return undefined;
  }

  /**
   * Whether a block was judged before the final one below it was restated (trust recovery): what a chain certifies
   * never goes down but there.
   */
  isOutdated(record: HeaderRecord): boolean {
    const { final } = this.gadget;
    if (this.#floor?.final !== final) {
      this.#floor = { final, justifiedHeight: this.#store.headerRecord(final.hash)?.justifiedHeight ?? 0 };
    }
    const isBehind = record.justifiedHeight < this.#floor.justifiedHeight;
    return isBehind && record.header.height > final.height && !this.conflictOn(record);
  }

  #isCompatible(record: HeaderRecord, finalHash: string): boolean {
    return this.#compatible.get(record.hashHex) === finalHash;
  }

  #sayConflict(): void {
    const { conflict } = this.gadget;
    if (!conflict || this.#saidConflict) return;
    this.#saidConflict = true;
    this.#logger.error(
      {
        final: { height: conflict.final.height, hash: toHex(conflict.final.hash) },
        conflicting: { height: conflict.conflicting.height, hash: toHex(conflict.conflicting.hash) },
      },
      "two final blocks contradict each other: a third of the authorities or more signed both. This node stays with its own; " +
        "agree with the other operators on one of them and start the others anew with --trust-recovery HASH",
    );
  }
}

/** Finality as the chain needs it: what is final on disk, what contradicts the final block, and what a block should carry. */
import { bytesEqual, includesBytes, toHex } from "../base/bytes.ts";
import type { Logger } from "../base/logger.ts";
import type { Ancestry } from "../consensus/ancestry.ts";
import type { Finality } from "../consensus/engine.ts";
import type { EvidencePool } from "../consensus/finality/evidence-pool.ts";
import type { FinalityGadget } from "../consensus/finality/finality-gadget.ts";
import type { Block, ConsensusSection, HeaderRecord } from "../protocol/block.ts";
import { type Checkpoint, isSameCheckpoint } from "../protocol/checkpoint.ts";
import { decodeEvidence } from "../protocol/evidence.ts";
import type { BlockFault } from "../protocol/faults.ts";

export class FinalityKeeper {
  readonly gadget: FinalityGadget;
  readonly evidence: EvidencePool;
  readonly #ancestry: Ancestry;
  readonly #authorities: (record: HeaderRecord) => readonly Uint8Array[];
  readonly #logger: Logger;
  #settled: Checkpoint;
  #saidConflict = false;

  constructor(
    { gadget, evidence }: Finality,
    {
      ancestry,
      authorities,
      logger,
    }: {
      readonly ancestry: Ancestry;
      readonly authorities: (record: HeaderRecord) => readonly Uint8Array[];
      readonly logger: Logger;
    },
  ) {
    this.#authorities = authorities;
    this.gadget = gadget;
    this.evidence = evidence;
    this.#ancestry = ancestry;
    this.#logger = logger;
    this.#settled = gadget.final;
  }

  /** The final block as it is on disk. */
  get settled(): Checkpoint {
    return this.#settled;
  }

  /** Whether votes have made a block final that is not on disk as such yet. */
  get isUnsettled(): boolean {
    return !isSameCheckpoint(this.gadget.final, this.#settled);
  }

  /** The final block is on disk as such. */
  settle(final: Checkpoint): void {
    this.#settled = final;
    this.gadget.settle(final);
  }

  /** Takes in a block with a valid seal. A seal of a key that is no authority on the parent says nothing. */
  noticeSeal({ header, seal }: Pick<Block, "header" | "seal">, parent: HeaderRecord): void {
    if (includesBytes(this.#authorities(parent), header.producer)) this.evidence.noticeSeal(header, seal);
  }

  /** Takes in a stored block: its certificate and its evidence count, and so do the votes that waited for it. */
  recordStored(record: HeaderRecord, block: Pick<Block, "consensusSection">): void {
    for (const bytes of block.consensusSection.evidence) {
      const evidence = decodeEvidence(bytes);
      if (evidence.ok) this.evidence.noticeCarried(evidence.value);
    }
    this.gadget.recordStored(record, block);
  }

  /** The certificate and the evidence that a block on `parent` should carry. */
  sectionOn(parent: HeaderRecord): ConsensusSection {
    const certificate = this.gadget.certificateOn(parent);
    return { certificates: certificate ? [certificate] : [], evidence: this.evidence.on(parent) };
  }

  /** The fault of a block on `parent`, or of `parent` itself, that does not stand on the final block. */
  conflictOn(parent: HeaderRecord): BlockFault | undefined {
    const { final } = this.gadget;
    if (this.#ancestry.isDescendant(parent, final)) return undefined;
    return { code: "block/conflicts-with-final", finalHeight: final.height, finalHash: toHex(final.hash) };
  }

  /** Whether votes are for a block above the final one, or a certificate is. */
  counts(hash: Uint8Array): boolean {
    if (this.gadget.certificateOf(hash)) return true;
    return this.gadget.votes().some(({ target }) => bytesEqual(target.hash, hash));
  }

  /** Logs once that a quorum has made a block final which contradicts the final block. */
  sayConflict(): void {
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

/**
 * Which of two chains is the better one, for a node that stands on one of them. With authorities the choice is local to
 * a node: it also knows votes and evidence that no block carries yet. No clock, no disk, no network.
 */
import type { HeaderRecord } from "../protocol/block.ts";
import type { Ancestry } from "./ancestry.ts";
import { type AuthorityFacet, compareHeads, type Finality } from "./engine.ts";

/** What the fork choice asks about votes and evidence. */
export interface KnownFinality {
  readonly gadget: Pick<Finality["gadget"], "certifiedAbove" | "certificatesSeen" | "final">;
  readonly evidence: Pick<Finality["evidence"], "hasOffenders" | "isOffender" | "offendersSeen">;
}

export interface ForkChoiceModules {
  readonly ancestry: Ancestry;
  /** Undefined if anyone may seal. The chain has no finality then. */
  readonly authority: Pick<AuthorityFacet, "setAt"> | undefined;
  readonly finality: KnownFinality | undefined;
}

export class ForkChoice {
  readonly #modules: ForkChoiceModules;

  constructor(modules: ForkChoiceModules) {
    this.#modules = modules;
  }

  /** Another number after each certificate and each offender that has become known: the choice may be another one. */
  get revision(): number {
    const { finality } = this.#modules;
    return finality ? finality.gadget.certificatesSeen + finality.evidence.offendersSeen : 0;
  }

  /**
   * Whether a node whose head is `head` should move to `candidate`. Both contain the final block.
   *
   * The higher guard wins: the highest certified block of a chain. Of equal guards the heavier chain wins. If both are
   * equal, the head that was seen first stays, since an authority that seals two blocks in one place can make any number
   * of them until it has a lower hash. In Proof of Work each hash costs work, so the lower hash wins: all nodes agree at
   * once.
   */
  isBetter(candidate: HeaderRecord, head: HeaderRecord): boolean {
    const { finality } = this.#modules;
    if (!finality) return compareHeads(candidate, head) < 0;
    if (!this.canBuildOn(candidate, head)) return false;
    const guard = this.guardOf(candidate, head);
    const headGuard = this.guardOf(head, head);
    if (guard !== headGuard) return guard > headGuard;
    return this.#weightGap(candidate, head, guard) > 0n;
  }

  /**
   * The head of a node whose head has been `head`, after votes or evidence that may have changed the choice.
   *
   * @param others stored blocks that may be better; each contains the final block
   */
  best(head: HeaderRecord, others: Iterable<HeaderRecord>): HeaderRecord {
    let best = this.#buildable(head);
    for (const other of others) if (this.isBetter(other, best)) best = other;
    return best;
  }

  /**
   * The height of the certified block that guards a chain: the highest one that the chain carries a certificate for, or
   * that is known by votes. Known votes count if the block is on the node's own chain, or if the quorum was complete
   * soon after the block had come. If votes that come late counted on another chain, one authority could keep back its
   * vote, and so flip the heads of all others whenever it likes (the bouncing attack on Casper FFG).
   * On a block of a proven offender late votes count, too: all have left such a block, so nobody carries its certificate,
   * and who knows of the certificate may vote for nothing else. Its producer can seal no further one.
   *
   * @param head of the node
   */
  guardOf(tip: HeaderRecord, head: HeaderRecord): number {
    const { ancestry, finality } = this.#modules;
    for (const { record, isTimely } of finality?.gadget.certifiedAbove(tip.justifiedHeight) ?? []) {
      const checkpoint = { height: record.header.height, hash: record.hash };
      if (!ancestry.isDescendant(tip, checkpoint)) continue;
      if (isTimely || ancestry.isDescendant(head, checkpoint) || this.#isForfeit(record))
        return checkpoint.height;
    }
    return tip.justifiedHeight;
  }

  /** Whether a block may be the head: not if a proven offender sealed it, unless a quorum has certified it. */
  canBuildOn(record: HeaderRecord, head: HeaderRecord): boolean {
    return !this.#isForfeit(record) || this.guardOf(record, head) === record.header.height;
  }

  /** The highest block of a chain on which an honest authority may build. */
  #buildable(head: HeaderRecord): HeaderRecord {
    const { ancestry, finality } = this.#modules;
    let record = head;
    while (
      finality &&
      record.header.height > finality.gadget.final.height &&
      !this.canBuildOn(record, head)
    ) {
      const parent = ancestry.get(record.header.parentHash);
      if (!parent) break;
      record = parent;
    }
    return record;
  }

  /**
   * By how much the chain of `a` is heavier than that of `b`. Above the guard, what a proven offender sealed weighs
   * nothing. Walks down to the block where the two chains part, and only if an offender is known.
   */
  #weightGap(a: HeaderRecord, b: HeaderRecord, guard: number): bigint {
    const { ancestry, finality } = this.#modules;
    let gap = a.cumulativeWeight - b.cumulativeWeight;
    if (!finality?.evidence.hasOffenders) return gap;
    let [left, right] = [a, b];
    while (left.hashHex !== right.hashHex) {
      const isLeft = left.header.height >= right.header.height;
      const record = isLeft ? left : right;
      const parent = ancestry.get(record.header.parentHash);
      if (!parent) break;
      if (record.header.height > guard && this.#isForfeit(record)) {
        const weight = record.cumulativeWeight - parent.cumulativeWeight;
        gap += isLeft ? -weight : weight;
      }
      if (isLeft) left = parent;
      else right = parent;
    }
    return gap;
  }

  /**
   * Whether the producer of a block is a proven offender. If all authorities are, the blocks of all count: somebody has
   * to go on.
   */
  #isForfeit({ header }: HeaderRecord): boolean {
    const { ancestry, authority, finality } = this.#modules;
    if (!authority || !finality?.evidence.isOffender(header.producer)) return false;
    const parent = ancestry.get(header.parentHash);
    if (!parent) return false;
    return authority.setAt(parent).some((key) => !finality.evidence.isOffender(key));
  }
}

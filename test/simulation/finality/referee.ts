/** Sees every block, vote and final block of a run, and says what must never be. */
import { bytesEqual, includesBytes, toHex } from "../../../src/base/bytes.ts";
import { ancestryOf } from "../../../src/consensus/ancestry.ts";
import type { Finality } from "../../../src/consensus/engine.ts";
import type { Block, HeaderRecord } from "../../../src/protocol/block.ts";
import { quorumOf } from "../../../src/protocol/certificate.ts";
import type { Checkpoint } from "../../../src/protocol/checkpoint.ts";
import { type Evidence, offenderOf } from "../../../src/protocol/evidence.ts";
import type { Vote } from "../../../src/protocol/vote.ts";
import type { BlockJudge } from "./block-judge.ts";
import type { Founding } from "./founding.ts";
import type { HonestNode } from "./honest-node.ts";

export type ViolationKind =
  /** The one that all is about: two final blocks of which neither is the other's ancestor. */
  | "conflicting-final"
  | "final-moved-back"
  | "certified-twice"
  | "honest-convicted"
  | "finality-hidden"
  | "chain-finality-back"
  | "no-finality-after-healing";

export interface Violation {
  readonly kind: ViolationKind;
  readonly what: string;
}

/** What happened in a run, so that one can tell whether it was trouble at all. */
export interface Happenings {
  reorganization: boolean;
  partitionHealed: boolean;
  finality: boolean;
  equivocation: boolean;
  conviction: boolean;
  changeInForce: boolean;
  /** A link over more than one block made its source final. */
  longLinkFinal: boolean;
  /** Two honest authorities voted for different blocks of one height. */
  splitVotes: boolean;
  crash: boolean;
  /** Journals kept, chain lost. */
  storeLost: boolean;
}

const violationsMax = 20;

export class Referee {
  readonly happenings: Happenings = {
    reorganization: false,
    partitionHealed: false,
    finality: false,
    equivocation: false,
    conviction: false,
    changeInForce: false,
    longLinkFinal: false,
    splitVotes: false,
    crash: false,
    storeLost: false,
  };
  readonly violations: Violation[] = [];
  /** Knows every block and every vote that was ever made, withheld ones included. */
  readonly omniscient: Finality;
  readonly #founding: Founding;
  readonly #judge: BlockJudge;
  readonly #honestKeys: ReadonlySet<string>;
  readonly #finalAt = new Map<number, string>();
  readonly #nodeFinal = new Map<number, Checkpoint>();
  readonly #votersOf = new Map<string, Set<string>>();
  readonly #certifiedAt = new Map<number, string>();
  readonly #honestTargetAt = new Map<number, string>();
  #highest: HeaderRecord;
  #saidConflict = false;

  constructor(founding: Founding, judge: BlockJudge, honestKeys: ReadonlySet<string>) {
    this.#founding = founding;
    this.#judge = judge;
    this.#honestKeys = honestKeys;
    this.#highest = founding.record;
    const omniscient = founding.engine.authority.openFinality({
      final: { height: 0, hash: founding.record.hash },
      ancestry: ancestryOf(judge.recordOf),
      head: () => this.#highest,
      isTimely: () => true,
      onEvidence: (evidence) => this.seeEvidence(evidence),
    });
    if (!omniscient) throw new Error("Proof of Authority has finality");
    this.omniscient = omniscient;
  }

  /** The highest good block there is. */
  get highest(): HeaderRecord {
    return this.#highest;
  }

  has(kind: ViolationKind): boolean {
    return this.violations.some((violation) => violation.kind === kind);
  }

  /** A new good block. */
  seeBlock(record: HeaderRecord, block: Block): void {
    const { engine } = this.#founding;
    const parent = this.#judge.parentOf(record);
    const before = parent && engine.authority.finality(parent);
    const after = engine.authority.finality(record);
    if (!parent || !before || !after) return;
    if (record.header.height > this.#highest.header.height) this.#highest = record;
    this.omniscient.gadget.recordStored(record, block);
    for (const key of after.banned) this.#seeConvicted(key);
    if (after.banned.length > 0) this.happenings.conviction = true;
    const isBanned = (key: Uint8Array) => includesBytes(after.banned, key);
    const updates = engine.authority.updates(parent, record);
    if (updates.some(({ authority }) => !isBanned(authority))) this.happenings.changeInForce = true;
    if (after.finalized.height > before.finalized.height) {
      if (after.justified.height - after.finalized.height > 1) this.happenings.longLinkFinal = true;
      this.#seeFinal(after.finalized, `the chain of ${describeRecord(record)}`);
    } else if (toHex(after.finalized.hash) !== toHex(before.finalized.hash)) {
      this.#say(
        "chain-finality-back",
        `${describeRecord(record)} shows ${describe(after.finalized)} as final`,
      );
    }
    this.#seeOmniscient();
  }

  /** A vote that was signed, also one that nobody is shown. */
  seeVote(vote: Vote): void {
    const targetHex = toHex(vote.target.hash);
    const voterHex = toHex(vote.voter);
    const { height } = vote.target;
    if (this.#honestKeys.has(voterHex)) {
      const other = this.#honestTargetAt.get(height) ?? targetHex;
      this.#honestTargetAt.set(height, other);
      if (other !== targetHex) this.happenings.splitVotes = true;
    }
    const added = this.omniscient.gadget.addVote(vote);
    const record = this.#judge.recordOf(vote.target.hash);
    if (record) this.#tally(record, vote, targetHex, voterHex);
    if (added.ok && added.value === "certified") this.#seeOmniscient();
  }

  /** Not left to the gadget, which forgets what lies below the final block. */
  #tally(record: HeaderRecord, vote: Vote, targetHex: string, voterHex: string): void {
    const { engine } = this.#founding;
    const { height } = record.header;
    const source = engine.authority.finality(record)?.justified;
    const authorities = engine.authority.setAt(record);
    if (vote.target.height !== height || !source || !bytesEqual(source.hash, vote.source.hash)) return;
    if (!includesBytes(authorities, vote.voter)) return;
    const voters = this.#votersOf.get(targetHex) ?? new Set<string>();
    this.#votersOf.set(targetHex, voters.add(voterHex));
    if (voters.size < quorumOf(authorities.length)) return;
    const other = this.#certifiedAt.get(height) ?? targetHex;
    this.#certifiedAt.set(height, other);
    if (other !== targetHex) {
      this.#say("certified-twice", `height ${height}: ${other.slice(0, 8)} and ${targetHex.slice(0, 8)}`);
    }
  }

  /** An honest node's final block moved. */
  seeNodeFinal(node: HonestNode): void {
    const next = node.final;
    const before = this.#nodeFinal.get(node.number);
    this.#nodeFinal.set(node.number, next);
    this.happenings.finality = true;
    if (before && (next.height <= before.height || !this.#isOn(next, before))) {
      this.#say("final-moved-back", `node ${node.number}: from ${describe(before)} to ${describe(next)}`);
    }
    this.#seeFinal(next, `node ${node.number}`);
  }

  /** A node lost its store: what it knew is forgotten, but counts among all final blocks. */
  forgetNode(node: HonestNode): void {
    this.#nodeFinal.delete(node.number);
  }

  /** After a node imported a block. */
  seeNode(node: HonestNode): void {
    const shown = this.#founding.engine.authority.finality(node.head)?.finalized;
    if (shown && shown.height > node.gadget.final.height) {
      const known = describe(node.gadget.final);
      this.#say("finality-hidden", `node ${node.number} knows ${known}, its head shows ${describe(shown)}`);
    }
    if (node.gadget.conflict) {
      const { final, conflicting } = node.gadget.conflict;
      this.#say("conflicting-final", `node ${node.number}: ${describe(final)} and ${describe(conflicting)}`);
    }
  }

  seeEvidence(evidence: Evidence): void {
    this.happenings.equivocation = true;
    this.#seeConvicted(offenderOf(evidence));
  }

  say(violation: Violation): void {
    this.#say(violation.kind, violation.what);
  }

  #seeConvicted(key: Uint8Array): void {
    const keyHex = toHex(key);
    if (this.#honestKeys.has(keyHex)) this.#say("honest-convicted", keyHex.slice(0, 8));
  }

  #seeOmniscient(): void {
    const { gadget } = this.omniscient;
    gadget.settle(gadget.final);
    const { conflict } = gadget;
    if (!conflict || this.#saidConflict) return;
    this.#saidConflict = true;
    const { final, conflicting } = conflict;
    this.#say("conflicting-final", `by all votes: ${describe(final)} and ${describe(conflicting)}`);
  }

  #seeFinal(final: Checkpoint, whose: string): void {
    let record = this.#judge.recordOf(final.hash);
    while (record) {
      const { hashHex } = record;
      const { height } = record.header;
      const known = this.#finalAt.get(height);
      if (known === hashHex) return;
      if (known !== undefined) {
        this.#say(
          "conflicting-final",
          `${whose} has ${describe(final)} over ${describeRecord(record)}, final was ${known.slice(0, 8)} at that height`,
        );
        return;
      }
      this.#finalAt.set(height, hashHex);
      record = this.#judge.parentOf(record);
    }
  }

  #isOn(tip: Checkpoint, { height, hash }: Checkpoint): boolean {
    let record = this.#judge.recordOf(tip.hash);
    while (record && record.header.height > height) record = this.#judge.parentOf(record);
    return record !== undefined && bytesEqual(record.hash, hash);
  }

  #say(kind: ViolationKind, what: string): void {
    if (this.violations.length >= violationsMax && this.has(kind)) return;
    if (this.violations.some((known) => known.kind === kind && known.what === what)) return;
    this.violations.push({ kind, what });
  }
}

export function describe({ height, hash }: Checkpoint): string {
  return `${height}/${toHex(hash).slice(0, 8)}`;
}

export function describeRecord({ header, hashHex }: HeaderRecord): string {
  return `${header.height}/${hashHex.slice(0, 8)}`;
}

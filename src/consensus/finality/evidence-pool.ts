/** Notices authorities that contradict themselves, and keeps the evidence until a block carries the evidence. Bounded. */
import { BoundedMap } from "../../base/bounded-map.ts";
import { includesBytes, toHex } from "../../base/bytes.ts";
import { fail, ok, type Result } from "../../base/result.ts";
import { type Header, type HeaderRecord, type Seal, sectionEvidenceMax } from "../../protocol/block.ts";
import {
  doubleSealOf,
  type Evidence,
  encodeEvidence,
  evidenceFault,
  offenderOf,
  votePairOf,
} from "../../protocol/evidence.ts";
import type { EvidenceFault } from "../../protocol/faults.ts";
import type { Vote } from "../../protocol/vote.ts";

export interface EvidencePoolModules {
  readonly chainId: Uint8Array;
  readonly authorities: (record: HeaderRecord) => readonly Uint8Array[];
  readonly head: () => HeaderRecord;
  /** Called with each piece of evidence that this node has found itself. */
  readonly onFound: (evidence: Evidence) => void;
}

const sealsMax = 4_096;
const votersMax = 512;
const votesPerVoterMax = 128;
const offendersMax = 256;

export class EvidencePool {
  readonly #modules: EvidencePoolModules;
  /** The first seal of a producer on a parent. */
  readonly #seals = new BoundedMap<string, { readonly header: Header; readonly seal: Seal }>(sealsMax);
  readonly #votes = new BoundedMap<string, BoundedMap<string, Vote>>(votersMax);
  /** By offender: one piece is enough for each. */
  readonly #evidence = new BoundedMap<string, Evidence>(offendersMax);
  #offendersSeen = 0;

  constructor(modules: EvidencePoolModules) {
    this.#modules = modules;
  }

  /** Takes in a block with a valid seal whose producer is an authority on its parent. */
  noticeSeal(header: Header, seal: Seal): void {
    const key = `${toHex(header.parentHash)}/${toHex(header.producer)}`;
    const first = this.#seals.get(key);
    if (!first) {
      this.#seals.set(key, { header, seal });
      return;
    }
    const evidence = doubleSealOf(first, { header, seal });
    if (evidence) this.#found(evidence);
  }

  /** Takes in a vote with a valid signature whose voter is an authority. */
  noticeVote(vote: Vote): void {
    const voterHex = toHex(vote.voter);
    const earlier = this.#votes.get(voterHex) ?? new BoundedMap<string, Vote>(votesPerVoterMax);
    for (const other of earlier.values()) {
      const evidence = votePairOf(other, vote);
      if (evidence) this.#found(evidence);
    }
    earlier.set(`${vote.target.height}/${toHex(vote.target.hash)}/${vote.source.height}`, vote);
    this.#votes.set(voterHex, earlier);
  }

  /** Takes in evidence that a valid block carries: what its offender seals weighs nothing on other chains either. */
  noticeCarried(evidence: Evidence): void {
    const offender = toHex(offenderOf(evidence));
    if (!this.#evidence.has(offender)) this.#keep(offender, evidence);
  }

  /** How many offenders have become known since the start: only ever higher. */
  get offendersSeen(): number {
    return this.#offendersSeen;
  }

  /** Whether any authority is known to have contradicted itself. */
  get hasOffenders(): boolean {
    return this.#evidence.size > 0;
  }

  /** Whether a key is known to have contradicted itself, as an authority or before it was put out. */
  isOffender(key: Uint8Array): boolean {
    return this.hasOffenders && this.#evidence.has(toHex(key));
  }

  /** Takes in evidence that another node found. */
  add(evidence: Evidence): Result<"new", EvidenceFault> {
    const offender = toHex(offenderOf(evidence));
    if (this.#evidence.has(offender)) return fail({ code: "evidence/known" });
    if (!this.#isRemovable(offenderOf(evidence), this.#modules.head())) {
      return fail({ code: "evidence/offender-not-removable", offender });
    }
    const fault = evidenceFault(evidence, this.#modules.chainId);
    if (fault) return fail(fault);
    this.#keep(offender, evidence);
    return ok("new");
  }

  /** All evidence against keys that are still authorities. */
  pending(): Evidence[] {
    return this.#usableOn(this.#modules.head());
  }

  /** Whether {@link on} returns any evidence for a block on `parent`. */
  hasFor(parent: HeaderRecord): boolean {
    return this.#usableOn(parent).length > 0;
  }

  /** The encoded evidence for a block on `parent`; never against the last authority. */
  on(parent: HeaderRecord): Uint8Array[] {
    const removable = this.#modules.authorities(parent).length - 1;
    return this.#usableOn(parent).slice(0, Math.min(removable, sectionEvidenceMax)).map(encodeEvidence);
  }

  #keep(offender: string, evidence: Evidence): void {
    this.#evidence.set(offender, evidence);
    this.#offendersSeen += 1;
  }

  #usableOn(record: HeaderRecord): Evidence[] {
    return [...this.#evidence.values()].filter((evidence) => this.#isRemovable(offenderOf(evidence), record));
  }

  #found(evidence: Evidence): void {
    if (this.add(evidence).ok) this.#modules.onFound(evidence);
  }

  #isRemovable(offender: Uint8Array, record: HeaderRecord): boolean {
    const authorities = this.#modules.authorities(record);
    return authorities.length > 1 && includesBytes(authorities, offender);
  }
}

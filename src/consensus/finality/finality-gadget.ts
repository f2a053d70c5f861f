/**
 * What a node knows about finality: votes and certificates in, the final block out (Casper FFG, every block is a
 * checkpoint). It may know more than the blocks show. The final block never moves back. No clock, no disk, no network.
 */
import { BoundedMap } from "../../base/bounded-map.ts";
import { includesBytes, toHex } from "../../base/bytes.ts";
import { fail, ok, type Result } from "../../base/result.ts";
import type { Block, HeaderRecord } from "../../protocol/block.ts";
import { type Certificate, signersOf } from "../../protocol/certificate.ts";
import { type Checkpoint, isSameCheckpoint } from "../../protocol/checkpoint.ts";
import type { VoteFault } from "../../protocol/faults.ts";
import { type Vote, voteMessage } from "../../protocol/vote.ts";
import type { Ancestry } from "../ancestry.ts";
import { certificateOf, type VerifyVoteSignature } from "./certify.ts";
import type { ChainFinality } from "./chain-finality.ts";
import type { linkFinalizes } from "./vote-rule.ts";

export interface FinalityGadgetOptions {
  readonly chainId: Uint8Array;
  /** The first final block: the stored one, or the genesis block. */
  readonly final: Checkpoint;
}

export interface FinalityGadgetModules {
  readonly ancestry: Ancestry;
  /** Votes of these authorities are kept while their target is not here yet. */
  readonly head: () => HeaderRecord;
  /** The record of a block that waits for its time: votes for it are judged, and count once it is stored. */
  readonly held: (hash: Uint8Array) => HeaderRecord | undefined;
  readonly authorities: (record: HeaderRecord) => readonly Uint8Array[];
  readonly finality: (record: HeaderRecord) => ChainFinality | undefined;
  readonly verify: VerifyVoteSignature;
  readonly linkFinalizes: typeof linkFinalizes;
  /** Whether a quorum for a block that is complete now was complete soon enough after the block had come. */
  readonly isTimely: (record: HeaderRecord) => boolean;
  /** Called with each vote that has a valid signature, also if the vote does not count. */
  readonly onVerified: (vote: Vote) => void;
}

/** A quorum made a second block final that contradicts the first: more than a third of the authorities broke the rules. */
export interface FinalityConflict {
  readonly final: Checkpoint;
  readonly conflicting: Checkpoint;
}

const targetsMax = 512;
const certifiedMax = 1_024;
const waitingPerVoterMax = 32;
const waitingVotersMax = 256;
const certificateSearchDepth = 64;

/**
 * What became of a good vote. "certified": a quorum has now voted for the target. "held": the target waits for its time,
 * and the vote counts as soon as the target is stored.
 */
export type VoteOutcome = "counted" | "certified" | "held";

/** A block for which a quorum has voted. */
export interface CertifiedBlock {
  readonly record: HeaderRecord;
  /** The quorum was complete soon after the block had come: its votes were not kept back. */
  readonly isTimely: boolean;
}

interface Certified extends CertifiedBlock {
  readonly certificate: Certificate;
}

export class FinalityGadget {
  readonly #chainId: Uint8Array;
  readonly #modules: FinalityGadgetModules;
  /** Votes that count, by target. */
  readonly #votes = new BoundedMap<string, Map<string, Vote>>(targetsMax);
  /** Certified blocks above the settled one: those at or below the final one prove the settled one until then. */
  readonly #certified = new BoundedMap<string, Certified>(certifiedMax);
  /** Votes of authorities whose target is not here yet, by voter and target. */
  readonly #waiting = new BoundedMap<string, BoundedMap<string, Vote>>(waitingVotersMax);
  #certificatesSeen = 0;
  #final: Checkpoint;
  #conflict: FinalityConflict | undefined;

  constructor({ chainId, final }: FinalityGadgetOptions, modules: FinalityGadgetModules) {
    this.#chainId = chainId;
    this.#final = final;
    this.#modules = modules;
  }

  get final(): Checkpoint {
    return this.#final;
  }

  /** How many blocks were certified since the start: only ever higher. */
  get certificatesSeen(): number {
    return this.#certificatesSeen;
  }

  /** Set if two final blocks contradict each other; the first one stays final. */
  get conflict(): FinalityConflict | undefined {
    return this.#conflict;
  }

  /** Known votes above the final height, highest target first, for peers that missed some. */
  votes(): Vote[] {
    return [...this.#votes.values()]
      .flatMap((votes) => [...votes.values()])
      .sort((a, b) => b.target.height - a.target.height);
  }

  /** Counts a vote ({@link VoteOutcome}). */
  addVote(vote: Vote): Result<VoteOutcome, VoteFault> {
    return this.#addVote(vote, this.#modules.isTimely);
  }

  #addVote(vote: Vote, isTimely: FinalityGadgetModules["isTimely"]): Result<VoteOutcome, VoteFault> {
    const { target, voter } = vote;
    if (target.height <= this.#final.height) {
      return fail({ code: "vote/stale", targetHeight: target.height });
    }
    const targetHex = toHex(target.hash);
    const stored = this.#modules.ancestry.get(target.hash);
    const record = stored ?? this.#modules.held(target.hash);
    if (!record) return this.#park(vote, targetHex);
    const expected = record.header.height;
    if (target.height !== expected) {
      return fail({ code: "vote/target-height-wrong", expected, actual: target.height });
    }
    const finality = this.#modules.finality(record);
    const voterHex = toHex(voter);
    const authorities = this.#modules.authorities(record);
    if (!finality || !includesBytes(authorities, voter)) {
      return fail({ code: "vote/voter-not-authority", voter: voterHex });
    }
    const votes = this.#votes.get(targetHex) ?? new Map<string, Vote>();
    const known = stored ? votes.get(voterHex) : this.#waiting.get(voterHex)?.get(targetHex);
    if (known && isSameCheckpoint(known.source, vote.source)) return fail({ code: "vote/known" });
    if (!this.#isSigned(vote)) return fail({ code: "vote/signature-invalid" });
    this.#modules.onVerified(vote);
    if (!isSameCheckpoint(vote.source, finality.justified)) {
      return fail({
        code: "vote/source-wrong",
        expected: toHex(finality.justified.hash),
        actual: toHex(vote.source.hash),
      });
    }
    if (!stored) {
      this.#keepWaiting(vote, voterHex, targetHex);
      return ok("held");
    }
    votes.set(voterHex, vote);
    this.#votes.set(targetHex, votes);
    return ok(this.#countVotes(record, finality.justified, [...votes.values()], isTimely));
  }

  /** Takes in a stored block: its certificate counts, and so do the votes that waited for it. The block was judged before. */
  recordStored(record: HeaderRecord, { consensusSection }: Pick<Block, "consensusSection">): void {
    for (const certificate of consensusSection.certificates) {
      const target = this.#modules.ancestry.get(certificate.targetHash);
      if (!target) continue;
      this.#tellVotes(target, certificate);
      this.#certify(target, certificate, this.#modules.isTimely(target));
    }
    // The block may show a final block by certificates that came before a restart. A restart forgets them.
    const shown = this.#modules.finality(record)?.finalized;
    if (shown && shown.height > this.#final.height) this.#moveFinal(shown);
    for (const votes of this.#waiting.values()) {
      const vote = votes.get(record.hashHex);
      if (!vote) continue;
      votes.delete(record.hashHex);
      // Votes that were here before their block were not kept back, however long the block took to be executed.
      this.#addVote(vote, () => true);
    }
  }

  /** A final block is on disk as such: nobody asks for the certificates up to it any more. */
  settle(final: Checkpoint): void {
    for (const [hashHex, { record }] of [...this.#certified.entries()]) {
      if (record.header.height <= final.height) this.#certified.delete(hashHex);
    }
  }

  /** Makes a stored block final without votes, because an operator trusts it. */
  declareFinal(trusted: Checkpoint): void {
    this.#moveFinal(trusted);
  }

  /** The certificate that a block on `parent` should carry: the highest one for its chain that the chain does not have yet. */
  certificateOn(parent: HeaderRecord): Certificate | undefined {
    const { height } = parent.header;
    const justified = this.#modules.finality(parent)?.justified.height ?? 0;
    const higher = [...this.#certified.values()]
      .filter(({ record }) => record.header.height > justified && record.header.height <= height)
      .filter(({ record }) => record.header.height > height - certificateSearchDepth)
      .sort((a, b) => b.record.header.height - a.record.header.height);
    return higher.find(({ certificate: { targetHeight, targetHash } }) =>
      this.#modules.ancestry.isDescendant(parent, { height: targetHeight, hash: targetHash }),
    )?.certificate;
  }

  /** The certified blocks above a height and above the final one, highest first. */
  certifiedAbove(height: number): readonly CertifiedBlock[] {
    const lowest = Math.max(height, this.#final.height);
    return [...this.#certified.values()]
      .filter(({ record }) => record.header.height > lowest)
      .sort((a, b) => b.record.header.height - a.record.header.height);
  }

  /** The certificate of a block above the settled one: received, or made of votes. */
  certificateOf(hash: Uint8Array): Certificate | undefined {
    return this.#certified.get(toHex(hash))?.certificate;
  }

  /** The highest certified block that descends from the final one. */
  bestCertified(): HeaderRecord | undefined {
    const [best] = [...this.#certified.values()]
      .map(({ record }) => record)
      .sort((a, b) => b.header.height - a.header.height)
      .filter((record) => this.#modules.ancestry.isDescendant(record, this.#final));
    return best;
  }

  /** An authority that votes twice can keep one vote out of gossip, but not out of the certificate that the vote is part of. */
  #tellVotes(target: HeaderRecord, { targetHeight, targetHash, bitmap, signatures }: Certificate): void {
    const source = this.#modules.finality(target)?.justified;
    const authorities = this.#modules.authorities(target);
    const signers = signersOf(bitmap, authorities.length);
    if (!source || !signers) return;
    for (const [position, index] of signers.entries()) {
      const [voter, signature] = [authorities[index], signatures[position]];
      if (!voter || !signature) continue;
      this.#modules.onVerified({
        source,
        target: { height: targetHeight, hash: targetHash },
        voter,
        signature,
      });
    }
  }

  #isSigned(vote: Vote): boolean {
    return this.#modules.verify(voteMessage(this.#chainId, vote), vote.signature, vote.voter);
  }

  #park(vote: Vote, targetHex: string): Result<never, VoteFault> {
    const voterHex = toHex(vote.voter);
    const { head, authorities } = this.#modules;
    if (!includesBytes(authorities(head()), vote.voter)) {
      return fail({ code: "vote/voter-not-authority", voter: voterHex });
    }
    if (this.#waiting.get(voterHex)?.has(targetHex)) return fail({ code: "vote/known" });
    if (!this.#isSigned(vote)) return fail({ code: "vote/signature-invalid" });
    this.#modules.onVerified(vote);
    this.#keepWaiting(vote, voterHex, targetHex);
    return fail({ code: "vote/target-unknown", targetHash: targetHex });
  }

  #keepWaiting(vote: Vote, voterHex: string, targetHex: string): void {
    const waiting = this.#waiting.get(voterHex) ?? new BoundedMap<string, Vote>(waitingPerVoterMax);
    waiting.set(targetHex, vote);
    this.#waiting.set(voterHex, waiting);
  }

  #countVotes(
    record: HeaderRecord,
    source: Checkpoint,
    votes: readonly Vote[],
    isTimely: FinalityGadgetModules["isTimely"],
  ): "counted" | "certified" {
    if (this.#certified.has(record.hashHex)) return "counted";
    const checkpoint = { height: record.header.height, hash: record.hash };
    const authorities = this.#modules.authorities(record);
    const certificate = certificateOf(votes, { checkpoint, authorities, source });
    if (!certificate) return "counted";
    this.#certify(record, certificate, isTimely(record));
    return "certified";
  }

  #certify(record: HeaderRecord, certificate: Certificate, isTimely: boolean): void {
    if (record.header.height <= this.#final.height || this.#certified.has(record.hashHex)) return;
    this.#certified.set(record.hashHex, { record, certificate, isTimely });
    this.#certificatesSeen += 1;
    // Also links across this block: it may have been the last uncertified one between their ends.
    const reaching = [...this.#certified.values()]
      .map((other) => other.record)
      .filter((other) => other.header.height >= record.header.height)
      .sort((a, b) => b.header.height - a.header.height);
    for (const target of reaching) this.#finalizeSourceOf(target);
  }

  #finalizeSourceOf(target: HeaderRecord): void {
    const source = this.#modules.finality(target)?.justified;
    if (!source || isSameCheckpoint(source, this.#final)) return;
    const isFinal = this.#modules.linkFinalizes(source.height, target.header.height, (height) => {
      const ancestor = this.#modules.ancestry.ancestorAt(target, height);
      return ancestor !== undefined && this.#certified.has(ancestor.hashHex);
    });
    if (isFinal) this.#moveFinal(source);
  }

  #moveFinal(next: Checkpoint): void {
    const isHigher = next.height > this.#final.height;
    const [lower, higher] = isHigher ? [this.#final, next] : [next, this.#final];
    const record = this.#modules.ancestry.get(higher.hash);
    if (!record) return;
    if (!this.#modules.ancestry.isDescendant(record, lower)) {
      this.#conflict ??= { final: this.#final, conflicting: next };
      return;
    }
    if (!isHigher) return;
    this.#final = next;
    for (const [hashHex, votes] of [...this.#votes.entries()]) {
      const [vote] = votes.values();
      if (!vote || vote.target.height <= next.height) this.#votes.delete(hashHex);
    }
  }
}

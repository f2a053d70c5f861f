/** What the chain shows of a set's work decides whether a newcomer may come, who is voted out as silent, and who is first. Pure. */
import { bytesEqual, compareBytes, toHex } from "../base/bytes.ts";
import type { OpenBallot } from "../consensus/finality/chain-finality.ts";
import { quorumOf } from "../protocol/certificate.ts";
import { authorityActions } from "../protocol/transaction.ts";
import type { MemberWork } from "./participation.ts";

/** A member that neither seals nor votes for so many blocks for each member is not active, and a newcomer is voted out. */
const blocksPerMember = 2;
/** A member that did its work before is voted out after at least so many blocks, and so long by the blocks' timestamps. */
const silentBlocksMin = 64;
const silentMsMin = 86_400_000;
/** A voter has four open ballots at most. Two for candidates leave it two to vote out who is silent. */
export const openAddsMax = 2;

export type SetWait =
  | "the newest authority has not sealed and voted yet"
  | "an authority neither seals nor votes";

/** Why the set may not grow now; undefined if each newcomer has sealed and voted, and all members are active. */
export function setWait(members: readonly MemberWork[]): SetWait | undefined {
  if (members.length <= 1) return undefined;
  if (members.some(isUnproven)) return "the newest authority has not sealed and voted yet";
  const isIdle = members.some(({ idleBlocks }) => idleBlocks > 2 * blocksPerMember * members.length);
  return isIdle ? "an authority neither seals nor votes" : undefined;
}

/** False if every member has sealed within 2n blocks, as in most of a chain's life: then no certificate has to be read. */
export function mayBeSilent(sealedHeights: readonly number[], height: number): boolean {
  const grace = blocksPerMember * sealedHeights.length;
  return sealedHeights.some((sealed) => height - sealed >= grace);
}

/** An empty block is worth sealing while a newcomer has not had its turns; after 4n blocks nobody waits for it. */
export function awaitsNewcomer(members: readonly MemberWork[], height: number): boolean {
  const waitsBlocks = 2 * blocksPerMember * members.length;
  return members.some((member) => isUnproven(member) && height - (member.admittedAt ?? 0) < waitsBlocks);
}

/** It was admitted lately, and has not yet shown both that it seals and that it votes. */
export function isUnproven({ admittedAt, hasSealed, hasVoted }: MemberWork): boolean {
  return admittedAt !== undefined && !(hasSealed && hasVoted);
}

/**
 * The member that every honest authority votes to remove: a newcomer that has done nothing for 2n blocks; else, if the
 * set grows without operators on an open LAN, a member that was silent for a day. Of several the lowest key. Nobody if
 * those that work are no quorum: the removal could not become final.
 */
export function silentMember(members: readonly MemberWork[], isOpenLan: boolean): MemberWork | undefined {
  const grace = blocksPerMember * members.length;
  const atWork = members.filter(({ idleBlocks }) => idleBlocks <= 2 * grace);
  const isNever = (member: MemberWork) =>
    member.admittedAt !== undefined && !member.hasSealed && !member.hasVoted && member.idleBlocks >= grace;
  const isLong = ({ idleBlocks, idleMs }: MemberWork) =>
    isOpenLan && idleBlocks >= Math.max(silentBlocksMin, 2 * grace) && idleMs >= silentMsMin;
  const silent = members.filter(isNever)[0] ?? members.filter(isLong)[0];
  if (!silent) return undefined;
  const others = atWork.filter(({ publicKey }) => !bytesEqual(publicKey, silent.publicKey));
  return others.length >= quorumOf(members.length) ? silent : undefined;
}

/** A candidate for which this node could vote. */
export interface Eligible {
  readonly publicKey: Uint8Array;
  /** Monotonic: since this node hears of it, or since its last vote for it. */
  readonly waitsSinceMs: number;
}

/** Authorities that would each begin with another candidate begin one after the other: the next one this much later. */
const nominationStepMs = 5_000;

/** Whether an authority may be the first to vote for a candidate: one of them at each head, and the next one if it does not. */
export function mayNominate(set: readonly Uint8Array[], own: Uint8Array, head: HeadAge): boolean {
  const index = set.findIndex((key) => bytesEqual(key, own));
  const turn = (index + set.length - (head.height % set.length)) % set.length;
  return index >= 0 && head.ageMs >= turn * nominationStepMs;
}

export interface HeadAge {
  readonly height: number;
  /** Since this node has this head. */
  readonly ageMs: number;
}

/**
 * The candidate for which this node votes now. Open ballots cannot be taken back. So the first is for the candidate
 * that has waited longest, and a second one only for a candidate that the chain ranks above the first: if votes are
 * split, all honest nodes move in the same direction.
 *
 * A candidate that only some authorities see keeps a ballot until its consent ends. Then it is last in the queue.
 *
 * @param held keys in hex, of all candidates for which a vote of this node is open or on its way
 * @param mayBegin whether this node may vote for a candidate that has no ballot yet: see {@link mayNominate}
 */
export function nextCandidate(
  eligible: readonly Eligible[],
  ballots: readonly OpenBallot[],
  held: ReadonlySet<string>,
  mayBegin: boolean,
): Uint8Array | undefined {
  const rankOf = rankings(ballots);
  const unranked: Rank = { votes: 0, place: Number.POSITIVE_INFINITY };
  const ranks = (hex: string) => rankOf.get(hex) ?? unranked;
  const ranked = eligible
    .map((candidate) => ({ candidate, rank: ranks(toHex(candidate.publicKey)) }))
    .sort((a, b) => {
      const byRank = compareRanks(a.rank, b.rank);
      const byTurn = compareTurns(a.candidate, b.candidate);
      return held.size === 0 ? byTurn || byRank : byRank || byTurn;
    });
  const [best] = ranked;
  if (!best || held.has(toHex(best.candidate.publicKey)) || held.size >= openAddsMax) return undefined;
  if (best.rank.votes === 0 && !mayBegin) return undefined;
  const isAboveAll = [...held].every((key) => compareRanks(best.rank, ranks(key)) < 0);
  return isAboveAll ? best.candidate.publicKey : undefined;
}

interface Rank {
  readonly votes: number;
  /** Of its first ballot, in the order of the chain. */
  readonly place: number;
}

function rankings(ballots: readonly OpenBallot[]): Map<string, Rank> {
  const ranks = new Map<string, Rank>();
  for (const [place, { action, authority }] of ballots.entries()) {
    if (action !== authorityActions.add) continue;
    const key = toHex(authority);
    const known = ranks.get(key);
    ranks.set(key, { votes: (known?.votes ?? 0) + 1, place: known?.place ?? place });
  }
  return ranks;
}

function compareRanks(a: Rank, b: Rank): number {
  if (a.votes !== b.votes) return b.votes - a.votes;
  return a.place === b.place ? 0 : a.place - b.place;
}

/** Who has waited longest: an attacker's fresh keys, and who was voted for in vain, come behind. */
function compareTurns(a: Eligible, b: Eligible): number {
  return a.waitsSinceMs - b.waitsSinceMs || compareBytes(a.publicKey, b.publicKey);
}

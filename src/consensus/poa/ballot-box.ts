/** Counts authority votes on one block: who may vote for what, and which change passes. */
import { bytesEqual, includesBytes, toHex } from "../../base/bytes.ts";
import { verifyConsent } from "../../protocol/authority-consent.ts";
import type { TransactionFault } from "../../protocol/faults.ts";
import { authoritiesMax } from "../../protocol/genesis.ts";
import { type AuthorityVote, authorityActions, type DecodedTransaction } from "../../protocol/transaction.ts";
import type { VoteCounter } from "../engine.ts";
import { type AuthorityState, type Ballot, ballotsMax, type Change } from "./authority-state.ts";

/** The most open ballots of one authority. Without this limit one authority could fill the state. */
export const ballotsPerVoterMax = 4;
/** How far ahead a vote's expiry may lie, in blocks. */
export const ballotLifetimeMax = 100_000;

/** Takes the transactions of one block in order. The ballots that count afterwards go into the block's state. */
export class BallotBox implements VoteCounter {
  readonly #state: AuthorityState;
  readonly #chainId: Uint8Array;
  readonly #height: number;
  #ballots: Ballot[];

  /** @param height of the block that carries the votes */
  constructor(parentState: AuthorityState, chainId: Uint8Array, height: number) {
    this.#state = parentState;
    this.#chainId = chainId;
    this.#height = height;
    this.#ballots = parentState.ballots.filter(({ expiresAtHeight }) => expiresAtHeight >= height);
  }

  get ballots(): readonly Ballot[] {
    return this.#ballots;
  }

  /** Counts a transaction if it is an authority vote. After a fault nothing has changed. */
  cast({ payload, transaction, senderHex }: DecodedTransaction): TransactionFault | undefined {
    if (payload.kind !== "authorityVote") return undefined;
    const { sender } = transaction;
    if (!includesBytes(this.#state.authorities, sender)) {
      return { code: "transaction/voter-not-authority", voter: senderHex };
    }
    const useless = this.#uselessness(payload);
    if (useless) return { code: "transaction/vote-useless", reason: useless };
    const { action, authority, expiresAtHeight, consent } = payload;
    if (
      action === authorityActions.add &&
      !verifyConsent(this.#chainId, expiresAtHeight, consent, authority)
    ) {
      return { code: "transaction/vote-invalid", reason: "the candidate has not consented" };
    }
    const own = this.#ballots.filter(({ voter }) => bytesEqual(voter, sender));
    if (own.some((ballot) => isFor(ballot, payload))) {
      return { code: "transaction/vote-useless", reason: "this authority has voted for it already" };
    }
    if (own.length >= ballotsPerVoterMax || this.#ballots.length >= ballotsMax) {
      return { code: "transaction/vote-useless", reason: `${own.length} votes of this authority are open` };
    }
    this.#ballots.push({ voter: sender, action, authority, expiresAtHeight });
    return undefined;
  }

  #uselessness({ action, authority, expiresAtHeight }: AuthorityVote): string | undefined {
    if (expiresAtHeight < this.#height) return `it expired at height ${expiresAtHeight}`;
    if (expiresAtHeight > this.#height + ballotLifetimeMax) {
      return `it would not expire for more than ${ballotLifetimeMax} blocks`;
    }
    const change = changeFault(this.#state, { action, authority });
    if (change) return change;
    const inFlight = this.#state.inFlight[0];
    return inFlight && isFor(inFlight, { action, authority }) ? "it has passed already" : undefined;
  }
}

interface Wanted {
  readonly action: number;
  readonly authority: Uint8Array;
}

/** Whether a ballot, vote or change is for the wanted change of the set. */
export function isFor(ballot: Wanted, wanted: Wanted): boolean {
  return ballot.action === wanted.action && bytesEqual(ballot.authority, wanted.authority);
}

/** Why a change would not change the set; undefined if it would. */
export function changeFault(state: AuthorityState, { action, authority }: Wanted): string | undefined {
  const isMember = includesBytes(state.authorities, authority);
  if (action === authorityActions.add) {
    if (isMember) return "it is an authority already";
    if (includesBytes(state.banned, authority)) return `evidence has removed ${toHex(authority)} for good`;
    return state.authorities.length >= authoritiesMax ? "the set is full" : undefined;
  }
  if (!isMember) return "it is no authority";
  return state.authorities.length === 1 ? "the last authority stays" : undefined;
}

/** The first change, in the order in which it was first voted for, that a majority of the set wants. */
export function passingChange(
  state: AuthorityState,
  ballots: readonly Ballot[],
  height: number,
): Change | undefined {
  const needed = Math.floor(state.authorities.length / 2) + 1;
  for (const { action, authority } of ballots) {
    if (changeFault(state, { action, authority })) continue;
    const voters = ballots.filter(
      (ballot) => isFor(ballot, { action, authority }) && includesBytes(state.authorities, ballot.voter),
    );
    // An authority that wants to leave needs no votes of others.
    const leaves =
      action === authorityActions.remove && voters.some(({ voter }) => bytesEqual(voter, authority));
    if (leaves || voters.length >= needed) return { action, authority, passedAtHeight: height };
  }
  return undefined;
}

/** Counts authority votes on one block: who may vote for what, and which change passes. */
import { bytesEqual, includesBytes, toHex } from "../../base/bytes.ts";
import { verifyConsent } from "../../protocol/authority-consent.ts";
import type { TransactionFault } from "../../protocol/faults.ts";
import { authoritiesMax } from "../../protocol/genesis.ts";
import { type AuthorityVote, authorityActions, type DecodedTransaction } from "../../protocol/transaction.ts";
import type { VoteCounter } from "../engine.ts";
import { type AuthorityState, type Ballot, ballotsMax, type Change } from "./authority-state.ts";

/** Open ballots of one authority: more would be a way to fill the state. */
export const ballotsPerVoterMax = 4;
/** How far ahead a vote's expiry may lie, in blocks. */
export const ballotLifetimeMax = 100_000;

/** Transactions of one block are cast in order; what is counted afterwards goes into the block's state. */
export class BallotBox implements VoteCounter {
  readonly #state: AuthorityState;
  readonly #chainId: Uint8Array;
  readonly #height: number;
  #ballots: Ballot[];

  /** @param height of the block that the votes are to stand in */
  constructor(parentState: AuthorityState, chainId: Uint8Array, height: number) {
    this.#state = parentState;
    this.#chainId = chainId;
    this.#height = height;
    this.#ballots = parentState.ballots.filter(({ expiresAtHeight }) => expiresAtHeight >= height);
  }

  get ballots(): readonly Ballot[] {
    return this.#ballots;
  }

  /** Counts one transaction, if it is an authority vote at all; where it returns a fault, nothing has changed. */
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

/** Whether a ballot, vote or change does to the set what is wanted. */
export function isFor(ballot: Wanted, wanted: Wanted): boolean {
  return ballot.action === wanted.action && bytesEqual(ballot.authority, wanted.authority);
}

/** Why a change would do nothing to a set; undefined where it would. */
export function changeFault(state: AuthorityState, { action, authority }: Wanted): string | undefined {
  const isMember = includesBytes(state.authorities, authority);
  if (action === authorityActions.add) {
    if (isMember) return "it is an authority already";
    if (includesBytes(state.banned, authority)) return `evidence has put ${toHex(authority)} out for good`;
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
    // Whoever wants to go needs nobody's leave.
    const leaves =
      action === authorityActions.remove && voters.some(({ voter }) => bytesEqual(voter, authority));
    if (leaves || voters.length >= needed) return { action, authority, passedAtHeight: height };
  }
  return undefined;
}

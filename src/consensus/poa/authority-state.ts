/** What a chain of blocks says about its authorities and its finality. Each block's record has one immutable state. */
import { ContainerType, ListBasicType, ListCompositeType, type ValueOf } from "@chainsafe/ssz";
import { bytesEqual } from "../../base/bytes.ts";
import { invariant } from "../../base/invariant.ts";
import type { HeaderRecord } from "../../protocol/block.ts";
import { CheckpointType } from "../../protocol/checkpoint.ts";
import { Bytes32, decode, SafeUint64, Uint8 } from "../../protocol/codec.ts";
import { authoritiesMax } from "../../protocol/genesis.ts";

export const ballotsMax = 1024;
/** Certified heights that are remembered above the final one; a gap longer than this ends with its own finality. */
export const justifiedHeightsMax = 64;

/** One authority's vote for a change, until the change passes or the vote expires. */
const BallotType = new ContainerType({
  voter: Bytes32,
  action: Uint8,
  authority: Bytes32,
  expiresAtHeight: SafeUint64,
});
export type Ballot = ValueOf<typeof BallotType>;

export const ChangeType = new ContainerType({
  action: Uint8,
  authority: Bytes32,
  passedAtHeight: SafeUint64,
});
export type Change = ValueOf<typeof ChangeType>;

export const AuthorityStateType = new ContainerType({
  /** The authorities that may seal on this block and vote for it, sorted by key. */
  authorities: new ListCompositeType(Bytes32, authoritiesMax),
  /** The height at which this set came into force; 0 for the genesis. A light client follows the sets by it. */
  authoritiesSinceHeight: SafeUint64,
  /** For each authority the height of the last block that it sealed on this chain, or of its admission if it has sealed none. */
  sealedHeights: new ListBasicType(SafeUint64, authoritiesMax),
  /** The highest block that a certificate on this chain certifies. */
  justified: CheckpointType,
  /** The highest block that the certificates on this chain make final. */
  finalized: CheckpointType,
  /** Heights of blocks that certificates on this chain certify, above the final one, ascending. */
  justifiedHeights: new ListBasicType(SafeUint64, justifiedHeightsMax),
  ballots: new ListCompositeType(BallotType, ballotsMax),
  /** The change that has passed and waits for the finality of its block; at most one. */
  inFlight: new ListCompositeType(ChangeType, 1),
  /** Keys that were slashed: evidence has removed them for good. */
  banned: new ListCompositeType(Bytes32, authoritiesMax),
  /** The highest block with a transaction or evidence. Empty blocks are worth sealing until this block is final. */
  unsettledHeight: SafeUint64,
  /** 1 since there was a second authority, or a transaction that is no authority vote. */
  established: Uint8,
});
export type AuthorityState = ValueOf<typeof AuthorityStateType>;

const decodedStates = new WeakMap<Uint8Array, AuthorityState>();

/** The decoded state of a block's record. Each state is decoded once. */
export function authorityStateOf({ consensusState }: Pick<HeaderRecord, "consensusState">): AuthorityState {
  const known = decodedStates.get(consensusState);
  if (known) return known;
  const decoded = decode(AuthorityStateType, consensusState, "authority state");
  invariant(decoded.ok, "a stored authority state decodes");
  decodedStates.set(consensusState, decoded.value);
  return decoded.value;
}

/** {@link AuthorityState.authoritiesSinceHeight} without decoding the rest. The field follows the offset of the first one. */
export function authoritiesSinceHeightOf({ consensusState }: Pick<HeaderRecord, "consensusState">): number {
  const { buffer, byteOffset, byteLength } = consensusState;
  return Number(new DataView(buffer, byteOffset, byteLength).getBigUint64(offsetBytes, true));
}

/** Bytes of the offset of a list in SSZ. */
const offsetBytes = 4;

export function encodeAuthorityState(state: AuthorityState): Uint8Array {
  const consensusState = AuthorityStateType.serialize(state);
  decodedStates.set(consensusState, state);
  return consensusState;
}

/** The index of a key in a sorted set; -1 if the key is not in it. */
export function indexIn(keys: readonly Uint8Array[], key: Uint8Array): number {
  return keys.findIndex((candidate) => bytesEqual(candidate, key));
}

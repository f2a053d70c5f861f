/** What travels: topic and protocol names, and the SSZ of every message that is not a block or a node record. */
import { ContainerType, ListCompositeType, type ValueOf } from "@chainsafe/ssz";
import { concatBytes, toHex } from "../base/bytes.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { blockBytesMax } from "../protocol/block.ts";
import { CheckpointType } from "../protocol/checkpoint.ts";
import { Bytes32, Bytes64, byteList, decode, SafeUint64, Uint8, Uint32, Uint256 } from "../protocol/codec.ts";
import { decodeEvidence, type Evidence, encodeEvidence, evidenceBytesMax } from "../protocol/evidence.ts";
import type { CodecFault, MessageFault } from "../protocol/faults.ts";
import { PresenceType } from "../protocol/presence.ts";
import { transactionBytesMax } from "../protocol/transaction.ts";
import { decodeVote, encodeVote, type Vote } from "../protocol/vote.ts";

export const messageTransactionsMax = 512;
/** A transaction message is flushed when it has this many bytes, and is refused well above it. */
export const messageFlushBytes = 64 * 1024;
export const transactionsMessageBytesMax =
  messageFlushBytes + transactionBytesMax + 4 * messageTransactionsMax;
/** With nonce and offset. */
export const announcementBytesMax = transactionsMessageBytesMax + 12;
export const blockMessageBytesMax = blockBytesMax;
export const rangeBlocksMax = 128;
export const hashesMax = 32;

export interface ChainTopics {
  readonly blocks: string;
  readonly transactions: string;
  /** Finality votes and evidence; only where the engine has finality. */
  readonly votes: string;
  /** Consents of those who ask to become an authority; only where the chain has authorities. */
  readonly candidates: string;
}

export const nodesTopic = "/aurex/nodes/1";

export function chainTopics(chainId: Uint8Array): ChainTopics {
  const prefix = `/aurex/${toHex(chainId).slice(0, 16)}`;
  return {
    blocks: `${prefix}/blocks/1`,
    transactions: `${prefix}/transactions/2`,
    votes: `${prefix}/votes/1`,
    candidates: `${prefix}/candidates/1`,
  };
}

export const handshakeProtocol = "/aurex/handshake/1";
export const statusProtocol = "/aurex/status/1";
/** Candidacy and presence: served if the chain has authorities, and said to peers of the same chain alone. */
export const candidacyProtocol = "/aurex/candidacy/1";
export const presenceProtocol = "/aurex/presence/1";
/** What handshake, status, candidacy and presence were before they were messages of their own. */
export const oldHelloProtocol = "/aurex/hello/1";
export const genesisProtocol = "/aurex/genesis/1";
/** The node records that a node knows, its own among them. */
export const nodeListProtocol = "/aurex/node-list/1";

export interface ChainProtocols {
  readonly blocksByRange: string;
  readonly blocksByHash: string;
  readonly mempool: string;
  readonly votes: string;
}

export function chainProtocols(chainId: Uint8Array): ChainProtocols {
  const prefix = `/aurex/${toHex(chainId).slice(0, 16)}`;
  return {
    blocksByRange: `${prefix}/blocks-by-range/1`,
    blocksByHash: `${prefix}/blocks-by-hash/1`,
    mempool: `${prefix}/mempool/1`,
    votes: `${prefix}/votes/1`,
  };
}

/** A wish to be an authority, with the consent that a vote for it has to carry. */
const CandidacyType = new ContainerType({ expiresAtHeight: SafeUint64, consent: Bytes64 });
export type Candidacy = ValueOf<typeof CandidacyType>;

/** Who a node is and which chain it follows: what does not change while a connection lasts. */
export const HandshakeType = new ContainerType({
  network: byteList(64),
  engine: Uint8,
  /** Zero: the node has no chain yet. */
  chainId: Bytes32,
  /** The node's key: its identity, and where the chain says so its authority. */
  publicKey: Bytes32,
  /** 1: the node has no chain, and is a candidate for founding one. */
  mayFound: Uint8,
  clockMs: SafeUint64,
  name: byteList(64),
});
export type Handshake = ValueOf<typeof HandshakeType>;

/** Where a node's chain stands. The fields are claims: they only decide which peer is asked for blocks first. */
export const StatusType = new ContainerType({
  height: SafeUint64,
  head: Bytes32,
  cumulativeWeight: Uint256,
  justifiedHeight: SafeUint64,
  /** The block that is final for this node; the genesis block if none is final yet. */
  final: CheckpointType,
  /** 0: a provisional chain, which yields to an established one; 1: established. */
  established: Uint8,
  clockMs: SafeUint64,
});
export type Status = ValueOf<typeof StatusType>;

/** A wish to be an authority, and the height of the node that has it. An empty list: the node wishes nothing. */
export const CandidacyMessageType = new ContainerType({
  height: SafeUint64,
  candidacy: new ListCompositeType(CandidacyType, 1),
});
export type CandidacyMessage = ValueOf<typeof CandidacyMessageType>;

/** Doppelganger protection: how two processes with one key find out about each other through a third node. */
export const PresenceMessageType = new ContainerType({
  /** The process that speaks; there if the node signs blocks and votes. */
  own: new ListCompositeType(PresenceType, 1),
  /** What was last heard of another process with the key of the node that this is said to. */
  twin: new ListCompositeType(PresenceType, 1),
});
export type PresenceMessage = ValueOf<typeof PresenceMessageType>;

export const RangeRequestType = new ContainerType({
  startHeight: SafeUint64,
  count: Uint32,
  /** 1: sealed headers only, for finding the common ancestor. */
  headersOnly: Uint8,
});

export const HashesType = new ListCompositeType(Bytes32, hashesMax);

const TransactionsMessageType = new ListCompositeType(byteList(transactionBytesMax), messageTransactionsMax);

export function encodeTransactionsMessage(transactions: readonly Uint8Array[]): Uint8Array {
  return TransactionsMessageType.serialize([...transactions]);
}

/** The transactions' bytes; each still has to be decoded and judged. */
export function decodeTransactionsMessage(bytes: Uint8Array): Result<Uint8Array[], MessageFault> {
  const decoded = decode(TransactionsMessageType, bytes, "transactions message", { reuseBytes: true });
  if (!decoded.ok) return decoded;
  return decoded.value.length === 0 ? fail({ code: "message/empty" }) : ok(decoded.value);
}

/**
 * What the transactions topic carries. Gossip delivers the same bytes once in several minutes, so each announcement has
 * its own nonce: what is announced again is heard again.
 */
const AnnouncementType = new ContainerType({ nonce: SafeUint64, transactions: TransactionsMessageType });

/** @param nonce no other announcement of this node within the last minutes had it */
export function encodeAnnouncement(nonce: number, transactions: readonly Uint8Array[]): Uint8Array {
  return AnnouncementType.serialize({ nonce, transactions: [...transactions] });
}

/** The transactions' bytes; each still has to be decoded and judged. */
export function decodeAnnouncement(bytes: Uint8Array): Result<Uint8Array[], MessageFault> {
  const decoded = decode(AnnouncementType, bytes, "announcement of transactions", { reuseBytes: true });
  if (!decoded.ok) return decoded;
  const { transactions } = decoded.value;
  return transactions.length === 0 ? fail({ code: "message/empty" }) : ok(transactions);
}

/** What the votes topic carries, and the chunks of an answer to a votes request. */
export type FinalityMessage =
  | { readonly kind: "vote"; readonly vote: Vote }
  | { readonly kind: "evidence"; readonly evidence: Evidence };

const finalityKindBytes = { vote: 1, evidence: 2 } as const;
export const finalityMessageBytesMax = 1 + evidenceBytesMax;

/** One byte for the kind, then the vote or the evidence in its own bytes. */
export function encodeFinalityMessage(message: FinalityMessage): Uint8Array {
  const bytes = message.kind === "vote" ? encodeVote(message.vote) : encodeEvidence(message.evidence);
  return concatBytes([Uint8Array.of(finalityKindBytes[message.kind]), bytes]);
}

/** Strict; nothing of it is verified. */
export function decodeFinalityMessage(bytes: Uint8Array): Result<FinalityMessage, CodecFault> {
  const body = bytes.subarray(1);
  switch (bytes[0]) {
    case finalityKindBytes.vote: {
      const vote = decodeVote(body);
      return vote.ok ? ok({ kind: "vote", vote: vote.value }) : vote;
    }
    case finalityKindBytes.evidence: {
      const evidence = decodeEvidence(body);
      return evidence.ok ? ok({ kind: "evidence", evidence: evidence.value }) : evidence;
    }
    default:
      return fail({
        code: "codec/malformed",
        what: "finality message",
        reason: `kind ${bytes[0]} is not known`,
      });
  }
}

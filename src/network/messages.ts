/** What travels: topic and protocol names, and the SSZ of every message that is not a block or a node record. */
import { ContainerType, ListCompositeType, type ValueOf } from "@chainsafe/ssz";
import { toHex } from "../base/bytes.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { blockBytesMax } from "../protocol/block.ts";
import { Bytes32, byteList, decode, SafeUint64, Uint8, Uint32, Uint256 } from "../protocol/codec.ts";
import type { MessageFault } from "../protocol/faults.ts";
import { transactionBytesMax } from "../protocol/transaction.ts";

export const messageTransactionsMax = 512;
/** A transaction message is flushed when it has this many bytes, and is refused well above it. */
export const messageFlushBytes = 64 * 1024;
export const transactionsMessageBytesMax =
  messageFlushBytes + transactionBytesMax + 4 * messageTransactionsMax;
export const blockMessageBytesMax = blockBytesMax;
export const rangeBlocksMax = 128;
export const hashesMax = 32;

export interface ChainTopics {
  readonly blocks: string;
  readonly transactions: string;
}

export const nodesTopic = "/aurex/nodes/1";

export function chainTopics(chainId: Uint8Array): ChainTopics {
  const prefix = `/aurex/${toHex(chainId).slice(0, 16)}`;
  return { blocks: `${prefix}/blocks/1`, transactions: `${prefix}/transactions/1` };
}

export const helloProtocol = "/aurex/hello/1";
export const genesisProtocol = "/aurex/genesis/1";

export interface ChainProtocols {
  readonly blocksByRange: string;
  readonly blocksByHash: string;
  readonly mempool: string;
}

export function chainProtocols(chainId: Uint8Array): ChainProtocols {
  const prefix = `/aurex/${toHex(chainId).slice(0, 16)}`;
  return {
    blocksByRange: `${prefix}/blocks-by-range/1`,
    blocksByHash: `${prefix}/blocks-by-hash/1`,
    mempool: `${prefix}/mempool/1`,
  };
}

export const HelloType = new ContainerType({
  version: Uint8,
  network: byteList(64),
  engine: Uint8,
  chainId: Bytes32,
  height: SafeUint64,
  head: Bytes32,
  /** Claimed, never believed: it only says from whom to sync first. */
  cumulativeWeight: Uint256,
  clockMs: SafeUint64,
  name: byteList(64),
});
export type Hello = ValueOf<typeof HelloType>;
export const helloVersion = 1;
export const helloBytesMax = 512;

export const RangeRequestType = new ContainerType({
  startHeight: SafeUint64,
  count: Uint32,
  /** 1: sealed headers only, for finding the common ancestor. */
  headersOnly: Uint8,
});
export type RangeRequest = ValueOf<typeof RangeRequestType>;

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

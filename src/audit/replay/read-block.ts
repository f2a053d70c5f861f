/** What can be read of a block as a file has it, also of one that does not decode as a whole. */
import { fromHex, toHex } from "../../base/bytes.ts";
import {
  blockHash,
  type ConsensusSection,
  emptyConsensusSection,
  type Header,
  headerRoot,
  nonceBytes,
  type Seal,
} from "../../protocol/block.ts";
import { decode } from "../../protocol/codec.ts";
import { publicKeyOfAddress } from "../../protocol/identity.ts";
import type { DecodedTransaction } from "../../protocol/transaction.ts";
import type { LedgerBlock, Row, SqlValue } from "../ledger-block.ts";

export interface ReadBlock {
  readonly height: number;
  readonly header: Header;
  readonly seal: Seal;
  /** Of the header and the nonce. */
  readonly hash: Uint8Array;
  readonly section: ConsensusSection;
  /** Those that decode. */
  readonly transactions: readonly DecodedTransaction[];
  /** False if a part of it does not decode. */
  readonly isWhole: boolean;
}

/** Undefined if nothing that the file says of the block makes a header. */
export function readBlock(
  { height, row, isWhole, parts }: LedgerBlock,
  chainId: Uint8Array,
): ReadBlock | undefined {
  const seal = parts.seal ?? { nonce: new Uint8Array(nonceBytes), signature: new Uint8Array(0) };
  const header = headerOf(row, parts.header, seal.nonce, chainId);
  if (!header) return undefined;
  return {
    ...{ height, header, seal, section: parts.section ?? emptyConsensusSection },
    hash: blockHash(headerRoot(header), seal.nonce),
    transactions: parts.transactions.filter((transaction) => transaction !== undefined),
    isWhole,
  };
}

/** From its bytes; or from the columns, if these make the hash of the row and the bytes do not. */
function headerOf(
  row: Row,
  encoded: Header | undefined,
  nonce: Uint8Array,
  chainId: Uint8Array,
): Header | undefined {
  const isOfRow = (header: Header) => toHex(blockHash(headerRoot(header), nonce)) === row.hash;
  if (encoded && isOfRow(encoded)) return encoded;
  const spelled = headerOfColumns(row, chainId);
  return spelled && isOfRow(spelled) ? spelled : (encoded ?? spelled);
}

function headerOfColumns(row: Row, chainId: Uint8Array): Header | undefined {
  const parentHash = hash(row.previous_hash);
  const producer =
    typeof row.producer === "string" ? publicKeyOfAddress(row.producer.slice(0, 128)) : undefined;
  const roots = [row.transactions_root, row.state_root, row.consensus_root, row.consensus_state_hash];
  const [transactionsRoot, stateRoot, consensusRoot, consensusStateHash] = roots.map(hash);
  const [target, extraData] = [hash(row.target), hash(row.extra_data)];
  const version = wholeNumber(row.header_version, 255);
  const height = wholeNumber(row.index);
  const timestampMs = wholeNumber(row.timestamp_ms);
  const transactionCount = wholeNumber(row.transaction_count, 2 ** 32 - 1);
  if (!parentHash || !producer || !transactionsRoot || !stateRoot || !consensusRoot) return undefined;
  if (!consensusStateHash || !target || !extraData || version === undefined) return undefined;
  if (height === undefined || timestampMs === undefined || transactionCount === undefined) return undefined;
  return {
    ...{ version, chainId, height, parentHash, timestampMs, producer, transactionsRoot, transactionCount },
    ...{ stateRoot, consensusRoot, consensusStateHash, target, extraData },
  };
}

/** What is decoded here is far smaller. */
const decodedBytesMax = 64 * 1024;

/** Undefined for anything but the strict encoding of a value of the type. */
export function decodedFrom<Value>(
  type: Parameters<typeof decode<Value>>[0],
  value: SqlValue | undefined,
  what: string,
): Value | undefined {
  const bytes = bytesOf(value, decodedBytesMax);
  const result = bytes && decode(type, bytes, what);
  return result?.ok ? result.value : undefined;
}

function bytesOf(value: SqlValue | undefined, bytesMax: number): Uint8Array | undefined {
  return value instanceof Uint8Array && value.length <= bytesMax ? value : undefined;
}

function hash(value: SqlValue | undefined): Uint8Array | undefined {
  return typeof value === "string" ? fromHex(value.slice(0, 65), 32) : undefined;
}

/** A number of the file where it is whole and exact. */
export function wholeNumber(
  value: SqlValue | undefined,
  max: number = Number.MAX_SAFE_INTEGER,
): number | undefined {
  return typeof value === "bigint" && value >= 0n && value <= BigInt(max) ? Number(value) : undefined;
}

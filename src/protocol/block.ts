/** Blocks: header, seal, consensus section and body; the hash, and the roots that the header commits to. */
import { ContainerType, ListCompositeType, type ValueOf } from "@chainsafe/ssz";
import { concatBytes, toHex } from "../base/bytes.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { CertificateType } from "./certificate.ts";
import { Bytes32, byteList, decode, SafeUint64, Uint8, Uint32, withOwnBytes } from "./codec.ts";
import type { BlockFault } from "./faults.ts";
import { sha256 } from "./hashing.ts";
import { listRoot } from "./merkle.ts";
import {
  type DecodedTransaction,
  decodeTransaction,
  transactionBytesMax,
  transactionLeaves,
} from "./transaction.ts";

export const blockVersion = 2;
/** Depth of the transaction list's tree: at most 2^13 = 8192 transactions in a block. */
export const transactionListDepth = 13;
export const blockTransactionsMax = 2 ** transactionListDepth;
/** The largest block on the wire; a chain spec may set less. */
export const blockBytesMax = 1024 * 1024;
export const nonceBytes = 32;
export const sealSignatureBytesMax = 64;
/** Room for the largest state of an engine: 256 authorities with 4 open ballots each. */
export const consensusStateBytesMax = 128 * 1024;

export const HeaderType = new ContainerType({
  version: Uint8,
  chainId: Bytes32,
  height: SafeUint64,
  parentHash: Bytes32,
  timestampMs: SafeUint64,
  producer: Bytes32,
  transactionsRoot: Bytes32,
  transactionCount: Uint32,
  stateRoot: Bytes32,
  consensusRoot: Bytes32,
  /** SHA256 of the consensus engine's state after the block, in its own bytes; zero in block 0, whose state the spec implies. */
  consensusStateHash: Bytes32,
  /** Proof of Work: the target as a big-endian number, as the hash is read. Proof of Authority: zero. */
  target: Bytes32,
  /** A UTF-8 note, zero-padded. */
  extraData: Bytes32,
});
export type Header = ValueOf<typeof HeaderType>;

/** Beside the header: Proof of Work fills the nonce, Proof of Authority the signature (64 bytes). */
export const SealType = new ContainerType({
  nonce: Bytes32,
  signature: byteList(sealSignatureBytesMax),
});
export type Seal = ValueOf<typeof SealType>;

export const sectionEvidenceMax = 16;
/** What Proof of Authority says beside the transactions: at most one finality certificate, and encoded evidence. */
export const ConsensusSectionType = new ContainerType({
  certificates: new ListCompositeType(CertificateType, 1),
  evidence: new ListCompositeType(byteList(2048), sectionEvidenceMax),
});
export type ConsensusSection = ValueOf<typeof ConsensusSectionType>;
export const emptyConsensusSection: ConsensusSection = { certificates: [], evidence: [] };

/** A header with its seal: what a chain of work or signatures is made of. */
export const SealedHeaderType = new ContainerType({ header: HeaderType, seal: SealType });

/**
 * A list of byte lists has the same encoding as a list of transactions; so each transaction's own bytes are at hand
 * for its leaf without encoding it again.
 */
export const BlockType = new ContainerType({
  header: HeaderType,
  seal: SealType,
  consensusSection: ConsensusSectionType,
  transactions: new ListCompositeType(byteList(transactionBytesMax), blockTransactionsMax),
});

/** A block whose bytes decoded, with its hash. Nothing in it is verified. */
export interface Block {
  readonly header: Header;
  readonly seal: Seal;
  readonly consensusSection: ConsensusSection;
  readonly transactions: readonly DecodedTransaction[];
  readonly hash: Uint8Array;
  readonly hashHex: string;
  readonly bytes: Uint8Array;
}

export function headerRoot(header: Header): Uint8Array {
  return sha256(HeaderType.serialize(header));
}

/** SHA256(headerRoot ‖ nonce): the documented hash(data + nonce), 64 bytes in all. */
export function blockHash(root: Uint8Array, nonce: Uint8Array): Uint8Array {
  return sha256(concatBytes([root, nonce]));
}

/** The number that a miner counted to: bytes 0..7 of a nonce, little-endian; the rest is the extra nonce. */
export function countingNonceOf(nonce: Uint8Array): bigint {
  return new DataView(nonce.buffer, nonce.byteOffset).getBigUint64(0, true);
}

export function transactionsRoot(transactions: readonly DecodedTransaction[]): Uint8Array {
  return listRoot(transactionLeaves(transactions), transactionListDepth);
}

export function consensusRoot(section: ConsensusSection): Uint8Array {
  return ConsensusSectionType.hashTreeRoot(section);
}

/** Where the offsets of the three parts behind the header begin. */
const headerBytes = HeaderType.fixedSize as number;

/** The header of a block's bytes, without decoding what follows; undefined if they end before. Nothing of it is verified. */
export function peekHeader(blockBytes: Uint8Array): Header | undefined {
  if (blockBytes.length < headerBytes) return undefined;
  const decoded = decode(HeaderType, blockBytes.subarray(0, headerBytes), "header");
  return decoded.ok ? decoded.value : undefined;
}

/** A block without its consensus section and its transactions. */
export interface SealedHeader extends Pick<Block, "header" | "seal" | "hash" | "hashHex"> {}

/** What {@link peekHeader} shows, with seal and hash. Nothing of it is verified, and no part of it is one of `blockBytes`. */
export function peekSealedHeader(blockBytes: Uint8Array): SealedHeader | undefined {
  const header = peekHeader(blockBytes);
  const parts = partsOf(blockBytes);
  if (!header || !parts.ok) return undefined;
  const seal = decode(SealType, parts.value.seal, "seal");
  if (!seal.ok) return undefined;
  const hash = blockHash(headerRoot(header), seal.value.nonce);
  return { header: withOwnBytes(header), seal: withOwnBytes(seal.value), hash, hashHex: toHex(hash) };
}

/** The parts behind the header, as far as the transactions. */
function partsOf(
  blockBytes: Uint8Array,
): Result<{ readonly seal: Uint8Array; readonly section: Uint8Array }, BlockFault> {
  const malformed = (reason: string) => fail({ code: "codec/malformed" as const, what: "block", reason });
  if (blockBytes.length < headerBytes + 12) return malformed("it ends within its fixed part");
  const view = new DataView(blockBytes.buffer, blockBytes.byteOffset, blockBytes.byteLength);
  const [seal, section, transactions] = [0, 4, 8].map((at) => view.getUint32(headerBytes + at, true)) as [
    number,
    number,
    number,
  ];
  if (seal > section || section > transactions || transactions > blockBytes.length) {
    return malformed("its offsets are out of order");
  }
  return ok({
    seal: blockBytes.subarray(seal, section),
    section: blockBytes.subarray(section, transactions),
  });
}

/** The consensus section of a block's bytes, without decoding the transactions behind it. */
export function decodeConsensusSection(blockBytes: Uint8Array): Result<ConsensusSection, BlockFault> {
  const parts = partsOf(blockBytes);
  return parts.ok ? decode(ConsensusSectionType, parts.value.section, "consensus section") : parts;
}

export const emptyConsensusRoot: Uint8Array = consensusRoot(emptyConsensusSection);

/** Decoded between two pauses of {@link decodeBlockInPieces}: some 4 ms of work. */
const transactionsPerPiece = 256;

/** Decodes a block and every transaction in it, strictly. */
export function decodeBlock(bytes: Uint8Array): Result<Block, BlockFault> {
  const pieces = decodeBlockInPieces(bytes);
  for (;;) {
    const piece = pieces.next();
    if (piece.done) return piece.value;
  }
}

/** {@link decodeBlock} with pauses: a full block takes 60 ms, in which whoever decodes it can do nothing else. */
export function* decodeBlockInPieces(bytes: Uint8Array): Generator<undefined, Result<Block, BlockFault>> {
  if (bytes.length > blockBytesMax) {
    return fail({ code: "block/too-large", bytes: bytes.length, bytesMax: blockBytesMax });
  }
  // The block keeps its bytes, so its transactions need none of their own.
  const decoded = decode(BlockType, bytes, "block", { reuseBytes: true });
  if (!decoded.ok) return decoded;
  const header = withOwnBytes(decoded.value.header);
  const transactions: DecodedTransaction[] = [];
  for (const [position, transactionBytes] of decoded.value.transactions.entries()) {
    if (position > 0 && position % transactionsPerPiece === 0) yield;
    const transaction = decodeTransaction(transactionBytes, header.chainId);
    if (!transaction.ok) {
      return fail({
        code: "block/transaction-invalid",
        position,
        id: toHex(sha256(transactionBytes)),
        fault: transaction.fault,
      });
    }
    transactions.push(transaction.value);
  }
  // What outlives the block gets bytes of its own: a header that was a part of `bytes` would keep the whole megabyte.
  const seal = withOwnBytes(decoded.value.seal);
  const consensusSection = withOwnBytes(decoded.value.consensusSection);
  return ok(blockOf(header, seal, consensusSection, transactions, bytes));
}

/** Puts a sealed block together and encodes it. */
export function assembleBlock(
  header: Header,
  seal: Seal,
  transactions: readonly DecodedTransaction[],
  consensusSection: ConsensusSection = emptyConsensusSection,
): Block {
  const bytes = BlockType.serialize({
    header,
    seal,
    consensusSection,
    transactions: transactions.map((transaction) => transaction.bytes),
  });
  return blockOf(header, seal, consensusSection, transactions, bytes);
}

function blockOf(
  header: Header,
  seal: Seal,
  consensusSection: ConsensusSection,
  transactions: readonly DecodedTransaction[],
  bytes: Uint8Array,
): Block {
  const hash = blockHash(headerRoot(header), seal.nonce);
  return { header, seal, consensusSection, transactions, hash, hashHex: toHex(hash), bytes };
}

/** What a chain knows of a block without its body, with what the consensus engine made of the chain up to it. */
export interface HeaderRecord {
  readonly hash: Uint8Array;
  readonly hashHex: string;
  readonly header: Header;
  readonly seal: Seal;
  /** The engine's measure for fork choice. */
  readonly cumulativeWeight: bigint;
  /** Height of the highest block that this block's own chain certifies; 0 where the engine has no finality. */
  readonly justifiedHeight: number;
  /**
   * The engine's own state after the block, in its own bytes; it follows from the chain up to the block. The header
   * holds its hash, unless an operator has put another state in its place (trust recovery).
   */
  readonly consensusState: Uint8Array;
}

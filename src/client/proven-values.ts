/** What a light client returns, and the checks that lead from a proven header to it. */
import { bytesEqual, concatBytes, toHex } from "../base/bytes.ts";
import { type Entry, entryKeys } from "../ledger/entry.ts";
import { decodeEntry } from "../ledger/entry-codec.ts";
import { type EntryProof, verifyEntry } from "../light/entry-proof.ts";
import { type Block, consensusRoot, decodeBlock, transactionsRoot } from "../protocol/block.ts";
import { signersOf } from "../protocol/certificate.ts";
import { describeFault } from "../protocol/faults.ts";
import { sealDomain } from "../protocol/hashing.ts";
import { addressOf } from "../protocol/identity.ts";
import { verifySignature } from "../protocol/signing.ts";
import type { DecodedTransaction } from "../protocol/transaction.ts";
import type { Check, ProvenHeader } from "./follower.ts";
import { held, NotVerified } from "./verified.ts";

export interface VerifiedBlock {
  readonly height: number;
  readonly hash: string;
  readonly timestampMs: number;
  readonly transactionCount: number;
  readonly stateRoot: string;
  readonly final: boolean;
  /** Proof of Work: blocks from this one up to the newest that is known, itself included. Null for a final block. */
  readonly confirmations: number | null;
}

export interface VerifiedTransaction {
  readonly transaction: DecodedTransaction;
  /** From 0. */
  readonly position: number;
  readonly block: VerifiedBlock;
}

export interface VerifiedBody {
  /** In their order. */
  readonly transactions: readonly DecodedTransaction[];
  readonly block: VerifiedBlock;
  /** All that its bytes say. */
  readonly contents: Block;
  /** Addresses whose votes are in the certificate that the block carries; null if it carries none, or in Proof of Work. */
  readonly signers: readonly string[] | null;
}

/** Who sealed a block. */
export interface VerifiedSeal {
  /** Null for block 0, which nobody has sealed. */
  readonly producer: string | null;
  readonly block: VerifiedBlock;
}

export interface VerifiedBalance {
  readonly address: string;
  /** Base units of AUR. */
  readonly balance: bigint;
  /** The sequence of the account's next transaction. */
  readonly sequence: number;
  /** Null: the account has none, or the node did not prove it. */
  readonly name: string | null;
  /** Base units of the asset that was asked for; null: none was proven, which is no proof that there is none. */
  readonly assetBalance: bigint | null;
  /** After this block. */
  readonly block: VerifiedBlock;
}

export function blockOf({ header, hash, confirmations }: ProvenHeader): VerifiedBlock {
  return {
    height: header.height,
    hash: toHex(hash),
    timestampMs: header.timestampMs,
    transactionCount: header.transactionCount,
    stateRoot: toHex(header.stateRoot),
    final: confirmations === undefined,
    confirmations: confirmations ?? null,
  };
}

export function bodyOf(bytes: Uint8Array, { header, hash }: ProvenHeader): Block {
  const block = decodeBlock(bytes);
  if (!block.ok) throw new NotVerified("light/malformed", describeFault(block.fault));
  const { transactions, consensusSection } = block.value;
  if (!bytesEqual(block.value.hash, hash)) {
    throw new NotVerified("light/not-what-was-asked", `the bytes are those of block ${block.value.hashHex}`);
  }
  if (
    transactions.length !== header.transactionCount ||
    !bytesEqual(transactionsRoot(transactions), header.transactionsRoot)
  ) {
    throw new NotVerified(
      "light/proof-invalid",
      "the transactions are not those under the block's transactionsRoot",
    );
  }
  if (!bytesEqual(consensusRoot(consensusSection), header.consensusRoot)) {
    throw new NotVerified(
      "light/proof-invalid",
      "the consensus section is not the one under the block's consensusRoot",
    );
  }
  return block.value;
}

/** That the producer named in a header has signed its hash. */
export function requireSealed({ header, hash }: ProvenHeader, signature: Uint8Array, check: Check): void {
  if (!verifySignature(concatBytes([sealDomain, hash]), signature, header.producer)) {
    throw new NotVerified(
      "light/signature-invalid",
      `${addressOf(header.producer)} has not sealed block ${header.height}`,
    );
  }
  check("seal", `${addressOf(header.producer)} has signed the hash`);
}

/** Whose votes are in the certificate that a block carries. */
export function signersIn(
  { consensusSection }: Block,
  authoritiesAt: (height: number) => readonly Uint8Array[] | undefined,
): readonly string[] | null {
  const [certificate] = consensusSection.certificates;
  const authorities = certificate && authoritiesAt(certificate.targetHeight);
  const signers = authorities && signersOf(certificate.bitmap, authorities.length);
  return signers ? signers.map((index) => addressOf(authorities[index] as Uint8Array)) : null;
}

export function entryUnder(
  { header }: ProvenHeader,
  proof: EntryProof | undefined,
  key: string,
  check: Check,
): Entry {
  if (!proof) throw new NotVerified("light/not-what-was-asked", `the node has not proven ${key}`);
  const entry = held(verifyEntry(header, proof, key));
  check(
    "entry",
    `the ${entry.type} entry is leaf ${proof.index} of ${proof.leafCount} under the state root of block ${header.height}`,
  );
  return entry;
}

/** An account's name, which the proof itself tells. */
export function userUnder(header: ProvenHeader, proof: EntryProof, check: Check): Entry {
  const said = decodeEntry(proof.bytes);
  if (!said.ok || said.value.type !== "user") {
    throw new NotVerified("light/malformed", "what is shown as the account's name is none");
  }
  return entryUnder(header, proof, entryKeys.user(said.value.name), check);
}

/** A transaction before it is signed: exactly the bytes that a signature will cover, for a key that is not needed yet. */
import { bytesEqual, fromHex, toHex } from "../../base/bytes.ts";
import {
  addressOf,
  type BuiltTransaction,
  buildIssueAsset,
  buildRecord,
  buildRegisterUser,
  buildTransfer,
  type DecodedTransaction,
  type KeyPair,
  keyPairFromSeed,
  type Payload,
  type Result,
  signTransaction,
  type TransactionTerms,
  verifySignature,
  type WalletFault,
} from "../../client/index.ts";
import { transactionDomain } from "../../protocol/hashing.ts";
import {
  encodePayload,
  transactionId,
  transactionKinds,
  transactionVersion,
  type UnsignedTransaction,
  UnsignedTransactionType,
} from "../../protocol/transaction.ts";

/** What a person wants to have done; amounts in base units, the recipient already found. */
export type Wish =
  | {
      readonly kind: "transfer";
      readonly to: Uint8Array;
      /** 32 bytes; undefined is AUR. */
      readonly assetId: Uint8Array | undefined;
      readonly amount: bigint;
      readonly memo: string;
    }
  | { readonly kind: "record"; readonly data: string }
  | { readonly kind: "registerUser"; readonly name: string }
  | {
      readonly kind: "issueAsset";
      readonly symbol: string;
      readonly name: string;
      readonly decimals: number;
      readonly supply: bigint;
      readonly metadata: string;
    };

/** What every draft needs besides the wish. */
export interface DraftTerms {
  /** 64 hex digits. */
  readonly chainId: string;
  /** 32 bytes: whose key will sign. */
  readonly sender: Uint8Array;
  readonly sequence: number;
  readonly fee: bigint;
  readonly validUntil: number;
  readonly timestampMs: number;
}

export interface Draft extends DraftTerms {
  readonly payload: Payload;
  /** 64 hex digits: the id that the transaction will have. */
  readonly id: string;
  /** What is signed is the hash of the domain, the chain id, and these. */
  readonly bytes: Uint8Array;
}

/** A draft of a wish; or which input does not fit, and why. */
export function draftOf(wish: Wish, terms: DraftTerms): Result<Draft, WalletFault> {
  // Built with a key of nobody: whether it fits does not depend on the key, and the real one may be locked.
  const keyPair = keyPairFromSeed(new Uint8Array(32));
  const built = build(wish, { ...terms, keyPair, chainId: chainBytes(terms.chainId) });
  return built.ok ? { ok: true, value: draftOfPayload(built.value.payload, terms) } : built;
}

/** A draft with the content of another transaction, e.g. one that waits and is to pay a higher fee. */
export function draftOfPayload(payload: Payload, terms: DraftTerms): Draft {
  const unsigned: UnsignedTransaction = {
    version: transactionVersion,
    kind: transactionKinds[payload.kind],
    sender: terms.sender,
    sequence: terms.sequence,
    fee: terms.fee,
    validUntil: terms.validUntil,
    timestampMs: terms.timestampMs,
    payload: encodePayload(payload),
  };
  const bytes = UnsignedTransactionType.serialize(unsigned);
  return { ...terms, payload, bytes, id: toHex(transactionId(unsigned, chainBytes(terms.chainId))) };
}

/**
 * Signs a draft that a person has seen.
 *
 * @throws Error if the key is another one than the draft says, was locked meanwhile, or if what comes out is not what was
 *   shown
 */
export function signDraft(draft: Draft, keyPair: KeyPair): DecodedTransaction {
  if (!bytesEqual(keyPair.publicKey, draft.sender)) {
    throw new Error(
      `the transaction is to be signed by ${addressOf(draft.sender)}, and the key is another one`,
    );
  }
  const signed = signTransaction(draft, keyPair, chainBytes(draft.chainId));
  if (signed.idHex !== draft.id) throw new Error("what was signed is not what was shown; it was not sent");
  // A key that was locked while it waited for its turn is wiped, and signs nonsense.
  if (!verifySignature(signed.id, signed.transaction.signature, draft.sender)) {
    throw new Error("the key was locked before it could sign; unlock it and sign again");
  }
  return signed;
}

/** What stands before a draft's bytes when they are hashed. */
export function signedPrefix(chainId: string): { readonly domain: Uint8Array; readonly chainId: Uint8Array } {
  return { domain: transactionDomain, chainId: chainBytes(chainId) };
}

function chainBytes(chainId: string): Uint8Array {
  const bytes = fromHex(chainId, 32);
  if (!bytes) throw new Error(`the node's chain id is ${chainId}: 64 hex digits were expected`);
  return bytes;
}

function build(wish: Wish, terms: TransactionTerms): BuiltTransaction {
  switch (wish.kind) {
    case "transfer": {
      const { to, assetId, amount, memo } = wish;
      return buildTransfer({ ...terms, to, amount, memo, ...(assetId && { assetId }) });
    }
    case "record":
      return buildRecord({ ...terms, data: wish.data });
    case "registerUser":
      return buildRegisterUser({ ...terms, name: wish.name });
    case "issueAsset": {
      const { symbol, name, decimals, supply, metadata } = wish;
      return buildIssueAsset({ ...terms, symbol, name, decimals, supply, metadata });
    }
  }
}

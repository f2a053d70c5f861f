/** Transactions: their bytes, kinds, id and leaf. */
import { ContainerType, type Type, type ValueOf } from "@chainsafe/ssz";
import { concatBytes, toHex } from "../base/bytes.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { Bytes32, Bytes64, byteList, decode, SafeUint64, Uint8, Uint64 } from "./codec.ts";
import type { TransactionFault } from "./faults.ts";
import { domainHash, sha256, transactionDomain } from "./hashing.ts";
import { type KeyPair, sign, signatureBytes } from "./signing.ts";

export const transactionVersion = 1;
export const payloadBytesMax = 4096;
export const memoBytesMax = 256;
export const recordBytesMax = 4000;
export const nameBytesMax = 64;
export const symbolBytesMax = 12;
export const assetNameBytesMax = 64;
export const assetMetadataBytesMax = 1024;

/** A new kind is a new number; numbers are never used again. */
export const transactionKinds = {
  transfer: 1,
  record: 2,
  registerUser: 3,
  issueAsset: 4,
  authorityVote: 5,
  evidence: 6,
} as const;
export type TransactionKind = keyof typeof transactionKinds;

const TransferPayload = new ContainerType({
  to: Bytes32,
  /** Zero is AUR. */
  assetId: Bytes32,
  amount: Uint64,
  memo: byteList(memoBytesMax),
});
const RecordPayload = new ContainerType({ data: byteList(recordBytesMax) });
const RegisterUserPayload = new ContainerType({ name: byteList(nameBytesMax) });
const IssueAssetPayload = new ContainerType({
  symbol: byteList(symbolBytesMax),
  name: byteList(assetNameBytesMax),
  decimals: Uint8,
  supply: Uint64,
  metadata: byteList(assetMetadataBytesMax),
});

/** Numbers of what an authority vote asks for. */
export const authorityActions = { add: 1, remove: 2 } as const;
const AuthorityVotePayload = new ContainerType({
  action: Uint8,
  authority: Bytes32,
  /** The last height at which the vote counts, and up to which the candidate consented. */
  expiresAtHeight: SafeUint64,
  /** Add: the candidate's; remove: zero. */
  consent: Bytes64,
});

export type AuthorityVote = ValueOf<typeof AuthorityVotePayload>;
export type Transfer = ValueOf<typeof TransferPayload>;
export type IssueAsset = ValueOf<typeof IssueAssetPayload>;

/** What a transaction does, decoded; kinds that no rule opens yet are refused at decoding. */
export type Payload =
  | ({ readonly kind: "transfer" } & Transfer)
  | ({ readonly kind: "record" } & ValueOf<typeof RecordPayload>)
  | ({ readonly kind: "registerUser" } & ValueOf<typeof RegisterUserPayload>)
  | ({ readonly kind: "issueAsset" } & IssueAsset)
  | ({ readonly kind: "authorityVote" } & AuthorityVote);

/** The container that a kind's payload is the SSZ of; undefined for a number that no rule opens. */
export function payloadTypeOf(kind: number): Type<unknown> | undefined {
  switch (kind) {
    case transactionKinds.transfer:
      return TransferPayload;
    case transactionKinds.record:
      return RecordPayload;
    case transactionKinds.registerUser:
      return RegisterUserPayload;
    case transactionKinds.issueAsset:
      return IssueAssetPayload;
    case transactionKinds.authorityVote:
      return AuthorityVotePayload;
    default:
      return undefined;
  }
}

const unsignedFields = {
  version: Uint8,
  kind: Uint8,
  sender: Bytes32,
  sequence: SafeUint64,
  fee: Uint64,
  validUntil: SafeUint64,
  timestampMs: SafeUint64,
  payload: byteList(payloadBytesMax),
};
export const UnsignedTransactionType = new ContainerType(unsignedFields);
export const TransactionType = new ContainerType({ ...unsignedFields, signature: Bytes64 });

/** As signed and sent; `payload` holds the SSZ of the kind's own container. */
export type Transaction = ValueOf<typeof TransactionType>;
export type UnsignedTransaction = ValueOf<typeof UnsignedTransactionType>;

/** The largest transaction on the wire: the fixed part, the payload's offset and a full payload. */
export const transactionBytesMax = 1 + 1 + 32 + 8 + 8 + 8 + 8 + 4 + signatureBytes + payloadBytesMax;

/** A transaction whose bytes decoded, with everything that is computed from them once. Its signature is not verified. */
export interface DecodedTransaction {
  readonly transaction: Transaction;
  readonly payload: Payload;
  readonly bytes: Uint8Array;
  /** What the sender signs: SHA256("aurex/tx/1" ‖ chainId ‖ all but the signature). */
  readonly id: Uint8Array;
  readonly idHex: string;
  /** SHA256 of all bytes: the leaf under transactionsRoot, which covers the signature as the id does not. */
  readonly leaf: Uint8Array;
  /** The sender's key in hex: the account's key in maps. */
  readonly senderHex: string;
}

export function transactionId(transaction: UnsignedTransaction, chainId: Uint8Array): Uint8Array {
  return domainHash(transactionDomain, chainId, UnsignedTransactionType.serialize(transaction));
}

/** All that stands before the payload's offset, the same in both forms. */
const commonBytes = 1 + 1 + 32 + 8 + 8 + 8 + 8;
const unsignedHeadBytes = commonBytes + 4;
const signedHeadBytes = unsignedHeadBytes + signatureBytes;
/** Domain, chain id and the unsigned form, filled anew for each hash. */
const preimage = new Uint8Array(transactionDomain.length + 32 + unsignedHeadBytes + payloadBytesMax);
preimage.set(transactionDomain);
const preimageStart = transactionDomain.length + 32;
new DataView(preimage.buffer).setUint32(preimageStart + commonBytes, unsignedHeadBytes, true);

const senderAt = 1 + 1;

/**
 * The kind and the sender of a transaction, without decoding the rest or hashing anything; undefined if the bytes end
 * before. Nothing of it is verified.
 */
export function peekSender(bytes: Uint8Array): Pick<Transaction, "kind" | "sender"> | undefined {
  if (bytes.length < signedHeadBytes) return undefined;
  return { kind: bytes[1] as number, sender: bytes.subarray(senderAt, senderAt + 32) };
}

/**
 * {@link transactionId} of bytes that decoded. The unsigned form is the signed one without the signature and with the
 * payload's offset that follows from it, so nothing is encoded again: this is the hottest hash of an import.
 */
function idOfEncoded(bytes: Uint8Array, chainId: Uint8Array): Uint8Array {
  const payload = bytes.subarray(signedHeadBytes);
  preimage.set(chainId, transactionDomain.length);
  preimage.set(bytes.subarray(0, commonBytes), preimageStart);
  preimage.set(payload, preimageStart + unsignedHeadBytes);
  return sha256(preimage.subarray(0, preimageStart + unsignedHeadBytes + payload.length));
}

/**
 * Decodes the bytes of one transaction and of its payload, strictly.
 *
 * @param chainId 32 bytes; the id depends on it, so that a transaction counts on one chain only
 */
export function decodeTransaction(
  bytes: Uint8Array,
  chainId: Uint8Array,
): Result<DecodedTransaction, TransactionFault> {
  const decoded = decode(TransactionType, bytes, "transaction");
  if (!decoded.ok) return decoded;
  const transaction = decoded.value;
  if (transaction.version !== transactionVersion) {
    return fail({ code: "transaction/version-unknown", version: transaction.version });
  }
  const payload = decodePayload(transaction);
  if (!payload.ok) return payload;
  const id = idOfEncoded(bytes, chainId);
  return ok({
    transaction,
    payload: payload.value,
    bytes,
    id,
    idHex: toHex(id),
    leaf: sha256(bytes),
    senderHex: toHex(transaction.sender),
  });
}

function decodePayload(transaction: Transaction): Result<Payload, TransactionFault> {
  const { kind, payload } = transaction;
  switch (kind) {
    case transactionKinds.transfer:
      return tagged("transfer", decode(TransferPayload, payload, "transfer payload"));
    case transactionKinds.record:
      return tagged("record", decode(RecordPayload, payload, "record payload"));
    case transactionKinds.registerUser:
      return tagged("registerUser", decode(RegisterUserPayload, payload, "registerUser payload"));
    case transactionKinds.issueAsset:
      return tagged("issueAsset", decode(IssueAssetPayload, payload, "issueAsset payload"));
    case transactionKinds.authorityVote:
      return tagged("authorityVote", decode(AuthorityVotePayload, payload, "authorityVote payload"));
    case transactionKinds.evidence:
      return fail({ code: "transaction/kind-not-open", kind: "evidence" });
    default:
      return fail({ code: "transaction/kind-unknown", kind });
  }
}

function tagged<Kind extends string, Value extends object>(
  kind: Kind,
  decoded: Result<Value, TransactionFault>,
): Result<{ kind: Kind } & Value, TransactionFault> {
  return decoded.ok ? ok({ kind, ...decoded.value }) : decoded;
}

export function encodePayload(payload: Payload): Uint8Array {
  switch (payload.kind) {
    case "transfer":
      return TransferPayload.serialize(payload);
    case "record":
      return RecordPayload.serialize(payload);
    case "registerUser":
      return RegisterUserPayload.serialize(payload);
    case "issueAsset":
      return IssueAssetPayload.serialize(payload);
    case "authorityVote":
      return AuthorityVotePayload.serialize(payload);
  }
}

export interface TransactionDraft {
  readonly payload: Payload;
  readonly sequence: number;
  readonly fee: bigint;
  /** Last height that may include it; 0 = no limit. */
  readonly validUntil: number;
  readonly timestampMs: number;
}

/** Signs a draft for one chain; throws only where the draft breaks the limits of the types (the wallet's own bug). */
export function signTransaction(
  draft: TransactionDraft,
  keyPair: KeyPair,
  chainId: Uint8Array,
): DecodedTransaction {
  const unsigned: UnsignedTransaction = {
    version: transactionVersion,
    kind: transactionKinds[draft.payload.kind],
    sender: keyPair.publicKey,
    sequence: draft.sequence,
    fee: draft.fee,
    validUntil: draft.validUntil,
    timestampMs: draft.timestampMs,
    payload: encodePayload(draft.payload),
  };
  const signature = sign(transactionId(unsigned, chainId), keyPair);
  const decoded = decodeTransaction(TransactionType.serialize({ ...unsigned, signature }), chainId);
  if (!decoded.ok)
    throw new Error(`a transaction that was just built does not decode: ${decoded.fault.code}`);
  return decoded.value;
}

/** The id of the asset that a transaction issues: the transaction's own id. */
export function issuedAssetId(transaction: DecodedTransaction): Uint8Array {
  return transaction.id;
}

/** The leaves of transactionsRoot, one after the other. */
export function transactionLeaves(transactions: readonly DecodedTransaction[]): Uint8Array {
  return concatBytes(transactions.map((transaction) => transaction.leaf));
}

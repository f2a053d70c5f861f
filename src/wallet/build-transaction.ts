/** From what a person wants to a signed transaction; what does not fit is said before anything is signed. */
import { bytesEqual, fromUtf8 } from "../base/bytes.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { uint64Max } from "../protocol/codec.ts";
import { zeroBytes32 } from "../protocol/hashing.ts";
import { type KeyPair, publicKeyBytes } from "../protocol/signing.ts";
import {
  assetMetadataBytesMax,
  assetNameBytesMax,
  type DecodedTransaction,
  memoBytesMax,
  nameBytesMax,
  type Payload,
  recordBytesMax,
  signTransaction,
  symbolBytesMax,
} from "../protocol/transaction.ts";

export interface WalletFault {
  readonly code: "wallet/invalid";
  /** Which of the inputs, e.g. "memo". */
  readonly field: string;
  /** For people: "it has 300 bytes as UTF-8, at most 256 fit". */
  readonly reason: string;
}

/** What every transaction needs. */
export interface TransactionTerms {
  readonly keyPair: KeyPair;
  /** 32 bytes: the transaction counts on this chain only. */
  readonly chainId: Uint8Array;
  /** The account's next one. */
  readonly sequence: number;
  /** Base units of AUR. */
  readonly fee: bigint;
  /** Last height that may include it; 0 = no limit. */
  readonly validUntil: number;
  readonly timestampMs: number;
}

export interface TransferTerms extends TransactionTerms {
  /** The receiver's public key; a name is resolved before. */
  readonly to: Uint8Array;
  /** 32 bytes; undefined is AUR. */
  readonly assetId?: Uint8Array;
  /** Base units. */
  readonly amount: bigint;
  readonly memo?: string;
}

export interface AssetTerms extends TransactionTerms {
  readonly symbol: string;
  readonly name: string;
  readonly decimals: number;
  /** Base units. */
  readonly supply: bigint;
  readonly metadata?: string;
}

export type BuiltTransaction = Result<DecodedTransaction, WalletFault>;

export function buildTransfer(terms: TransferTerms): BuiltTransaction {
  const { to, assetId = zeroBytes32, amount } = terms;
  if (to.length !== publicKeyBytes) return invalid("to", `a key has ${publicKeyBytes} bytes`);
  if (assetId.length !== zeroBytes32.length) return invalid("assetId", "an asset's id has 32 bytes");
  if (amount === 0n) return invalid("amount", "it is zero");
  if (!isUint64(amount)) return invalid("amount", "it is not between 0 and what a uint64 holds");
  const memo = textBytes("memo", terms.memo ?? "", memoBytesMax);
  if (!memo.ok) return memo;
  return build(terms, { kind: "transfer", to, assetId, amount, memo: memo.value });
}

/** @param data the documented "transaction data": text is recorded as its UTF-8 */
export function buildRecord(
  terms: TransactionTerms & { readonly data: string | Uint8Array },
): BuiltTransaction {
  const data =
    typeof terms.data === "string" ? textBytes("data", terms.data, recordBytesMax) : ok(terms.data);
  if (!data.ok) return data;
  const { length } = data.value;
  if (length === 0) return invalid("data", "it is empty");
  if (length > recordBytesMax) return invalid("data", tooLong(length, recordBytesMax));
  return build(terms, { kind: "record", data: data.value });
}

/** The name is registered in Unicode's form NFC and in lower case, which is how it is looked up. */
export function buildRegisterUser(terms: TransactionTerms & { readonly name: string }): BuiltTransaction {
  const name = requiredTextBytes(
    "name",
    terms.name.normalize("NFC").toLowerCase().normalize("NFC"),
    nameBytesMax,
  );
  return name.ok ? build(terms, { kind: "registerUser", name: name.value }) : name;
}

/** Symbol and name are signed as they are: whether the chain takes them, its ledger says. */
export function buildIssueAsset(terms: AssetTerms): BuiltTransaction {
  const { decimals, supply } = terms;
  const symbol = requiredTextBytes("symbol", terms.symbol, symbolBytesMax);
  if (!symbol.ok) return symbol;
  const name = requiredTextBytes("name", terms.name.normalize("NFC"), assetNameBytesMax);
  if (!name.ok) return name;
  const metadata = textBytes("metadata", terms.metadata ?? "", assetMetadataBytesMax);
  if (!metadata.ok) return metadata;
  if (!Number.isInteger(decimals) || decimals < 0 || decimals > 255) {
    return invalid("decimals", "it is not a whole number from 0");
  }
  if (supply === 0n) return invalid("supply", "it is zero");
  if (!isUint64(supply)) return invalid("supply", "it is not between 0 and what a uint64 holds");
  return build(terms, {
    kind: "issueAsset",
    symbol: symbol.value,
    name: name.value,
    decimals,
    supply,
    metadata: metadata.value,
  });
}

function build({ keyPair, chainId, ...terms }: TransactionTerms, payload: Payload): BuiltTransaction {
  const { sequence, fee, validUntil, timestampMs } = terms;
  for (const [field, value] of Object.entries({ sequence, validUntil, timestampMs })) {
    if (!Number.isSafeInteger(value) || value < 0) return invalid(field, "it is not a whole number from 0");
  }
  if (!isUint64(fee)) return invalid("fee", "it is not between 0 and what a uint64 holds");
  if (
    payload.kind === "transfer" &&
    bytesEqual(payload.assetId, zeroBytes32) &&
    payload.amount + fee > uint64Max
  ) {
    return invalid("amount", "with the fee it is more than a uint64 holds");
  }
  return ok(signTransaction({ payload, sequence, fee, validUntil, timestampMs }, keyPair, chainId));
}

function textBytes(field: string, text: string, bytesMax: number): Result<Uint8Array, WalletFault> {
  // Half of a surrogate pair would quietly become another character.
  if (!text.isWellFormed()) return invalid(field, "it is not whole Unicode text");
  const bytes = fromUtf8(text);
  return bytes.length > bytesMax ? invalid(field, tooLong(bytes.length, bytesMax)) : ok(bytes);
}

function requiredTextBytes(field: string, text: string, bytesMax: number): Result<Uint8Array, WalletFault> {
  return text === "" ? invalid(field, "it is empty") : textBytes(field, text, bytesMax);
}

function tooLong(bytes: number, bytesMax: number): string {
  return `it has ${bytes} bytes as UTF-8, at most ${bytesMax} fit`;
}

function isUint64(value: bigint): boolean {
  return value >= 0n && value <= uint64Max;
}

function invalid(field: string, reason: string): { readonly ok: false; readonly fault: WalletFault } {
  return fail({ code: "wallet/invalid", field, reason });
}

/** Transactions as files, on their way between the machine with a node and the machine with the key. Runs in a browser, too. */

import { toHex } from "../base/bytes.ts";
import { hexField, isFields } from "../base/fields.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { decode } from "../protocol/codec.ts";
import { verifySignature } from "../protocol/signing.ts";
import {
  type DecodedTransaction,
  decodeTransaction,
  TransactionType,
  transactionBytesMax,
  transactionId,
  type UnsignedTransaction,
  UnsignedTransactionType,
} from "../protocol/transaction.ts";

/** What the bytes do not say, as the machine that prepared the file knew it; nobody has proved it. */
export interface Hints {
  /** As the receiver was named. */
  readonly toName?: string | undefined;
  readonly asset?: { readonly symbol: string; readonly decimals: number } | undefined;
}

export interface UnsignedFile extends Hints {
  readonly network: string;
  /** 32 bytes. */
  readonly chainId: Uint8Array;
  readonly transaction: UnsignedTransaction;
}

export interface SignedFile {
  readonly network: string;
  /** 32 bytes. */
  readonly chainId: Uint8Array;
  readonly transaction: DecodedTransaction;
}

/** More than any of both files has. */
export const transactionFileBytesMax = 4 * transactionBytesMax;
const version = 1;
const unsignedType = "aurex/unsigned-transaction";
const signedType = "aurex/signed-transaction";
const noSignature = new Uint8Array(64);

/** JSON with a line end. */
export function encodeUnsignedFile({ network, chainId, transaction, toName, asset }: UnsignedFile): string {
  return jsonOf({
    type: unsignedType,
    version,
    network,
    chainId: toHex(chainId),
    bytes: toHex(UnsignedTransactionType.serialize(transaction)),
    hints: { ...(toName === undefined ? {} : { toName }), ...(asset === undefined ? {} : { asset }) },
  });
}

/** JSON with a line end. */
export function encodeSignedFile({ network, chainId, transaction }: SignedFile): string {
  const { idHex, bytes } = transaction;
  return jsonOf({
    type: signedType,
    version,
    network,
    chainId: toHex(chainId),
    id: idHex,
    bytes: toHex(bytes),
  });
}

function jsonOf(fields: object): string {
  return `${JSON.stringify(fields, null, 2)}\n`;
}

/** The unsigned transaction in a file, with what it does; or why there is none, in a phrase for people. */
export function readUnsignedFile(
  text: string,
): Result<UnsignedFile & Pick<DecodedTransaction, "payload">, string> {
  const fields = fieldsIn(text, unsignedType, "unsigned");
  if (!fields.ok) return fields;
  const { network, chainId, bytes, hints } = fields.value;
  const unsigned = decode(UnsignedTransactionType, bytes, "transaction");
  if (!unsigned.ok) return fail("its bytes are no unsigned transaction");
  // The payload decodes as that of the signed one.
  const signed = TransactionType.serialize({ ...unsigned.value, signature: noSignature });
  const decoded = decodeTransaction(signed, chainId);
  if (!decoded.ok) return fail("its bytes are no transaction that this version knows");
  return ok({
    network,
    chainId,
    transaction: unsigned.value,
    payload: decoded.value.payload,
    ...hintsIn(hints),
  });
}

/**
 * The signed transaction in a file: its signature is right for its chain, and its id is its own. Or why there is none.
 */
export function readSignedFile(text: string): Result<SignedFile, string> {
  const fields = fieldsIn(text, signedType, "signed");
  if (!fields.ok) return fields;
  const { network, chainId, bytes, id } = fields.value;
  const decoded = decodeTransaction(bytes, chainId);
  if (!decoded.ok) return fail("its bytes are no transaction that this version knows");
  const { transaction, idHex } = decoded.value;
  if (idHex !== id) return fail("its id is that of other bytes");
  if (!verifySignature(transactionId(transaction, chainId), transaction.signature, transaction.sender)) {
    return fail("its signature is not the sender's for this chain");
  }
  return ok({ network, chainId, transaction: decoded.value });
}

interface Fields {
  readonly network: string;
  readonly chainId: Uint8Array;
  readonly bytes: Uint8Array;
  readonly id: unknown;
  readonly hints: unknown;
}

function fieldsIn(text: string, type: string, what: string): Result<Fields, string> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return fail("it is not JSON");
  }
  if (!isFields(json)) return fail("it is not a JSON object");
  if (json.type !== type) {
    const other = json.type === unsignedType ? "it is not signed yet" : "it is signed already";
    const isOther = json.type === unsignedType || json.type === signedType;
    return fail(
      isOther ? other : `it is no file with an ${what} transaction`.replace("an signed", "a signed"),
    );
  }
  if (json.version !== version) return fail(`its version is ${JSON.stringify(json.version)}, known is 1`);
  const chainId = hexField(json.chainId, 32);
  const bytes = hexField(json.bytes);
  if (!chainId || !bytes || typeof json.network !== "string") return fail("a field of it is not whole");
  return ok({ network: json.network, chainId, bytes, id: json.id, hints: json.hints });
}

function hintsIn(hints: unknown): Hints {
  if (!isFields(hints)) return {};
  const { toName, asset } = hints;
  const isAsset =
    isFields(asset) &&
    typeof asset.symbol === "string" &&
    Number.isInteger(asset.decimals) &&
    (asset.decimals as number) >= 0 &&
    (asset.decimals as number) <= 255;
  return {
    ...(typeof toName === "string" ? { toName } : {}),
    ...(isAsset ? { asset: { symbol: String(asset.symbol), decimals: Number(asset.decimals) } } : {}),
  };
}

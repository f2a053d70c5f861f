/** A second valid signature of the same key over the same message: RFC 8032 takes its nonce from the message, and nobody can see that. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { concatBytes } from "../../src/base/bytes.ts";
import { type KeyPair, verifySignature } from "../../src/protocol/signing.ts";
import {
  type DecodedTransaction,
  decodeTransaction,
  TransactionType,
} from "../../src/protocol/transaction.ts";
import {
  basePoint,
  challenge,
  encodePoint,
  fromLittleEndian,
  groupOrder,
  multiply,
  toLittleEndian,
} from "../protocol/ed25519-curve.ts";

export function signatureOtherwise(message: Uint8Array, { publicKey, secretKey }: KeyPair): Uint8Array {
  const scalarBytes = createHash("sha512").update(secretKey.subarray(0, 32)).digest().subarray(0, 32);
  scalarBytes[0] = (scalarBytes[0] as number) & 248;
  scalarBytes[31] = ((scalarBytes[31] as number) & 127) | 64;
  const nonce = 7_919n;
  const point = encodePoint(multiply(nonce, basePoint));
  const scalar = (nonce + challenge(point, publicKey, message) * fromLittleEndian(scalarBytes)) % groupOrder;
  const signature = concatBytes([point, toLittleEndian(scalar)]);
  assert.ok(verifySignature(message, signature, publicKey));
  return signature;
}

/** The same transaction, with the same id. */
export function signedOtherwise(
  { transaction, id }: DecodedTransaction,
  sender: KeyPair,
  chainId: Uint8Array,
): DecodedTransaction {
  const signature = signatureOtherwise(id, sender);
  const decoded = decodeTransaction(TransactionType.serialize({ ...transaction, signature }), chainId);
  assert.ok(decoded.ok);
  return decoded.value;
}

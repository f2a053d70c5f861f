/** Signed transactions for tests, valid and spoiled. */
import { fromUtf8 } from "../../src/base/bytes.ts";
import { keyPairFromSeed } from "../../src/protocol/signing.ts";
import {
  type DecodedTransaction,
  decodeTransaction,
  signTransaction,
  TransactionType,
} from "../../src/protocol/transaction.ts";

export const chainId = new Uint8Array(32).fill(7);
const keyPair = keyPairFromSeed(new Uint8Array(32).fill(1));

export function signedRecord(sequence: number, chain: Uint8Array = chainId): DecodedTransaction {
  return signTransaction(
    {
      payload: { kind: "record", data: fromUtf8(`record ${sequence}`) },
      sequence,
      fee: 0n,
      validUntil: 0,
      timestampMs: 0,
    },
    keyPair,
    chain,
  );
}

export function signedRecords(count: number, firstSequence = 0): DecodedTransaction[] {
  return Array.from({ length: count }, (_, index) => signedRecord(firstSequence + index));
}

/** The same transaction, and so the same id, with one bit of its signature turned. */
export function withSpoiledSignature(valid: DecodedTransaction): DecodedTransaction {
  const signature = valid.transaction.signature.slice();
  signature[0] = (signature[0] as number) ^ 1;
  return decodedFor(TransactionType.serialize({ ...valid.transaction, signature }), chainId);
}

/** The bytes of a transaction as another chain reads them: another id, under which the signature is invalid. */
export function readOnChain(valid: DecodedTransaction, chain: Uint8Array): DecodedTransaction {
  return decodedFor(valid.bytes, chain);
}

function decodedFor(bytes: Uint8Array, chain: Uint8Array): DecodedTransaction {
  const decoded = decodeTransaction(bytes, chain);
  if (!decoded.ok) throw new Error(decoded.fault.code);
  return decoded.value;
}

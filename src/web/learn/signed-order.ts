/** A payment that is signed with throw-away keys: what is signed, and whether a signature fits it. It is never sent. */
import { fromUtf8, toHex } from "../../base/bytes.ts";
import { parseAmount } from "../../protocol/amount.ts";
import { zeroBytes32 } from "../../protocol/hashing.ts";
import { type KeyPair, keyPairFromSeed, seedBytes, sign, verifySignature } from "../../protocol/signing.ts";
import {
  encodePayload,
  memoBytesMax,
  transactionId,
  transactionKinds,
  transactionVersion,
  type UnsignedTransaction,
} from "../../protocol/transaction.ts";

/** What a person writes into the order. */
export interface Order {
  /** In AUR, as it was typed. */
  readonly amount: string;
  readonly memo: string;
}

/** Everything in the lesson has one of these. */
export interface People {
  readonly alice: KeyPair;
  readonly bob: KeyPair;
  readonly mallory: KeyPair;
}

/** Keys that are in nobody's wallet and are gone with the page. */
export function throwawayPeople(randomBytes: (length: number) => Uint8Array): People {
  const key = () => keyPairFromSeed(randomBytes(seedBytes));
  return { alice: key(), bob: key(), mallory: key() };
}

/** What an order is, once it is bytes. */
export interface OrderBytes {
  /** What is signed: the id, 32 bytes. */
  readonly id: Uint8Array;
  readonly idHex: string;
}

/** The transfer from alice to bob that the order is on this chain; or what cannot be meant. */
export function orderBytes(
  { amount, memo }: Order,
  { alice, bob }: People,
  chainId: Uint8Array,
  timestampMs: number,
): OrderBytes | { readonly fault: string } {
  const units = parseAmount(amount);
  if (!units.ok || units.value === 0n) return { fault: "Write an amount such as 5 or 0.25." };
  const memoBytes = fromUtf8(memo);
  if (memoBytes.length > memoBytesMax) return { fault: `The memo has more than ${memoBytesMax} bytes.` };
  const payload = {
    kind: "transfer",
    to: bob.publicKey,
    assetId: zeroBytes32,
    amount: units.value,
    memo: memoBytes,
  } as const;
  const unsigned: UnsignedTransaction = {
    version: transactionVersion,
    kind: transactionKinds.transfer,
    sender: alice.publicKey,
    sequence: 0,
    fee: 1n,
    validUntil: 0,
    timestampMs,
    payload: encodePayload(payload),
  };
  const id = transactionId(unsigned, chainId);
  return { id, idHex: toHex(id) };
}

export function signOrder({ id }: OrderBytes, signer: KeyPair): Uint8Array {
  return sign(id, signer);
}

/** Whether alice has signed just this. */
export function isSignedBy({ id }: OrderBytes, signature: Uint8Array, { publicKey }: KeyPair): boolean {
  return verifySignature(id, signature, publicKey);
}

/** A batch of signatures as one piece of shared memory: the items, their verdicts, and a cursor that the workers pull from. */
import { invariant } from "../base/invariant.ts";
import { publicKeyBytes, signatureBytes, verifySignature } from "../protocol/signing.ts";
import type { DecodedTransaction } from "../protocol/transaction.ts";

const messageBytes = 32;
const itemBytes = messageBytes + publicKeyBytes + signatureBytes;
/** Two 32-bit counters: the next item to take, and the items done. */
const countersBytes = 8;
const [nextItem, itemsDone] = [0, 1];

/** Small, so that the workers end a batch within a millisecond of each other; taking a chunk is one atomic addition. */
export const chunkItems = 8;

/** A byte that no worker has written yet is zero, and no verdict. */
const [validByte, invalidByte] = [1, 2];

export type ChunkOutcome = "one of many" | "the last" | "none left";

interface BatchViews {
  readonly counters: Int32Array;
  readonly verdicts: Uint8Array;
  readonly items: Uint8Array;
}

function viewsOf(memory: SharedArrayBuffer): BatchViews {
  const itemCount = (memory.byteLength - countersBytes) / (1 + itemBytes);
  return {
    counters: new Int32Array(memory, 0, 2),
    verdicts: new Uint8Array(memory, countersBytes, itemCount),
    items: new Uint8Array(memory, countersBytes + itemCount),
  };
}

/** Counters, one verdict byte an item, then id 32 ‖ key 32 ‖ signature 64 an item. */
export function packBatch(transactions: readonly DecodedTransaction[]): SharedArrayBuffer {
  const memory = new SharedArrayBuffer(countersBytes + transactions.length * (1 + itemBytes));
  const { items } = viewsOf(memory);
  for (const [index, { id, transaction }] of transactions.entries()) {
    const start = index * itemBytes;
    items.set(id, start);
    items.set(transaction.sender, start + messageBytes);
    items.set(transaction.signature, start + messageBytes + publicKeyBytes);
  }
  return memory;
}

/** Verifies chunk after chunk until none is left; true for the one caller whose chunk was the last to be done. */
export function verifyChunks(memory: SharedArrayBuffer): boolean {
  let isLast = false;
  for (;;) {
    const outcome = verifyChunk(memory);
    if (outcome === "none left") return isLast;
    if (outcome === "the last") isLast = true;
  }
}

/** Verifies one chunk: one of many, the last to be done, or none, since all are taken. */
export function verifyChunk(memory: SharedArrayBuffer): ChunkOutcome {
  const { counters, verdicts, items } = viewsOf(memory);
  const from = Atomics.add(counters, nextItem, chunkItems);
  if (from >= verdicts.length) return "none left";
  const to = Math.min(from + chunkItems, verdicts.length);
  for (let index = from; index < to; index += 1) {
    verdicts[index] = isItemValid(items, index * itemBytes) ? validByte : invalidByte;
  }
  const done = to - from + Atomics.add(counters, itemsDone, to - from);
  return done === verdicts.length ? "the last" : "one of many";
}

function isItemValid(items: Uint8Array, start: number): boolean {
  const keyStart = start + messageBytes;
  const signatureStart = keyStart + publicKeyBytes;
  return verifySignature(
    items.subarray(start, keyStart),
    items.subarray(signatureStart, start + itemBytes),
    items.subarray(keyStart, signatureStart),
  );
}

/** The verdicts in order; throws where one is missing, so that a lost item never passes for an invalid one. */
export function readVerdicts(memory: SharedArrayBuffer): boolean[] {
  return Array.from(viewsOf(memory).verdicts, (verdict, index) => {
    invariant(verdict === validByte || verdict === invalidByte, `signature ${index} has no verdict`);
    return verdict === validByte;
  });
}

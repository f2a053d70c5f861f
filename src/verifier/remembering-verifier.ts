/** A verifier's memory of the signatures found valid, so that mempool and block import together verify each one once. */
import { BoundedMap } from "../base/bounded-map.ts";
import { invariant } from "../base/invariant.ts";
import type { DecodedTransaction } from "../protocol/transaction.ts";
import type { TransactionVerifier } from "../protocol/transaction-verifier.ts";
import { VerifierClosedError } from "./worker-pool.ts";

/** Who verifies what is not remembered. */
export interface VerifyingWork {
  verify(unseen: readonly DecodedTransaction[]): Promise<readonly boolean[]> | readonly boolean[];
  close(): Promise<void>;
}

/** A large batch goes out in parts, so that the threads work on the first while the memory is asked about the next. */
const segmentItems = 256;

/** Remembers valid ones only: an invalid one costs a peer nothing to make, and would push the others out. */
export class RememberingVerifier implements TransactionVerifier {
  readonly #remembered: BoundedMap<string, true>;
  readonly #work: VerifyingWork;
  #isClosed = false;

  constructor(rememberedMax: number, work: VerifyingWork) {
    this.#remembered = new BoundedMap(rememberedMax);
    this.#work = work;
  }

  async verify(transactions: readonly DecodedTransaction[]): Promise<readonly boolean[]> {
    if (this.#isClosed) throw new VerifierClosedError();
    const segments: Promise<boolean[]>[] = [];
    for (let from = 0; from < transactions.length; from += segmentItems) {
      segments.push(this.#verifySegment(transactions.slice(from, from + segmentItems)));
    }
    return (await Promise.all(segments)).flat();
  }

  async #verifySegment(segment: readonly DecodedTransaction[]): Promise<boolean[]> {
    const keys = segment.map(keyOf);
    const isRemembered = keys.map((key) => this.#remembered.has(key));
    const unseen = segment.filter((_, index) => !isRemembered[index]);
    if (unseen.length === 0) return isRemembered;
    const found = await this.#work.verify(unseen);
    invariant(found.length === unseen.length, "every signature has a verdict");
    let next = 0;
    return keys.map((key, index) => {
      if (isRemembered[index]) return true;
      const isValid = found[next++] === true;
      if (isValid) this.#remembered.set(key, true);
      return isValid;
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#work.close();
  }
}

/** The leaf covers every byte but not the chain, the id covers the chain but not the signature: it takes both. */
function keyOf({ id, leaf }: DecodedTransaction): string {
  return latin1(id) + latin1(leaf);
}

/** One character a byte: half the memory of hex. */
function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}

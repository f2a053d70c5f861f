/** A verifier's memory of the signatures found valid, so that mempool and block import together verify each one once. */
import { BoundedMap } from "../base/bounded-map.ts";
import { bytesEqual } from "../base/bytes.ts";
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
  /** By the transaction's id, which covers chain, sender and content; the signature is the rest of what was verified. */
  readonly #remembered: BoundedMap<string, Uint8Array>;
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
    const isRemembered = segment.map((transaction) => this.#isRemembered(transaction));
    const unseen = segment.filter((_, index) => !isRemembered[index]);
    if (unseen.length === 0) return isRemembered;
    const found = await this.#work.verify(unseen);
    invariant(found.length === unseen.length, "every signature has a verdict");
    let next = 0;
    return segment.map(({ idHex, transaction }, index) => {
      if (isRemembered[index]) return true;
      const isValid = found[next++] === true;
      if (isValid) this.#remembered.set(idHex, transaction.signature);
      return isValid;
    });
  }

  #isRemembered({ idHex, transaction }: DecodedTransaction): boolean {
    const signature = this.#remembered.get(idHex);
    return signature !== undefined && bytesEqual(signature, transaction.signature);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#work.close();
  }
}

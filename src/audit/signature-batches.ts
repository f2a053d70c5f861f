/** Seals and votes on their way to the threads: packed into one piece of memory for each batch. */
import { toError } from "../base/invariant.ts";
import { publicKeyBytes, signatureBytes, verifySignature } from "../protocol/signing.ts";
import type { SignatureSink } from "./replay/signature-sink.ts";

/** Verifies a packed batch; the places of those that do not hold. */
export type VerifyBatch = (items: Uint8Array) => Promise<readonly number[]>;

const itemsPerBatch = 512;
/** Beyond these the reader of the chain waits for the threads. */
const batchesMax = 16;
const lengthBytes = 2;
const messageBytesMax = 2 ** 16 - 1;

interface Item {
  readonly message: Uint8Array;
  readonly signature: Uint8Array;
  readonly publicKey: Uint8Array;
  readonly onInvalid: () => void;
}

export class SignatureBatches implements SignatureSink {
  readonly #verify: VerifyBatch;
  #items: Item[] = [];
  readonly #under = new Set<Promise<void>>();
  #failure: Error | undefined;

  constructor(verify: VerifyBatch) {
    this.#verify = verify;
  }

  add(message: Uint8Array, signature: Uint8Array, publicKey: Uint8Array, onInvalid: () => void): void {
    const isPlain =
      signature.length === signatureBytes &&
      publicKey.length === publicKeyBytes &&
      message.length <= messageBytesMax;
    if (!isPlain) {
      onInvalid();
      return;
    }
    this.#items.push({ message, signature, publicKey, onInvalid });
    if (this.#items.length >= itemsPerBatch) this.#send();
  }

  /** Waits while too many batches are under way. */
  async room(): Promise<void> {
    while (this.#under.size >= batchesMax) await Promise.race(this.#under);
    if (this.#failure) throw this.#failure;
  }

  /** Waits until everything that was added is verified. */
  async settle(): Promise<void> {
    if (this.#items.length > 0) this.#send();
    await Promise.all(this.#under);
    if (this.#failure) throw this.#failure;
  }

  #send(): void {
    const items = this.#items;
    this.#items = [];
    const sent = this.#verify(packed(items))
      .then((invalid) => {
        for (const place of invalid) items[place]?.onInvalid();
      })
      .catch((thrown) => {
        this.#failure ??= toError(thrown);
      })
      .finally(() => this.#under.delete(sent));
    this.#under.add(sent);
  }
}

/** Of each: the length of the message, the message, the signature, the key. */
function packed(items: readonly Item[]): Uint8Array {
  const fixed = lengthBytes + signatureBytes + publicKeyBytes;
  const bytes = new Uint8Array(items.reduce((sum, { message }) => sum + fixed + message.length, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const { message, signature, publicKey } of items) {
    view.setUint16(at, message.length, true);
    bytes.set(message, at + lengthBytes);
    at += lengthBytes + message.length;
    bytes.set(signature, at);
    bytes.set(publicKey, at + signatureBytes);
    at += signatureBytes + publicKeyBytes;
  }
  return bytes;
}

/** The places of the signatures in a packed batch that do not hold. */
export function invalidIn(items: Uint8Array): number[] {
  const view = new DataView(items.buffer, items.byteOffset, items.byteLength);
  const invalid: number[] = [];
  for (let at = 0, place = 0; at < items.length; place += 1) {
    const signatureAt = at + lengthBytes + view.getUint16(at, true);
    const keyAt = signatureAt + signatureBytes;
    const message = items.subarray(at + lengthBytes, signatureAt);
    const key = items.subarray(keyAt, keyAt + publicKeyBytes);
    if (!verifySignature(message, items.subarray(signatureAt, keyAt), key)) invalid.push(place);
    at = keyAt + publicKeyBytes;
  }
  return invalid;
}

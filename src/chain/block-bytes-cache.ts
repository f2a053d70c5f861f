/** Keeps the bytes of blocks that were read lately. Histories and single transactions are read from the same few blocks. */
import { LRUCache } from "lru-cache";

const bytesMax = 16 * 1024 * 1024;

export class BlockBytesCache {
  readonly #blocks = new LRUCache<string, Uint8Array>({
    maxSize: bytesMax,
    sizeCalculation: (bytes) => bytes.length,
  });

  /** @param read reads a block that is not in the cache; undefined if there is no such block */
  get(hashHex: string, read: () => Uint8Array | undefined): Uint8Array | undefined {
    const known = this.#blocks.get(hashHex);
    if (known) return known;
    const found = read();
    if (found) this.#blocks.set(hashHex, found);
    return found;
  }

  delete(hashHex: string): void {
    this.#blocks.delete(hashHex);
  }
}

/** Keeps the bytes of blocks that were read lately. Histories and single transactions are read from the same few blocks. */

const bytesMax = 16 * 1024 * 1024;

export class BlockBytesCache {
  readonly #blocks = new Map<string, Uint8Array>();
  #bytes = 0;

  /** @param read reads a block that is not in the cache; undefined if there is no such block */
  get(hashHex: string, read: () => Uint8Array | undefined): Uint8Array | undefined {
    const known = this.#blocks.get(hashHex);
    const found = known ?? read();
    if (!found) return undefined;
    // The block becomes the newest. The block that was read longest ago is dropped first.
    this.#blocks.delete(hashHex);
    this.#blocks.set(hashHex, found);
    if (!known) this.#bytes += found.length;
    for (const [oldest, { length }] of this.#blocks) {
      if (this.#bytes <= bytesMax) break;
      this.#blocks.delete(oldest);
      this.#bytes -= length;
    }
    return found;
  }

  delete(hashHex: string): void {
    this.#bytes -= this.#blocks.get(hashHex)?.length ?? 0;
    this.#blocks.delete(hashHex);
  }
}

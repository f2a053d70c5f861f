/** The bytes of blocks that were read lately: histories and transactions are read from a few blocks again and again. */

const bytesMax = 16 * 1024 * 1024;

export class BlockBytesCache {
  readonly #blocks = new Map<string, Uint8Array>();
  #bytes = 0;

  /** @param read where a block comes from that is not here; undefined if there is none */
  get(hashHex: string, read: () => Uint8Array | undefined): Uint8Array | undefined {
    const known = this.#blocks.get(hashHex);
    const found = known ?? read();
    if (!found) return undefined;
    // As the newest: what was read longest ago goes first.
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

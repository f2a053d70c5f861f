/** Holds what nodes say of their final blocks to the promise: none is ever replaced, and all have the same ones. */

export interface FinalBlock {
  readonly height: number;
  /** Hex. */
  readonly hash: string;
}

export class FinalWatch {
  readonly #hashes = new Map<number, string>();
  readonly #newest = new Map<string, FinalBlock>();

  /** The height up to which each node has said that it is final. */
  heightOf(node: string): number {
    return this.#newest.get(node)?.height ?? 0;
  }

  /** Takes in what a node says; returns how that breaks the promise, in words, or undefined. */
  see(node: string, final: FinalBlock): string | undefined {
    const before = this.#newest.get(node);
    if (before && final.height < before.height) {
      return `${node} had block ${before.height} final and now has ${final.height}`;
    }
    this.#newest.set(node, final);
    const known = this.#hashes.get(final.height);
    this.#hashes.set(final.height, known ?? final.hash);
    if (known === undefined || known === final.hash) return undefined;
    return `block ${final.height} is final as ${known} and, for ${node}, as ${final.hash}`;
  }
}

/** Holds what nodes say of their final blocks to the promise: none is ever replaced, and all of a chain have the same ones. */

export interface FinalBlock {
  readonly height: number;
  /** Hex. */
  readonly hash: string;
}

export class FinalWatch {
  /** By chain and height. */
  readonly #hashes = new Map<string, string>();
  /** By chain and node: a node may leave a chain, but not return to less than it had of it. */
  readonly #heights = new Map<string, number>();

  /** Takes in what a node says; returns how that breaks the promise, in words, or undefined. */
  see(node: string, chainId: string, { height, hash }: FinalBlock): string | undefined {
    const place = `${chainId} ${node}`;
    const before = this.#heights.get(place) ?? 0;
    if (height < before) return `${node} had block ${before} final and now has ${height}`;
    this.#heights.set(place, height);
    const block = `${chainId} ${height}`;
    const known = this.#hashes.get(block) ?? hash;
    this.#hashes.set(block, known);
    return known === hash ? undefined : `block ${height} is final as ${known} and, for ${node}, as ${hash}`;
  }
}

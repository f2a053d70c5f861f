/** Sees every block that any of several chains stores, and every reorganization; says where the chains agree. */
import { bytesEqual, toHex } from "../../src/base/bytes.ts";
import type { Chain } from "../../src/chain/chain.ts";
import type { Header } from "../../src/protocol/block.ts";

export interface WatchedMiner {
  readonly name: string;
  readonly chain: Chain;
}

export interface Reorganizations {
  readonly count: number;
  /** Blocks that left in the deepest one. */
  readonly longest: number;
}

export class ChainWatch {
  readonly #seen = new Map<string, Header>();
  readonly #reorganizations = new Map<string, Reorganizations>();

  watch({ name, chain }: WatchedMiner): void {
    chain.events.on("blockStored", ({ hashHex, header }) => this.#seen.set(hashHex, header));
    chain.events.on("headChanged", ({ disconnected }) => {
      if (disconnected.length === 0) return;
      const { count, longest } = this.reorganizationsOf(name);
      this.#reorganizations.set(name, {
        count: count + 1,
        longest: Math.max(longest, disconnected.length),
      });
    });
  }

  reorganizationsOf(name: string): Reorganizations {
    return this.#reorganizations.get(name) ?? { count: 0, longest: 0 };
  }

  /** Blocks above a height that somebody stored and this chain does not have, by their producers' keys in hex. */
  orphansBeside(chain: Chain, aboveHeight: number): Map<string, number> {
    const orphans = new Map<string, number>();
    for (const [hashHex, { height, producer }] of this.#seen) {
      const canonical = chain.hashAtHeight(height);
      if (height <= aboveHeight || (canonical && toHex(canonical) === hashHex)) continue;
      const producerHex = toHex(producer);
      orphans.set(producerHex, (orphans.get(producerHex) ?? 0) + 1);
    }
    return orphans;
  }
}

/** The highest block that all of these chains have; 0 is the genesis block. */
export function commonHeightOf(chains: readonly Chain[]): number {
  const [first, ...others] = chains;
  if (!first) return 0;
  let height = Math.min(...chains.map(({ head }) => head.header.height));
  while (height > 0) {
    const hash = first.hashAtHeight(height);
    if (
      hash &&
      others.every((chain) => {
        const theirs = chain.hashAtHeight(height);
        return theirs !== undefined && bytesEqual(theirs, hash);
      })
    )
      return height;
    height -= 1;
  }
  return 0;
}

/** By how many blocks the highest head of these chains is above what all of them have. */
export function disagreementOf(chains: readonly Chain[]): number {
  return Math.max(...chains.map(({ head }) => head.header.height)) - commonHeightOf(chains);
}

/** Reads the books of a pool whose node does not run: opens them, has them follow the node's chain, and closes them. */
import { toHex } from "../base/bytes.ts";
import { entriesOf } from "./book-file.ts";
import { followChain } from "./book-follower.ts";
import type { PoolMemberRow } from "./book-records.ts";
import type { PayoutChain } from "./payout-plan.ts";
import { PoolBook, type PoolBookModules } from "./pool-book.ts";

export interface StoppedBooksOptions {
  /** The books' own directory, `pool/` in a node's data directory. It need not be there. */
  readonly directory: string;
  /** The chain of the same data directory; the books follow it as they do when the pool starts. */
  readonly chain: PayoutChain;
}

/**
 * What {@link PoolBook.members} of the pool would say if it ran, but for the hash rates, which only a running pool has.
 *
 * @returns a row for each member; none if no pool was ever served from this directory
 * @throws PoolError if the books are damaged, of another chain, or open in a process that runs
 */
export async function readStoppedBooks(
  { directory, chain }: StoppedBooksOptions,
  modules: PoolBookModules,
): Promise<readonly PoolMemberRow[]> {
  if ((await entriesOf(directory)).length === 0) return [];
  const { chainId } = chain.spec;
  const book = await PoolBook.open({ directory, chainId, poolAccount: undefined }, modules);
  try {
    const written = await followChain(book, chain);
    modules.logger.debug(
      { chain: toHex(chainId), events: written.length },
      "read the books of a pool that does not run",
    );
    return book.members();
  } finally {
    await book.close();
  }
}

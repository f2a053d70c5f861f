/** Where an open block stands while the chain goes on: only another block at its height makes it one beside the chain. */

export type Standing =
  | { readonly kind: "final"; readonly confirmations: number }
  | { readonly kind: "chain"; readonly confirmations: number }
  /** `now`: the hash of the block that stands at its height; undefined if none does. */
  | { readonly kind: "beside"; readonly now: string | undefined };

interface Placed {
  readonly hash: string;
  readonly canonical: boolean;
  readonly final: boolean;
  readonly confirmations: number;
}

/** @param there the block of the chain at the same height, asked for last; undefined before the first answer */
export function standingOf(block: Placed, there: Placed | undefined): Standing {
  const newest = there ?? block;
  if (newest.hash !== block.hash) return { kind: "beside", now: newest.hash };
  if (!newest.canonical) return { kind: "beside", now: undefined };
  return { kind: newest.final ? "final" : "chain", confirmations: newest.confirmations };
}

/** Two chains of one network meet: which of them stays. */
import { compareBytes } from "../../base/bytes.ts";

export interface ChainStanding {
  readonly chainId: Uint8Array;
  /** False while the chain is provisional: one authority ever, and nothing in it but authority votes. */
  readonly established: boolean;
}

/**
 * What a node does whose chain meets another of its network and engine. An established chain stays, of two provisional
 * ones that with the lower id; two established ones never merge. Both sides come to opposite answers, or to one.
 */
export function resolveChains(
  ours: ChainStanding,
  theirs: ChainStanding,
): "stay" | "yield" | "irreconcilable" {
  if (ours.established && theirs.established) return "irreconcilable";
  if (ours.established !== theirs.established) return ours.established ? "stay" : "yield";
  return compareBytes(ours.chainId, theirs.chainId) < 0 ? "stay" : "yield";
}

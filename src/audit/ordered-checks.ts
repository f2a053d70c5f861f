/** The checks that need the blocks in order, one after the other. */
import type { ChainCheckFactory } from "./chain-check.ts";
import type { CheckName } from "./finding.ts";

export interface OrderedCheck {
  readonly name: CheckName;
  readonly make: ChainCheckFactory;
}

/** In the order of their names. Each gets every block of the chain from 0. */
export const orderedChecks: readonly OrderedCheck[] = [];

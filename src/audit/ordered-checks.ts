/** The checks that need the blocks in order, one after the other. */
import type { ChainCheckFactory } from "./chain-check.ts";
import { authorityCheck } from "./checks/authority.ts";
import { ChainOfBlocks } from "./checks/chain.ts";
import { stateCheck } from "./checks/state.ts";
import { tablesCheck } from "./checks/tables.ts";
import { workCheck } from "./checks/work.ts";
import type { CheckName } from "./finding.ts";

export interface OrderedCheck {
  readonly name: CheckName;
  readonly make: ChainCheckFactory;
  /** It needs the chain from block 0 on, which an excerpt does not have. */
  readonly needsAll: boolean;
}

/** In the order of their names. Each gets every block of the chain. */
export const orderedChecks: readonly OrderedCheck[] = [
  { name: "chain", make: (context) => new ChainOfBlocks(context), needsAll: false },
  { name: "work", make: workCheck, needsAll: true },
  { name: "authority", make: authorityCheck, needsAll: true },
  { name: "state", make: stateCheck, needsAll: true },
  { name: "tables", make: tablesCheck, needsAll: true },
];

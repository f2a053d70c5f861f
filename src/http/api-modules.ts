/** What the API is handed of the node that it speaks for. */
import type { Logger } from "../base/logger.ts";
import type { Chain } from "../chain/chain.ts";
import type { AddOutcome, Mempool } from "../mempool/mempool.ts";
import type { DecodedTransaction } from "../protocol/transaction.ts";
import type { AuthorityControl } from "./authority-control.ts";
import type { NodeStatus } from "./node-status.ts";
import type { PeersAnswer } from "./peers-answer.ts";

export interface ApiModules {
  readonly chain: Chain;
  readonly mempool: Mempool;
  /** Takes a transaction into the mempool and announces it. */
  readonly submit: (transaction: DecodedTransaction) => Promise<AddOutcome>;
  readonly status: () => NodeStatus;
  readonly peers: () => PeersAnswer;
  /** Undefined where the chain has no authorities. */
  readonly authorities?: AuthorityControl | undefined;
  readonly logger: Logger;
}

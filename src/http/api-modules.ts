/** What the API is handed of the node that it speaks for. */

import type { Registry } from "prom-client";
import type { PoolAnswer } from "../api/mining.ts";
import type { PeersAnswer } from "../api/node.ts";
import type { NodeStatus } from "../api/node-status.ts";
import type { AuditResult } from "../audit/audit-result.ts";
import type { Logger } from "../base/logger.ts";
import type { Chain } from "../chain/chain.ts";
import type { AdmissionFault } from "../mempool/admission.ts";
import type { AddOptions, AddOutcome, Mempool } from "../mempool/mempool.ts";
import type { Network } from "../network/network.ts";
import type { PeerHost } from "../network/peer-host.ts";
import type { DecodedTransaction } from "../protocol/transaction.ts";
import type { AdminControl } from "./admin-control.ts";
import type { AuthorityControl } from "./authority-control.ts";
import type { FoundAnew } from "./chain-control.ts";
import type { DownloadedLedger } from "./ledger-downloads.ts";
import type { WorkControl } from "./work-control.ts";

/** What this node remembers of its own submissions, also from before it was started. */
export interface OwnTransactionsView {
  droppedBecause(idHex: string): AdmissionFault | undefined;
  /** One that waits for the chain to be where it can be executed, and why it cannot be executed so far. */
  unplaced(
    idHex: string,
  ): { readonly transaction: DecodedTransaction; readonly fault: AdmissionFault } | undefined;
}

export interface ApiModules {
  readonly chain: Chain;
  readonly mempool: Mempool;
  /** Takes transactions into the mempool, writes them to disk with one sync, and announces them; an outcome for each. */
  readonly submitMany: (
    transactions: readonly DecodedTransaction[],
    options?: AddOptions,
  ) => Promise<AddOutcome[]>;
  /** What is known of transactions that were submitted to this node and are not in the mempool. */
  readonly own?: OwnTransactionsView;
  readonly status: () => NodeStatus;
  readonly peers: () => PeersAnswer;
  /** Whose peers and candidates the event stream tells of; absent where the node has no network. */
  readonly network?: Pick<Network, "events" | "directory" | "peerCount"> | undefined;
  readonly host?: Pick<PeerHost, "events"> | undefined;
  /** What the peer host collects about itself; absent where it collects nothing. */
  readonly hostMetrics?: Registry | undefined;
  /** Undefined where nobody may change the node while it runs. */
  readonly admin?: AdminControl | undefined;
  /** Undefined where the chain has no authorities. */
  readonly authorities?: AuthorityControl | undefined;
  /** Undefined if the node cannot leave its chain. */
  readonly foundAnew?: FoundAnew | undefined;
  /** Undefined where the node does not mine. */
  readonly work?: WorkControl | undefined;
  /** Undefined where the node serves no pool. */
  readonly pool?: (() => PoolAnswer) | undefined;
  /** Undefined if the node writes no SQL ledger. */
  readonly sqlLedger?: DownloadedLedger | undefined;
  /** What the last audit of that ledger came to; absent where nobody keeps it. */
  readonly lastAudit?: (() => Promise<AuditResult | undefined>) | undefined;
  /** Name and version of the node's software, e.g. `aurex/0.1.0`. */
  readonly software: string;
  readonly logger: Logger;
}

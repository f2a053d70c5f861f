/** What a node on a machine is opened with. */
import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import type { ChainSpec } from "../protocol/genesis.ts";
import type { KeyPair } from "../protocol/signing.ts";
import type { DirectoryLock } from "../store/directory-lock.ts";
import type { ApiAccessOptions } from "./http-servers.ts";
import type { ProcessControl } from "./node-admin.ts";
import type { PoolServiceOptions } from "./pool-service.ts";

export interface AurexNodeOptions {
  readonly dataDir: string;
  readonly name: string;
  readonly network: string;
  readonly spec: ChainSpec;
  /** Hash of the block to take for final after the quorum was lost for good. */
  readonly trustRecovery?: Uint8Array | undefined;
  /** As an authority, sign without having heard another one. */
  readonly signAlone?: boolean;
  /** The operator did not name the chain, so that the node may be told to begin anew with another. Default false. */
  readonly mayLeaveChain?: boolean;
  /** The command line that starts this node as it was started, for advice; default: one with its data directory. */
  readonly startCommand?: string;
  /** Seal with the node's key where the chain is Proof of Authority. */
  readonly authority: boolean;
  /** Mine where the chain is Proof of Work. */
  readonly mine: boolean;
  readonly mineEmptyBlocks: boolean;
  /** Of this node's own; 0 where only searchers outside are to mine. */
  readonly mineThreads: number | "auto";
  /** Serve a mining pool, where the node mines. */
  readonly pool?: PoolServiceOptions | undefined;
  /** Multiaddrs, e.g. `/ip4/0.0.0.0/tcp/13245`. */
  readonly listenAddresses: readonly string[];
  /** Multiaddrs told to others beside what is listened on. */
  readonly announceAddresses?: readonly string[];
  readonly bootstrap: readonly string[];
  readonly mdns: boolean;
  /** False: nodes that peers tell of are not dialled, as where the shape of the mesh is chosen by hand. */
  readonly introductions?: boolean;
  /** "report" where somebody listens to `onOtherChain`; by default a peer on another chain is parted from at once. */
  readonly otherChains?: "refuse" | "report";
  /** 0 for any free port, undefined for no API. */
  readonly apiPort: number | undefined;
  /** Who may reach the API; by default programs of this machine. */
  readonly apiAccess?: ApiAccessOptions | undefined;
  /** `HOST:PORT` for the metrics alone. */
  readonly metricsAddress?: string | undefined;
  /** False: no block is added to the account index. Default true. */
  readonly accountIndex?: boolean;
  /** The SQLite file to keep up to date, or the URL of a PostgreSQL database. */
  readonly exportFile: string | undefined;
  /** The file ends with the last final block; refused on a chain that has no finality. */
  readonly exportFinalizedOnly?: boolean;
}

export interface AurexNodeModules {
  readonly clock?: Clock;
  readonly logger?: Logger;
  /** The lock of the data directory, where the caller holds it already, and for longer than the node lives. */
  readonly lock?: DirectoryLock;
  /** The node's key, if the caller has opened it already; by default the key of the directory, without a passphrase. */
  readonly keyPair?: KeyPair;
  /** Has the node stopped and its chain set aside, where there is somebody who can begin another one. */
  readonly leaveChain?: (() => void) | undefined;
  /** Of the process that is there for this node alone. */
  readonly processControl?: ProcessControl | undefined;
}

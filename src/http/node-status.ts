/** What a running node says of itself: the answer of `GET /v1/node` and of `aurex-node status`. */
import type { BootstrapStatus } from "../network/peer-host.ts";
import type { ConsensusName } from "../protocol/genesis.ts";

export interface HeadStatus {
  readonly height: number;
  /** Hex. */
  readonly hash: string;
  readonly timestampMs: number;
}

export interface QuorumStatus {
  /** How many authorities finality takes. */
  readonly needed: number;
  /** How many gave a sign of life lately, this node among them where it is one. */
  readonly heard: number;
}

export interface ClockStatus {
  /** By how much this machine's clock is ahead of the others' median; null if too few were measured. */
  readonly offsetMs: number | null;
  /** How many other clocks were measured: those of authorities, on a Proof of Work chain those of peers. */
  readonly measuredAgainst: number;
  /** How many it takes before they say anything about this one. */
  readonly needed: number;
}

export type AdviceCode =
  | "clock"
  | "chain-ahead"
  | "slashed"
  | "key"
  | "disk"
  | "admission"
  | "authorities"
  | "finality"
  | "two-authorities"
  | "candidates";

/** What an operator should know or do about a node, from all that the node knows. */
export interface Advice {
  readonly code: AdviceCode;
  /** False: nothing is wrong, and something is worth knowing or waits for a decision. */
  readonly fault: boolean;
  readonly what: string;
  readonly why: string;
  /** The step that helps; a whole command if there is one. */
  readonly next: string;
}

export interface PoolSummary {
  /** Multiaddrs for members. */
  readonly addresses: readonly string[];
  readonly sessions: number;
  readonly hashesPerSecond: number;
  readonly sharesAccepted: number;
  readonly sharesRejected: number;
}

/** How the SQL ledger beside a node fares. */
export interface ExportStatus {
  /** Absolute path. */
  readonly file: string;
  /** Of the last block in the file; null before the first. */
  readonly height: number | null;
  /** Blocks of the chain that are not in the file yet. */
  readonly lagBlocks: number;
  /** Of the write-ahead log beside the file. */
  readonly logBytes: number;
  /** Another program whose open transaction keeps that log from being emptied; null if there is none. */
  readonly reader: { readonly sinceMs: number; readonly process: string | null } | null;
  /** Why the file is not written; null if it is. The node tries again by itself. */
  readonly fault: {
    readonly code: string;
    readonly message: string;
    readonly next: string;
    readonly sinceMs: number;
  } | null;
}

export interface NodeStatus {
  /** The libp2p peer id. */
  readonly nodeId: string;
  readonly name: string;
  readonly network: string;
  /** Hex. */
  readonly chainId: string;
  readonly consensus: ConsensusName;
  readonly authority: boolean;
  readonly mining: boolean;
  /**
   * How the node is that mines or signs: at it, idle (nothing to seal), waiting (begins by itself) or blocked; "off": it
   * is not meant to seal. `notSealingBecause` says why.
   */
  readonly sealing: "off" | "sealing" | "idle" | "waiting" | "blocked";
  /** Why a node that should seal does not, for people; null if it seals or is not meant to. */
  readonly notSealingBecause: string | null;
  /** What to do, the most urgent first; empty if all is well. */
  readonly advice: readonly Advice[];
  readonly head: HeadStatus;
  /** The highest block that nothing can replace; null where the engine has no finality. */
  readonly final: { readonly height: number; readonly hash: string } | null;
  /** False while nobody would lose anything with the chain: it then yields to an established one of its network. */
  readonly established: boolean;
  /** Null where the engine has no finality. */
  readonly quorum: QuorumStatus | null;
  /** Null while there is no chain. */
  readonly clock: ClockStatus | null;
  readonly peers: number;
  /** Multiaddrs under which the node can be reached, with its id. */
  readonly addresses: readonly string[];
  /** The peers that the operator named: which of them are connected, and why the others are not. */
  readonly bootstrap: readonly BootstrapStatus[];
  /** Why nobody can be found by mDNS; null where it is off or nothing speaks against it. */
  readonly mdnsFault: string | null;
  /** Transactions waiting. */
  readonly mempool: number;
  /** Null if the node keeps no SQL ledger. */
  readonly export: ExportStatus | null;
  /** Addresses of the chain's authorities; empty on a Proof of Work chain. */
  readonly authorities: readonly string[];
  /** The account address of the node's own key. */
  readonly address: string;
  /** Set while the node catches up from far behind. */
  readonly syncing: { readonly height: number; readonly targetHeight: number } | null;
  /** Of this node's own threads; null where none of them mine. */
  readonly hashesPerSecond: number | null;
  /** Null where the node serves no pool. */
  readonly pool: PoolSummary | null;
  /** Hashes that this node's threads have tried for the block under way; null where none of them mine. */
  readonly hashesTried: number | null;
}

/** How a node that seals is, in a word or with the reason; empty for one that is not meant to seal. */
export function stateText({
  sealing,
  notSealingBecause,
}: Pick<NodeStatus, "sealing" | "notSealingBecause">): string {
  if (sealing === "off") return "";
  return sealing === "waiting" || sealing === "blocked" ? `not sealing: ${notSealingBecause}` : sealing;
}

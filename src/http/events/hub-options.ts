/** What the hub of events is made with, what it is told, and what it answers. */
import type { RingLimits } from "./event-ring.ts";

export interface HubEvent<Topic extends string> {
  readonly topic: Topic;
  /** Becomes JSON at once. */
  readonly data: unknown;
  /** Keys (hex) of the accounts that it is about; undefined: listeners to one account get it, too. */
  readonly accounts?: readonly string[];
}

export interface HubOptions<Topic extends string> {
  readonly topics: readonly Topic[];
  /** The state of the node as of now: the data of the event `snapshot`. */
  readonly snapshot: (topics: readonly Topic[]) => object;
  readonly ring?: RingLimits;
  readonly listenersMax?: number;
  readonly listenersPerAddressMax?: number;
  /** How long events of a topic that nobody listens to any more are still kept for those who come back. */
  readonly keepMs?: number;
  readonly heartbeatMs?: number;
  /** A connection that has taken nothing for so long is given up. */
  readonly stalledMaxMs?: number;
  /** Happenings that wait to become events, and what they keep in memory; more, and listeners are told of a gap. */
  readonly queueMax?: number;
  readonly queueBytesMax?: number;
}

export interface Subscription<Topic extends string> {
  readonly topics: readonly Topic[];
  /** Keys in hex; undefined for all accounts. */
  readonly accounts?: readonly string[] | undefined;
  /** The id of the last event that the reader has. */
  readonly lastEventId?: string | undefined;
  /** The IP address of the reader. */
  readonly address: string;
}

export type Refused = "too-many" | "too-many-from-address" | "stopping";

/** Why a reader cannot be given all that came after its last event. */
export type GapReason = "other-process" | "not-kept" | "node-busy";

export interface HubStatistics {
  readonly listeners: number;
  /** Since the start. */
  readonly listenersDropped: number;
  readonly eventsMade: number;
  readonly ringBytes: number;
}

/** For a node of any size. */
export const hubDefaults = {
  // Room for the events of several full blocks of 8192 transactions each.
  ring: { entriesMax: 65_536, bytesMax: 24 * 2 ** 20 },
  listenersMax: 1_024,
  // Loopback is one address, and so is a class behind one router.
  listenersPerAddressMax: 768,
  keepMs: 10 * 60_000,
  heartbeatMs: 15_000,
  stalledMaxMs: 60_000,
  queueMax: 32_768,
  queueBytesMax: 64 * 2 ** 20,
};

export type Happening<Topic extends string> = () => Iterable<HubEvent<Topic>>;

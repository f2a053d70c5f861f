/** What a page knows of one node from its event stream: the newest snapshot, brought forward by each event. */
import type { EventData } from "../../api/events.ts";
import type { NodeAnswer } from "../../api/node-status.ts";
import type { NodeEvent } from "../../client/index.ts";

/** How the page hears from a node. */
export type LinkState =
  /** Nothing has been heard yet. */
  | { readonly kind: "connecting" }
  | { readonly kind: "live" }
  /** Asked from time to time: the browser has no connection to spare for a stream. */
  | { readonly kind: "polled"; readonly why: string }
  /** Nobody looks at the page: nothing is asked. */
  | { readonly kind: "paused" }
  | {
      readonly kind: "lost";
      readonly sinceMs: number;
      /** What went wrong, and what helps; for people. */
      readonly reason: string;
      readonly next: string;
      /** When it is tried again, by the clock of the browser. */
      readonly retryAtMs: number;
    };

/** The data of `snapshot`, brought forward. `process` differs after a restart of the node. */
export type NodeFacts = Omit<EventData<"snapshot">, "epoch" | "topics"> & { readonly process: string };

/** How far a node is that catches up. */
export interface SyncProgress {
  readonly percent: number;
  /** Null until the pace is known. */
  readonly leftMs: number | null;
}

export interface NodeState {
  readonly link: LinkState;
  /** Null until the node has answered once. */
  readonly facts: NodeFacts | null;
  /** When the node was heard last, by the clock of the browser; null: not yet. */
  readonly heardAtMs: number | null;
  /** By how much the node's clock is ahead of the browser's; null while it is not measured. */
  readonly clockOffsetMs: number | null;
  readonly sync: SyncProgress | null;
}

export const unknownState: NodeState = {
  link: { kind: "connecting" },
  facts: null,
  heardAtMs: null,
  clockOffsetMs: null,
  sync: null,
};

/** The facts after an event. Null as long as there was no snapshot. */
export function factsAfter(facts: NodeFacts | null, event: NodeEvent): NodeFacts | null {
  if (event.event === "snapshot") {
    const { epoch, topics: _, ...rest } = event.data;
    return { ...rest, process: epoch };
  }
  if (!facts) return null;
  switch (event.event) {
    case "head": {
      const { height, hash, timestampMs, time, final } = event.data;
      return { ...facts, head: { height, hash, timestampMs, time }, final };
    }
    case "final": {
      const { height, hash } = event.data;
      return { ...facts, final: { height, hash } };
    }
    case "mempool": {
      const { count, bytes } = event.data;
      return { ...facts, mempool: { count, bytes } };
    }
    case "peer":
      return { ...facts, peers: event.data.peers };
    case "status":
      return { ...facts, ...event.data };
    case "authority":
      return event.data.change === "set" ? { ...facts, authorities: event.data.authorities } : facts;
    case "warning": {
      const { state, ...advice } = event.data;
      const others = facts.advice.filter(({ code }) => code !== advice.code);
      return { ...facts, advice: state === "raised" ? [...others, advice] : others };
    }
    default:
      return facts;
  }
}

/** The same facts from an answer, for a node that is asked from time to time. */
export function factsOfAnswer(answer: NodeAnswer): NodeFacts {
  const { name, nodeId, chainId, consensus, head, final, authorities, advice } = answer;
  const { sealing, notSealingBecause, established, quorum, peers, syncing } = answer;
  return {
    process: `started ${answer.startedAtMs}`,
    name,
    nodeId,
    chainId,
    consensus,
    head: { ...head, time: new Date(head.timestampMs).toISOString() },
    final,
    mempool: { count: answer.mempool, bytes: 0 },
    authorities,
    advice,
    sealing,
    notSealingBecause,
    established,
    quorum,
    peers,
    syncing,
  };
}

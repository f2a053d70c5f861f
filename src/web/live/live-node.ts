/** What a node tells while the page is open: its events, and whether it answers at all. */

import { type EventTopic, eventTopics } from "../../api/events.ts";
import { type ApiClient, followEvents, type NodeEvent } from "../../client/index.ts";

export type Connection =
  | { readonly kind: "connecting" }
  | { readonly kind: "open"; readonly sinceMs: number }
  | { readonly kind: "lost"; readonly sinceMs: number; readonly reason: string; readonly retryAtMs: number };

export interface LiveNode {
  connection(): Connection;
  /** Called whenever {@link connection} changes; returns what ends that. */
  onConnection(listener: () => void): () => void;
  /** Called with every event, with `snapshot` and `gap`, too; returns what ends that. */
  onEvent(listener: (event: NodeEvent) => void): () => void;
  close(): void;
}

const topics: readonly EventTopic[] = eventTopics;

export function openLiveNode(api: ApiClient): LiveNode {
  const over = new AbortController();
  const changed = new Set<() => void>();
  const told = new Set<(event: NodeEvent) => void>();
  let connection: Connection = { kind: "connecting" };
  const become = (next: Connection) => {
    connection = next;
    for (const listener of [...changed]) listener();
  };
  const follow = async () => {
    const events = followEvents(api, {
      topics,
      signal: over.signal,
      waitForNode: true,
      retryMaxMs: 10_000,
      onConnection(state) {
        if (state.connected) return become({ kind: "open", sinceMs: Date.now() });
        const sinceMs = connection.kind === "lost" ? connection.sinceMs : Date.now();
        const reason = state.reason instanceof Error ? state.reason.message : String(state.reason);
        become({ kind: "lost", sinceMs, reason, retryAtMs: Date.now() + state.retryInMs });
      },
    });
    for await (const event of events) for (const listener of [...told]) listener(event);
  };
  void follow().catch((thrown: unknown) => {
    if (over.signal.aborted) return;
    become({
      kind: "lost",
      sinceMs: Date.now(),
      reason: String(thrown),
      retryAtMs: Number.POSITIVE_INFINITY,
    });
  });
  return {
    connection: () => connection,
    onConnection(listener) {
      changed.add(listener);
      return () => changed.delete(listener);
    },
    onEvent(listener) {
      told.add(listener);
      return () => told.delete(listener);
    },
    close: () => over.abort(),
  };
}

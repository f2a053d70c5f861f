/** What a node tells while the page is open: its events, its state, and whether it answers at all. */
import { type EventTopic, eventTopics } from "../../api/events.ts";
import type { NodeEvent } from "../../client/index.ts";
import type { ReloadReason } from "./hub-messages.ts";
import type { LiveClient } from "./live-client.ts";
import type { NodeState } from "./node-state.ts";

export type Connection =
  | { readonly kind: "connecting" }
  /** `isPolled`: other tabs have the connections for live news, so the node is asked every few seconds. */
  | { readonly kind: "open"; readonly isPolled: boolean }
  | {
      readonly kind: "lost";
      readonly sinceMs: number;
      /** Whole sentences. */
      readonly reason: string;
      readonly next: string;
      readonly retryAtMs: number;
    };

/** Told with each piece of news. */
export interface Told {
  readonly events: readonly NodeEvent[];
  /** Set: not all that happened is in events, so what is shown has to be read again. */
  readonly reload: ReloadReason | null;
}

export interface LiveNode {
  state(): NodeState;
  connection(): Connection;
  /**
   * Calls `listener` whenever something is told: the state may have changed, events may have happened.
   *
   * @param topics of events; others come too if other parts of the page listen to them. Without it: all that are rare
   * @returns ends that
   */
  onNews(listener: (told: Told) => void, topics?: readonly EventTopic[]): () => void;
  /** Tries now to reach a node that is lost. */
  retry(): void;
}

/** Of a busy chain these are thousands a second, so they come only to a page that asks for them. */
const frequent: readonly EventTopic[] = ["transaction", "mempool"];
const rareTopics = eventTopics.filter((topic) => !frequent.includes(topic));

/** @param baseUrl without a slash at its end */
export function openLiveNode(client: LiveClient, baseUrl: string): LiveNode {
  return {
    state: () => client.stateOf(baseUrl),
    connection: () => connectionOf(client.stateOf(baseUrl)),
    onNews: (listener, topics = rareTopics) => client.watch({ baseUrl, topics, news: listener }),
    retry: () => client.retry(baseUrl),
  };
}

function connectionOf({ link }: NodeState): Connection {
  switch (link.kind) {
    case "live":
      return { kind: "open", isPolled: false };
    case "polled":
      return { kind: "open", isPolled: true };
    case "lost":
      return link;
    default:
      return { kind: "connecting" };
  }
}

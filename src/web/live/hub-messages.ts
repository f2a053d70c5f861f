/** What a tab and the hub of all tabs say to each other. */
import type { EventTopic } from "../../api/events.ts";
import type { NodeEvent } from "../../client/index.ts";
import type { NodeState } from "./node-state.ts";

export interface WantedNode {
  /** Where the node's API is, without a slash at the end. */
  readonly baseUrl: string;
  readonly topics: readonly EventTopic[];
}

/** Each message says all that the tab wants, so that one that was lost costs nothing. */
export type TabMessage =
  | { readonly type: "want"; readonly nodes: readonly WantedNode[]; readonly isVisible: boolean }
  /** The number of the last news that the tab has worked through. */
  | { readonly type: "took"; readonly number: number }
  /** Somebody has pressed "try now". */
  | { readonly type: "retry"; readonly baseUrl: string }
  | { readonly type: "bye" };

/** Why all that a page shows of a node has to be read again. */
export type ReloadReason =
  /** The tab is told of the node only from now on: what it read before may be from before what it was not told. */
  | "began"
  /** Not all that happened can be told. */
  | "gap"
  /** The node did not answer for a while. */
  | "back"
  /** The node was started again. */
  | "restarted"
  /** Another chain answers there. */
  | "other-chain";

export interface News {
  readonly type: "news";
  readonly number: number;
  readonly baseUrl: string;
  readonly state: NodeState;
  readonly events: readonly NodeEvent[];
  /** Set: read everything again. `events` is then what came after. */
  readonly reload: ReloadReason | null;
}

export type HubMessage = News | { readonly type: "ping" };

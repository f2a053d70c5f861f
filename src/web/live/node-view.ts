/** The node that is shown: how it is called, what it says of itself, and its events; one for all components. */
import { createContext } from "preact";
import { useContext, useEffect, useMemo, useState } from "preact/hooks";
import type { EventName, EventTopic } from "../../api/events.ts";
import { eventTopics } from "../../api/events.ts";
import type { NodeAnswer } from "../../api/node-status.ts";
import { type ApiClient, createApiClient, type NodeEvent } from "../../client/index.ts";
import { liveClient } from "./connect-hub.ts";
import { fewAtOnce } from "./few-requests.ts";
import { freshFetch } from "./fresh-fetch.ts";
import { type Connection, type LiveNode, openLiveNode } from "./live-node.ts";
import type { NodeState } from "./node-state.ts";
import { statusWith } from "./status-merge.ts";

export interface NodeView {
  readonly api: ApiClient;
  /** Where its API is, with a slash at its end. */
  readonly baseUrl: string;
  /** Its name in the demo; undefined for the node that served the page. */
  readonly labName: string | undefined;
  readonly live: LiveNode;
  readonly connection: Connection;
  /** What it said last; undefined before its first answer. */
  readonly status: NodeAnswer | undefined;
  readonly chainId: string | undefined;
  readonly engine: "pow" | "poa" | undefined;
  /** How far a node is that catches up. */
  readonly sync: NodeState["sync"];
  /** By how much the node's clock is ahead of the browser's; null while that is not known. */
  readonly clockOffsetMs: number | null;
}

export const NodeContext = createContext<NodeView | undefined>(undefined);
export const NodeProvider = NodeContext.Provider;

/** The node that is shown. */
export function useNode(): NodeView {
  const node = useContext(NodeContext);
  if (!node) throw new Error("useNode() outside of a page");
  return node;
}

/** Whether the demo served this page. */
export const isLab = document.documentElement.dataset.lab !== undefined;

/** Below which path the API of a node is, seen from the page's own address. */
export function baseUrlOf(labName: string | undefined): string {
  const page = new URL("./", location.href.replace(/[?#].*$/s, ""));
  return new URL(labName === undefined ? "./" : `nodes/${encodeURIComponent(labName)}/`, page).href;
}

/** Requests of this tab to its node at once. A browser has six connections to an origin, for all its tabs. */
const requestsMax = 4;
const retries = 1;
/** The whole status has fields that no event tells. */
const statusEveryMs = 10_000;
const statusSettleMs = 250;

/** Follows one node for as long as the caller is there. */
export function useNodeView(labName: string | undefined): NodeView {
  const baseUrl = baseUrlOf(labName);
  const [api, live] = useMemo(() => {
    const fetchFrom = fewAtOnce(freshFetch, requestsMax);
    const client = createApiClient(baseUrl, { fetch: fetchFrom, retries });
    return [client, openLiveNode(liveClient(), client.url)] as const;
  }, [baseUrl]);
  const [state, setState] = useState(live.state());
  const [status, setStatus] = useState<NodeAnswer>();
  useEffect(() => followStatus(api, live, setState, setStatus), [api, live]);
  return {
    api,
    baseUrl,
    labName,
    live,
    connection: live.connection(),
    status,
    chainId: state.facts?.chainId ?? status?.chainId,
    engine: state.facts?.consensus ?? status?.consensus,
    sync: state.sync,
    clockOffsetMs: state.clockOffsetMs,
  };
}

/** Keeps the status up to date by events, and asks for all of it from time to time while something happens. */
function followStatus(
  api: ApiClient,
  live: LiveNode,
  setState: (state: NodeState) => void,
  setStatus: (change: (before: NodeAnswer | undefined) => NodeAnswer | undefined) => void,
): () => void {
  const over = new AbortController();
  let isAsking = false;
  let askedAtMs = Number.NEGATIVE_INFINITY;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const ask = async () => {
    timer = undefined;
    if (isAsking) return;
    isAsking = true;
    try {
      const answer = await api.node();
      if (!over.signal.aborted) setStatus(() => answer);
    } catch {
      // Whether the node answers is the connection's to tell.
    }
    askedAtMs = performance.now();
    isAsking = false;
  };
  const askIn = (delayMs: number) => {
    timer ??= setTimeout(ask, delayMs);
  };
  const end = live.onNews(({ events, reload }) => {
    const now = live.state();
    setState(now);
    const { facts } = now;
    if (facts) {
      setStatus((before) => {
        if (before && before.chainId !== facts.chainId) return undefined;
        return before && statusWith(before, facts, events);
      });
    }
    if (reload) {
      clearTimeout(timer);
      timer = undefined;
      askIn(statusSettleMs);
    } else if (events.length > 0) {
      askIn(Math.max(statusSettleMs, askedAtMs + statusEveryMs - performance.now()));
    }
  });
  setStatus(() => undefined);
  setState(live.state());
  void ask();
  return () => {
    over.abort();
    clearTimeout(timer);
    end();
  };
}

const topicNames: ReadonlySet<string> = new Set(eventTopics);

/**
 * Calls `handler` with each event of these names while the component is there. A node that is asked from time to time, a
 * gap and a tab that nobody saw for a while have no events: what has to be complete is read by `useAnswer`.
 */
export function useEvents(names: readonly EventName[], handler: (event: NodeEvent) => void): void {
  const { live } = useNode();
  const key = names.join();
  const latest = useMemo(() => ({ handler }), []);
  latest.handler = handler;
  useEffect(() => {
    const wanted = new Set(key.split(","));
    const topics = [...wanted].filter((name): name is EventTopic => topicNames.has(name));
    return live.onNews(({ events }) => {
      for (const event of events) if (wanted.has(event.event)) latest.handler(event);
    }, topics);
  }, [live, key]);
}

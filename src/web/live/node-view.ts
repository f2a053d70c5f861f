/** The node that is shown: how it is called, what it says of itself, and its events; one for all components. */
import { createContext } from "preact";
import { useContext, useEffect, useMemo, useState } from "preact/hooks";
import type { NodeAnswer } from "../../api/node-status.ts";
import { type ApiClient, createApiClient, type NodeEvent } from "../../client/index.ts";
import { type Connection, type LiveNode, openLiveNode } from "./live-node.ts";

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
}

const NodeContext = createContext<NodeView | undefined>(undefined);
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

/** A moment without events before the status is asked for again: what belongs together comes together. */
const settleMs = 250;

/** Follows one node for as long as the caller is there. */
export function useNodeView(labName: string | undefined): NodeView {
  const baseUrl = baseUrlOf(labName);
  const [api, live] = useMemo(() => {
    const client = createApiClient(baseUrl);
    return [client, openLiveNode(client)] as const;
  }, [baseUrl]);
  const [connection, setConnection] = useState(live.connection());
  const [status, setStatus] = useState<NodeAnswer>();
  useEffect(() => {
    let isOver = false;
    let isAsking = false;
    let isAskedAgain = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ask = async () => {
      timer = undefined;
      if (isAsking) {
        isAskedAgain = true;
        return;
      }
      isAsking = true;
      try {
        const answer = await api.node();
        if (!isOver) setStatus(answer);
      } catch {
        // Whether the node answers is the connection's to tell.
      }
      isAsking = false;
      if (isAskedAgain && !isOver) soon();
      isAskedAgain = false;
    };
    const soon = () => {
      timer ??= setTimeout(ask, settleMs);
    };
    const ends = [
      live.onConnection(() => {
        setConnection(live.connection());
        if (live.connection().kind === "open") soon();
      }),
      live.onEvent(soon),
    ];
    setStatus(undefined);
    setConnection(live.connection());
    void ask();
    return () => {
      isOver = true;
      clearTimeout(timer);
      for (const end of ends) end();
      live.close();
    };
  }, [api, live]);
  return {
    api,
    baseUrl,
    labName,
    live,
    connection,
    status,
    chainId: status?.chainId,
    engine: status?.consensus,
  };
}

/** Calls `handler` with each event of these names while the component is there. */
export function useEvents(names: readonly string[], handler: (event: NodeEvent) => void): void {
  const { live } = useNode();
  const key = names.join();
  const latest = useMemo(() => ({ handler }), []);
  latest.handler = handler;
  useEffect(() => {
    const wanted = new Set(key.split(","));
    return live.onEvent((event) => {
      if (wanted.has(event.event)) latest.handler(event);
    });
  }, [live, key]);
}

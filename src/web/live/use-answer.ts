/** One answer of the node for a component: loaded, kept while it is loaded again, and loaded again when something happens. */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { EventTopic } from "../../api/events.ts";
import { AnswerLoader, type LoaderState } from "./answer-loader.ts";
import { type NodeView, useNode } from "./node-view.ts";

export interface Answer<Value> {
  /** The newest that came; undefined before the first. */
  readonly answer: Value | undefined;
  /** Why the last try failed; undefined if it did not. */
  readonly problem: unknown;
  readonly isLoading: boolean;
  readonly reload: () => void;
}

export interface AnswerOptions {
  /** Loaded again after events of these topics. After a gap or a new connection it is loaded again in any case, and if there are topics, once they begin to be heard. */
  readonly reloadOn?: readonly EventTopic[];
}

const nothing: LoaderState<never> = { answer: undefined, problem: undefined, isLoading: true };

/**
 * At most one request is under way. A slow node is given as much rest as it took to answer, and a tab that nobody sees
 * asks nothing.
 *
 * @param load asks the node; its signal is aborted if nobody needs the answer any more
 * @param keys the answer is another one if one of them changes: the old answer is dropped
 */
export function useAnswer<Value>(
  load: (node: NodeView, signal: AbortSignal) => Promise<Value>,
  keys: readonly unknown[],
  { reloadOn = [] }: AnswerOptions = {},
): Answer<Value> {
  const node = useNode();
  const { live, chainId } = node;
  const latest = useRef({ load, node });
  latest.current = { load, node };
  const [kept, setKept] = useState<{ key: string; state: LoaderState<Value> }>();
  const loader = useRef<AnswerLoader<Value> | undefined>(undefined);
  const topics = reloadOn.join();
  // Of another chain nothing is left; a chain that has become known is no other one.
  const lastChain = useRef(chainId);
  const isOtherChain =
    lastChain.current !== undefined && chainId !== undefined && lastChain.current !== chainId;
  lastChain.current = chainId ?? lastChain.current;
  const chains = useRef(0);
  if (isOtherChain) chains.current += 1;
  const key = [node.baseUrl, chains.current, ...keys].join("\n");
  useEffect(() => {
    const made = new AnswerLoader<Value>({
      load: (signal) => latest.current.load(latest.current.node, signal),
      changed: (state) => setKept({ key, state }),
    });
    loader.current = made;
    made.reload();
    const followVisibility = () => {
      made.isPaused = document.visibilityState === "hidden";
    };
    document.addEventListener("visibilitychange", followVisibility);
    return () => {
      document.removeEventListener("visibilitychange", followVisibility);
      made.stop();
    };
  }, [key]);
  useEffect(() => {
    const wanted = topics === "" ? [] : (topics.split(",") as EventTopic[]);
    return live.onNews(({ events, reload }) => {
      const isNews =
        // An answer that no event changes is as good as before.
        (reload === "began" ? wanted.length > 0 : reload !== null) ||
        events.some(({ event }) => (wanted as readonly string[]).includes(event));
      if (isNews) loader.current?.outdated();
    }, wanted);
  }, [live, topics]);
  const reload = useMemo(() => () => loader.current?.reload(), []);
  // What is kept for other keys is not the answer, also not until the effect above has run.
  const state = kept?.key === key ? kept.state : nothing;
  return { ...state, reload };
}

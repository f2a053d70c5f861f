/** One answer of the node for a component: loaded, kept while it is loaded again, and loaded again when something happens. */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { EventTopic } from "../../api/events.ts";
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
  /** Loaded again after events of these topics. After a gap or a new connection it is loaded again in any case. */
  readonly reloadOn?: readonly EventTopic[];
}

/** Events come in bursts; one load for each burst is enough. */
const burstMs = 300;

/**
 * @param load asks the node; its signal is aborted if nobody needs the answer any more
 * @param keys the answer is another one if one of them changes: the old answer is dropped
 */
export function useAnswer<Value>(
  load: (node: NodeView, signal: AbortSignal) => Promise<Value>,
  keys: readonly unknown[],
  { reloadOn = [] }: AnswerOptions = {},
): Answer<Value> {
  const node = useNode();
  const latest = useRef({ load, node });
  latest.current = { load, node };
  const [state, setState] = useState<{ answer?: Value; problem?: unknown; isLoading: boolean }>({
    isLoading: true,
  });
  const topics = reloadOn.join();
  const key = [node.baseUrl, node.chainId ?? "", ...keys].join("\n");
  const loader = useMemo(() => {
    let over = new AbortController();
    let isBusy = false;
    let isDirty = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const run = async () => {
      timer = undefined;
      // At most one request at a time: a slow node is not asked again before it has answered.
      if (isBusy) {
        isDirty = true;
        return;
      }
      const { signal } = over;
      isBusy = true;
      setState((old) => ({ ...old, isLoading: true }));
      try {
        const answer = await latest.current.load(latest.current.node, signal);
        if (!signal.aborted) setState({ answer, isLoading: false });
      } catch (problem) {
        if (!signal.aborted) setState((old) => ({ ...old, problem, isLoading: false }));
      }
      if (signal.aborted) return;
      isBusy = false;
      if (isDirty) soon();
      isDirty = false;
    };
    const soon = () => {
      timer ??= setTimeout(run, burstMs);
    };
    return {
      run,
      soon,
      renew() {
        over.abort();
        over = new AbortController();
        isBusy = false;
        isDirty = false;
        clearTimeout(timer);
        timer = undefined;
      },
    };
  }, []);
  useEffect(() => {
    setState({ isLoading: true });
    void loader.run();
    return () => loader.renew();
  }, [key]);
  useEffect(() => {
    const wanted = new Set<string>([...topics.split(","), "gap", "snapshot"]);
    return node.live.onEvent(({ event }) => {
      if (wanted.has(event)) loader.soon();
    });
  }, [node.live, topics]);
  return {
    answer: state.answer,
    problem: state.problem,
    isLoading: state.isLoading,
    reload: loader.run,
  };
}

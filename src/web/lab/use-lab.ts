/** The state of the whole lab for a component, by one event stream; and what one does to its nodes. */
import { useEffect, useState } from "preact/hooks";
import { getLabEvents, type LabActed, type LabAction, type LabState, postLabAction } from "../../api/lab.ts";
import { createApiClient } from "../../client/index.ts";
import { baseUrlOf } from "../live/node-view.ts";
import { emptyHistory, type HeadHistory, withState } from "./head-history.ts";

export interface LabView {
  /** What the lab said last; undefined before it has said anything. */
  readonly state: LabState | undefined;
  readonly history: HeadHistory;
  /** By how much the clock of the demonstration is ahead of the browser's. */
  readonly clockOffsetMs: number;
  /** Since when the lab does not answer; undefined while it does. */
  readonly lostSinceMs: number | undefined;
}

/** Before a stream that the browser has given up is opened again. */
const againMs = 3_000;

/** A tab that nobody sees holds no stream: a browser has six connections to an origin. */
export function useLab(): LabView {
  const [view, setView] = useState<LabView>({
    state: undefined,
    history: emptyHistory,
    clockOffsetMs: 0,
    lostSinceMs: undefined,
  });
  useEffect(() => {
    let source: EventSource | undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const close = () => {
      clearTimeout(timer);
      source?.close();
      source = undefined;
    };
    const open = () => {
      close();
      const opened = new EventSource(new URL(getLabEvents.path.slice(1), baseUrlOf(undefined)));
      source = opened;
      opened.addEventListener("state", ({ data }) => {
        const state = JSON.parse(data) as LabState;
        setView(({ history }) => ({
          state,
          history: withState(history, state),
          clockOffsetMs: state.atMs - Date.now(),
          lostSinceMs: undefined,
        }));
      });
      opened.addEventListener("error", () => {
        setView((old) => ({ ...old, lostSinceMs: old.lostSinceMs ?? Date.now() + old.clockOffsetMs }));
        // The browser tries again by itself after a broken connection, and not after an answer that is no stream.
        if (opened.readyState === EventSource.CLOSED && source === opened) timer = setTimeout(open, againMs);
      });
    };
    const followVisibility = () => {
      if (document.visibilityState === "hidden") close();
      else open();
    };
    followVisibility();
    document.addEventListener("visibilitychange", followVisibility);
    return () => {
      document.removeEventListener("visibilitychange", followVisibility);
      close();
    };
  }, []);
  return view;
}

export interface ActionInput {
  readonly ms?: number;
  readonly offsetMs?: number;
  readonly what?: "block" | "balance";
}

/** A node that is restarted answers after its store is open. */
const actionTimeoutMs = 120_000;

/** Does something to a node of the lab; resolves once it is done. */
export function act(name: string, action: LabAction, input: ActionInput = {}): Promise<LabActed> {
  const api = createApiClient(baseUrlOf(undefined), { timeoutMs: actionTimeoutMs });
  return api.call(postLabAction, { params: { name, action }, body: input });
}

/** A hub in the tab itself, for browsers without a SharedWorker: tabs count their streams in the browser's storage. */
import type { HubMessage } from "./hub-messages.ts";
import type { HubConnection } from "./live-client.ts";
import { StreamHub } from "./stream-hub.ts";
import { renewEveryMs, type SlotStore, StreamSlots } from "./stream-slots.ts";

/** Tabs that may have a stream at once. */
const slots = 3;

export function openOwnHub(hear: (message: HubMessage) => void): HubConnection {
  const owner = Math.random().toString(36).slice(2);
  const slot = new StreamSlots({ store: storage(), owner, slots, nowMs: () => Date.now() });
  const streams = () => (slot.hold() ? 1 : 0);
  const hub = new StreamHub({ streamsMax: streams() });
  const timer = setInterval(() => {
    hub.streamsMax = streams();
  }, renewEveryMs);
  // As from another thread: nothing is told while it is still being asked for.
  const tab = { post: (message: HubMessage) => queueMicrotask(() => hear(message)) };
  return {
    post: (message) => hub.hear(tab, message),
    close() {
      clearInterval(timer);
      slot.release();
      hub.close();
    },
  };
}

function storage(): SlotStore {
  try {
    return localStorage;
  } catch {
    // Forbidden in this browser: nothing can be counted, and so no tab has a stream for itself.
    const forbidden = () => {
      throw new Error("this browser keeps nothing for the page");
    };
    return { getItem: forbidden, setItem: forbidden, removeItem: forbidden };
  }
}

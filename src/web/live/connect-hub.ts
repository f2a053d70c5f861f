/** Finds the hub of this browser: a SharedWorker where there is one, else a hub in the tab. */
import { ownScript } from "../shell/own-script.ts";
import type { HubMessage } from "./hub-messages.ts";
import { type Connect, type HubConnection, LiveClient } from "./live-client.ts";
import workerUrl from "./shared-hub.worker.ts?sharedworker&url";

let hasSharedWorker = typeof SharedWorker === "function";

const connect: Connect = (hear, lost) => {
  if (hasSharedWorker) {
    try {
      return sharedHub(hear, lost);
    } catch {
      hasSharedWorker = false;
    }
  }
  return laterHub(hear);
};

function sharedHub(hear: (message: HubMessage) => void, lost: () => void): HubConnection {
  const worker = new SharedWorker(ownScript(workerUrl), { type: "module", name: "aurex-live" });
  worker.onerror = () => {
    hasSharedWorker = false;
    lost();
  };
  const { port } = worker;
  port.onmessage = ({ data }: MessageEvent<HubMessage>) => hear(data);
  return {
    post: (message) => port.postMessage(message),
    close: () => port.close(),
  };
}

/** Few browsers need it, so it comes in a file of its own. */
function laterHub(hear: (message: HubMessage) => void): HubConnection {
  let isClosed = false;
  const opening = import("./own-hub.ts").then(({ openOwnHub }) => openOwnHub(hear));
  // Without its file nothing is told; the page says that it is connecting.
  opening.catch(() => undefined);
  return {
    post: (message) => void opening.then((hub) => !isClosed && hub.post(message)),
    close() {
      isClosed = true;
      void opening.then((hub) => hub.close());
    },
  };
}

let shared: LiveClient | undefined;

/** The tab's end of the hub; one for the whole page. */
export function liveClient(): LiveClient {
  if (shared) return shared;
  const client = new LiveClient(connect);
  const isVisible = () => document.visibilityState !== "hidden";
  client.isVisible = isVisible();
  document.addEventListener("visibilitychange", () => {
    client.isVisible = isVisible();
  });
  // A page that the browser keeps for the way back is gone until it is shown again.
  addEventListener("pagehide", () => client.leave());
  addEventListener("pageshow", ({ persisted }) => {
    if (persisted) client.open();
  });
  // A tab that the browser had stopped may have been forgotten.
  document.addEventListener("resume", () => client.open());
  shared = client;
  return client;
}

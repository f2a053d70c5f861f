/** The hub of all tabs of this origin, in a SharedWorker: the browser runs it once, however many tabs there are. */
import type { HubMessage, TabMessage } from "./hub-messages.ts";
import { StreamHub } from "./stream-hub.ts";

/** Of the browser's six connections to an origin, three stay free for requests. */
const streamsMax = 3;

/** What a SharedWorker sees; the types of pages do not have it. */
interface SharedScope {
  onconnect: ((event: MessageEvent) => void) | null;
}

const hub = new StreamHub({ streamsMax });

(globalThis as unknown as SharedScope).onconnect = ({ ports: [port] }) => {
  if (!port) return;
  const tab = { post: (message: HubMessage) => port.postMessage(message) };
  port.onmessage = ({ data }: MessageEvent<TabMessage>) => hub.hear(tab, data);
};

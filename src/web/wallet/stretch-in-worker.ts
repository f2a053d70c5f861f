/** Making a key of a passphrase on another thread, with progress, and with an error that says what a small device lacks. */
import { portableStretch, type Stretch } from "../../client/index.ts";
import type { StretchOrder, StretchReport } from "./stretch-messages.ts";

export interface StretchOptions {
  /** From 0 to 1. */
  readonly onProgress?: (share: number) => void;
  /** Ends the work; the promise then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** The browser had no memory for it. */
export class StretchFailed extends Error {
  override name = "StretchFailed";
}

/** @param makeWorker answers undefined where the browser gives no worker: the work is then done on the page's own thread */
export function stretchInWorker(
  makeWorker: () => Worker | undefined,
  { onProgress, signal }: StretchOptions = {},
): Stretch {
  const order = (asked: StretchOrder, needs: string): Promise<Uint8Array> => {
    const worker = makeWorker();
    return worker ? answerOf(worker, asked, needs, onProgress, signal) : onThisThread(asked, needs);
  };
  return {
    scrypt: (secret, salt, cost) =>
      order({ kind: "scrypt", secret, salt, cost }, `${Math.ceil((128 * cost.n * cost.r) / 2 ** 20)} MiB`),
    pbkdf2: (secret, salt, count) => order({ kind: "pbkdf2", secret, salt, count }, "some"),
  };
}

function answerOf(
  worker: Worker,
  order: StretchOrder,
  needs: string,
  onProgress: StretchOptions["onProgress"],
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  return new Promise<Uint8Array>((resolve, reject) => {
    const stop = () => reject(signal?.reason);
    signal?.throwIfAborted();
    signal?.addEventListener("abort", stop, { once: true });
    worker.onmessage = ({ data }: MessageEvent<StretchReport>) => {
      if (data.kind === "progress") onProgress?.(data.share);
      else if (data.kind === "done") resolve(data.key);
      else reject(failed(needs, data.reason));
    };
    worker.onerror = (event) => reject(failed(needs, event.message || "its worker did not start"));
    worker.postMessage(order);
  }).finally(() => worker.terminate());
}

async function onThisThread(order: StretchOrder, needs: string): Promise<Uint8Array> {
  try {
    return order.kind === "scrypt"
      ? await portableStretch.scrypt(order.secret, order.salt, order.cost)
      : await portableStretch.pbkdf2(order.secret, order.salt, order.count);
  } catch (thrown) {
    throw failed(needs, thrown instanceof Error ? thrown.message : String(thrown));
  }
}

function failed(needs: string, reason: string): StretchFailed {
  return new StretchFailed(
    `opening the key takes ${needs} of memory, and this browser did not give it (${reason}). Close other tabs, or use a device with more memory`,
  );
}

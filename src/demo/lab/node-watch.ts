/** Follows one node of the lab over its API: what it says of itself, its newest blocks, and what it notices. */

import type { BlockSummary } from "../../api/blocks.ts";
import { labBlocksShown } from "../../api/lab.ts";
import type { NodeAnswer } from "../../api/node-status.ts";
import { sleep, systemClock } from "../../base/clock.ts";
import type { ApiClient } from "../../client/api-client.ts";
import type { NodeEvent } from "../../client/event-parser.ts";
import { followEvents } from "../../client/event-stream.ts";

/** Between two looks at a node: events say when something has changed, however many come. */
const lookEveryMsMin = 250;
/** Without an event: what no event tells, such as the hash rate, and a node that does not answer yet. */
const lookEveryMsMax = 2_000;
const startingEveryMs = 100;
const answerMaxMs = 3_000;

export interface NodeView {
  readonly status: NodeAnswer;
  /** Highest first. */
  readonly blocks: readonly BlockSummary[];
  readonly atMs: number;
}

export interface WatchListener {
  readonly changed: (view: NodeView) => void;
  readonly noticed: (text: string) => void;
}

/** Goes on until the signal is aborted, through every restart of the node. */
export async function watchNode(api: ApiClient, listener: WatchListener, signal: AbortSignal): Promise<void> {
  let wake = () => {};
  let isDirty = true;
  const onEvent = (event: NodeEvent) => {
    const text = noticeOf(event);
    if (text !== undefined) listener.noticed(text);
    isDirty = true;
    wake();
  };
  void follow(api, onEvent, signal);
  let view: NodeView | undefined;
  while (!signal.aborted) {
    isDirty = false;
    const seen = await look(api, view).catch(() => undefined);
    if (signal.aborted) return;
    if (seen) {
      view = seen;
      listener.changed(seen);
    }
    await sleep(systemClock, seen || view ? lookEveryMsMin : startingEveryMs, signal);
    if (isDirty || signal.aborted) continue;
    const over = new AbortController();
    wake = () => over.abort();
    await sleep(systemClock, seen ? lookEveryMsMax : startingEveryMs, AbortSignal.any([signal, over.signal]));
  }
}

async function follow(
  api: ApiClient,
  onEvent: (event: NodeEvent) => void,
  signal: AbortSignal,
): Promise<void> {
  const options = {
    topics: ["head", "reorg", "final", "peer", "mempool", "status", "warning"] as const,
    signal,
    waitForNode: true,
    retryMaxMs: 1_000,
  };
  while (!signal.aborted) {
    try {
      for await (const event of followEvents(api, options)) onEvent(event);
    } catch {
      // The node was still starting, or was taken for another one: it is asked again.
      await sleep(systemClock, lookEveryMsMin, signal);
    }
  }
}

async function look(api: ApiClient, before: NodeView | undefined): Promise<NodeView> {
  const over = AbortSignal.timeout(answerMaxMs);
  const status = await Promise.race([api.node(), failWhen(over)]);
  const isSame = before?.status.head.hash === status.head.hash;
  const blocks = isSame ? before.blocks : (await api.blocks({ limit: String(labBlocksShown) })).items;
  return { status, blocks, atMs: Date.now() };
}

function failWhen(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

/** What is worth a line for people; undefined for the daily course of a node. */
function noticeOf({ event, data }: NodeEvent): string | undefined {
  if (event === "warning") return data.state === "raised" ? data.what : `no longer: ${data.what}`;
  if (event !== "reorg") return undefined;
  const { revertedCount, appliedCount, ancestor } = data;
  const left = `${revertedCount} block${revertedCount === 1 ? "" : "s"} left its chain`;
  return `reorganized above block ${ancestor.height}: ${left}, ${appliedCount} joined`;
}

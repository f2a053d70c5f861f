/** A light client of one chain at one node, opened from what was kept, with progress and cancelling. */
import { getLight, type LightAnswer } from "../../api/light.ts";
import { type ApiClient, LightClient, type Verified } from "../../client/index.ts";
import type { KeptLight, LightCache } from "./light-cache.ts";

/** Of the question that is being answered. */
export interface Listening {
  readonly signal: AbortSignal;
  onProgress(height: number, of: number): void;
}

export interface LightSession {
  readonly client: LightClient;
  /** When that was kept from which this session began; undefined if it began at the chain id. */
  readonly keptAtMs: number | undefined;
  /** From now on requests end with this signal. */
  listen(listening: Listening): void;
  /** Keeps what is known by now, if it is more than before. */
  keep(): Promise<void>;
}

/** Headers between two savings: what a closed tab loses. */
const keepEvery = 25_000;

/** @param kept undefined: begin at the chain id */
export async function openSession(
  { chainId, kept, listening }: SessionStart,
  { api, cache, now }: SessionModules,
): Promise<Verified<LightSession>> {
  let current = listening;
  const heard: ApiClient = {
    ...api,
    async call(route, input, options) {
      const answer = await api.call(route, input, { ...options, signal: current.signal });
      if ((route as object) === getLight) await onPage(answer as LightAnswer);
      return answer;
    },
  };
  const opened = await LightClient.open({
    chainId,
    api: heard,
    now,
    ...(kept ? { stored: kept.bytes } : {}),
  });
  if (!opened.ok) return opened;
  const client = opened.value;
  let savedHash = kept ? client.status.hash : undefined;
  let savedHeight = client.status.height;
  const keep = async () => {
    const { hash, height } = client.status;
    if (hash === savedHash) return;
    await cache.write(chainId, { bytes: client.store(), savedAtMs: now() });
    [savedHash, savedHeight] = [hash, height];
  };
  const onPage = async ({ items, next, head }: LightAnswer) => {
    // What the node says of its head is for a progress bar alone.
    const reached = next ?? items.at(-1)?.height ?? client.status.height;
    current.onProgress(Number(reached), Number(head?.height ?? reached));
    if (client.status.height - savedHeight >= keepEvery) await keep();
  };
  const session: LightSession = {
    client,
    keptAtMs: kept?.savedAtMs,
    listen: (next) => {
      current = next;
    },
    keep,
  };
  return { ...opened, value: session };
}

export interface SessionStart {
  readonly chainId: string;
  readonly kept: KeptLight | undefined;
  readonly listening: Listening;
}

export interface SessionModules {
  readonly api: ApiClient;
  readonly cache: LightCache;
  readonly now: () => number;
}

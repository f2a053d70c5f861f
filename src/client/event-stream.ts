/** Follows a node's event stream through restarts of the node and breaks of the network. */
import { type EventTopic, getEvents } from "../api/events.ts";
import type { ApiClient } from "./api-client.ts";
import { ApiProblem } from "./api-problem.ts";
import { EventParser, type NodeEvent } from "./event-parser.ts";

export interface FollowOptions {
  /** `head` and `final` if it is left out. */
  readonly topics?: readonly EventTopic[];
  /** Addresses or names, 64 at most: of transactions only theirs are told. */
  readonly accounts?: readonly string[];
  /** The id of the last event that the caller has; what came after it is told first, if the node still has it. */
  readonly lastEventId?: string;
  /** Ends the stream; it then throws the signal's reason. */
  readonly signal?: AbortSignal;
  /** Tries until a node answers, also at first. Default false: a wrong URL is an error. */
  readonly waitForNode?: boolean;
  /** A connection on which nothing comes for so long is taken for dead. Default 45,000; a node says something every 15 s. */
  readonly silenceMaxMs?: number;
  /** The longest wait before the next try, which else grows with each that fails. Default 30,000. */
  readonly retryMaxMs?: number;
  /** Told when a connection is made, and when it is gone. */
  readonly onConnection?: (state: ConnectionState) => void;
}

export type ConnectionState =
  | { readonly connected: true }
  | { readonly connected: false; readonly reason: unknown; readonly retryInMs: number };

const silenceMaxMsDefault = 45_000;
const retryMsDefault = 2_000;
const retryMaxMsDefault = 30_000;

/**
 * What happens in a node, event by event. After a break it connects again, and goes on after the last event. The node
 * says `gap` if it cannot tell everything that came between, and says `snapshot` at the beginning of each connection: a
 * reader that keeps a state takes it from there. The next event is read only when the caller asks for it, so nothing
 * piles up here; a caller that is too slow is told `dropped`, is connected again, and may then be told of a `gap`.
 *
 * @example
 * for await (const { event, data } of followEvents(api, { topics: ["head"], signal })) {
 *   if (event === "head") console.log(data.height);
 * }
 * @throws ApiProblem if the node refuses the request for good, ApiUnreachable if no node answered at first, the signal's
 *   reason if it was aborted
 */
export async function* followEvents(api: ApiClient, options: FollowOptions = {}): AsyncGenerator<NodeEvent> {
  const { signal, onConnection, retryMaxMs = retryMaxMsDefault } = options;
  let { lastEventId } = options;
  let retryMs = retryMsDefault;
  let failures = 0;
  let isKnown = options.waitForNode ?? false;
  for (;;) {
    signal?.throwIfAborted();
    let reason: unknown = new Error("the node ended the stream");
    const parser = new EventParser();
    try {
      for await (const event of oneConnection(api, options, lastEventId, parser)) {
        if (event.event === "snapshot") {
          isKnown = true;
          failures = 0;
          onConnection?.({ connected: true });
        }
        lastEventId = event.id ?? lastEventId;
        yield event;
      }
    } catch (thrown) {
      signal?.throwIfAborted();
      if (!isKnown || isFinal(thrown)) throw thrown;
      reason = thrown;
    }
    retryMs = parser.retryMs ?? retryMs;
    const wantedMs = reason instanceof ApiProblem ? reason.retryAfterMs : undefined;
    const retryInMs = Math.min(retryMaxMs, wantedMs ?? retryMs * 2 ** failures);
    failures += 1;
    onConnection?.({ connected: false, reason, retryInMs });
    await pause(retryInMs, signal);
  }
}

/** The request itself is wrong: the same one will be refused again. */
function isFinal(thrown: unknown): boolean {
  return thrown instanceof ApiProblem && thrown.status < 500 && thrown.status !== 429;
}

/** The events of one connection, until it ends; throws if it breaks. */
async function* oneConnection(
  api: ApiClient,
  { topics, accounts, signal, silenceMaxMs = silenceMaxMsDefault }: FollowOptions,
  lastEventId: string | undefined,
  parser: EventParser,
): AsyncGenerator<NodeEvent> {
  const over = new AbortController();
  const either = signal ? AbortSignal.any([signal, over.signal]) : over.signal;
  const query = {
    ...(topics ? { topics: topics.join() } : {}),
    ...(accounts ? { account: accounts.join() } : {}),
    ...(lastEventId === undefined ? {} : { lastEventId }),
  };
  try {
    const response = await api.open(getEvents, { query }, { signal: either });
    if (!response.body) return;
    const reader = response.body.getReader();
    const decoder = new TextDecoder();
    for (;;) {
      const silent = setTimeout(() => {
        over.abort(new Error(`nothing came from the node for ${silenceMaxMs / 1_000} s`));
      }, silenceMaxMs);
      const { done, value } = await reader.read().finally(() => clearTimeout(silent));
      if (done) return;
      yield* parser.take(decoder.decode(value, { stream: true }));
    }
  } finally {
    // Whether it broke or the caller has had enough: the connection goes.
    over.abort();
  }
}

/** Resolves after a while, or at once if the signal is aborted. */
async function pause(delayMs: number, signal: AbortSignal | undefined): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, delayMs);
    signal?.addEventListener("abort", done, { once: true });
  });
}

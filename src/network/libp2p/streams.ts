/** Requests and answers as length-prefixed frames on a libp2p stream. Each limit is checked before the bytes are read. */
import type { Stream } from "@libp2p/interface";
import type { Clock, Timer } from "../../base/clock.ts";
import { toError } from "../../base/invariant.ts";
import type { Logger } from "../../base/logger.ts";
import { RequestError } from "../host/request-error.ts";
import type { PeerId, ProtocolOptions, RequestOptions } from "../peer-host.ts";
import { encodeFrame, FrameReader } from "./frames.ts";

/** Ends a wait that takes too long. Starts again with each step, so the time that our own consumer takes does not count. */
class Deadline {
  readonly #clock: Clock;
  readonly #delayMs: number;
  readonly #onExpire: () => void;
  #timer: Timer | undefined;

  constructor(clock: Clock, delayMs: number, onExpire: () => void) {
    this.#clock = clock;
    this.#delayMs = delayMs;
    this.#onExpire = onExpire;
  }

  start(): void {
    this.stop();
    this.#timer = this.#clock.schedule(this.#delayMs, this.#onExpire);
  }

  stop(): void {
    this.#timer?.cancel();
  }
}

/**
 * Sends one request and yields the answer's chunks; the time limit holds for each chunk, not for the whole answer.
 *
 * @param open opens the stream; its signal fires on time-out and abort
 * @throws RequestError
 */
export async function* requestOverStream(
  open: (signal: AbortSignal) => Promise<Stream>,
  request: Uint8Array,
  options: RequestOptions,
  clock: Clock,
): AsyncGenerator<Uint8Array> {
  const opening = new AbortController();
  let stream: Stream | undefined;
  let failure: RequestError | undefined;
  const fail = (error: RequestError) => {
    failure ??= error;
    opening.abort(failure);
    stream?.abort(failure);
  };
  const deadline = new Deadline(clock, options.timeoutMs, () =>
    fail(new RequestError("request/timeout", `no answer within ${options.timeoutMs} ms`)),
  );
  const onAbort = () => fail(new RequestError("request/aborted", "the request was given up"));
  options.signal?.addEventListener("abort", onAbort, { once: true });
  if (options.signal?.aborted) onAbort();
  try {
    deadline.start();
    opening.signal.throwIfAborted();
    stream = await open(opening.signal);
    opening.signal.throwIfAborted();
    const reader = new FrameReader(stream, options.chunkBytesMax);
    stream.send(encodeFrame(request));
    await stream.close({ signal: opening.signal });
    for (let chunks = 0; ; chunks += 1) {
      const chunk = await reader.read();
      deadline.stop();
      if (chunk === undefined) return;
      if (chunks >= options.chunksMax) {
        throw new RequestError("request/too-many-chunks", `more than ${options.chunksMax} chunks`);
      }
      yield chunk;
      deadline.start();
    }
  } catch (thrown) {
    throw failure ?? asRequestError(thrown);
  } finally {
    deadline.stop();
    options.signal?.removeEventListener("abort", onAbort);
    stream?.abort(new Error("the request is over"));
  }
}

function asRequestError(thrown: unknown): RequestError {
  if (thrown instanceof RequestError) return thrown;
  const error = toError(thrown);
  const code = error.name === "UnsupportedProtocolError" ? "request/unsupported" : "request/reset";
  return new RequestError(code, error.message, { cause: error });
}

/** Reads the one request of a stream, answers it in chunks and closes. Any failure resets the stream. */
export async function answerOverStream(
  stream: Stream,
  from: PeerId,
  options: ProtocolOptions,
  modules: { readonly clock: Clock; readonly logger: Logger },
): Promise<void> {
  const { clock, logger } = modules;
  const reader = new FrameReader(stream, options.requestBytesMax);
  // One listener for the whole life of the stream, which may last days: `Promise.race` would keep each of its races in memory.
  let closedBy: Error | undefined;
  let onClosed: ((error: Error) => void) | undefined;
  stream.addEventListener("close", ({ error }) => {
    closedBy = error ?? new Error("the stream is closed");
    onClosed?.(closedBy);
  });
  const unlessClosed = <Value>(promise: Promise<Value>): Promise<Value> =>
    new Promise((resolve, reject) => {
      onClosed = reject;
      promise.then(resolve, reject);
      if (closedBy) reject(closedBy);
    });
  const deadline = new Deadline(clock, options.timeoutMs, () => stream.abort(new Error("too slow")));
  try {
    deadline.start();
    const request = await reader.read();
    if (request === undefined) throw new RequestError("request/malformed", "no request");
    if ((await reader.read()) !== undefined) throw new RequestError("request/malformed", "trailing data");
    const answer = options.handle(request, from);
    const chunks =
      Symbol.asyncIterator in answer ? answer[Symbol.asyncIterator]() : answer[Symbol.iterator]();
    const next = async () => {
      try {
        return await chunks.next();
      } catch (thrown) {
        logger.warn(
          { from, protocol: stream.protocol, error: toError(thrown) },
          "answering a request failed",
        );
        throw thrown;
      }
    };
    try {
      for (;;) {
        deadline.start();
        const step = await unlessClosed(next());
        if (step.done === true) break;
        stream.send(encodeFrame(step.value));
        await drained(stream);
      }
    } finally {
      // Not awaited: a handler that hangs must not hold this up.
      void Promise.resolve(chunks.return?.()).catch(() => {});
    }
    await stream.close();
  } catch (thrown) {
    const error = toError(thrown);
    logger.debug({ from, protocol: stream.protocol, error: error.message }, "request not answered");
    stream.abort(error);
  } finally {
    deadline.stop();
  }
}

/**
 * Resolves when what was sent has left our buffer. Own listeners, because `stream.onDrain()` resolves at once
 * after its first use.
 */
async function drained(stream: Stream): Promise<void> {
  while (stream.writableNeedsDrain && stream.writeBufferLength > 0) {
    await new Promise<void>((resolve, reject) => {
      const settle = (outcome: () => void) => {
        stream.removeEventListener("drain", onDrain);
        stream.removeEventListener("close", onClose);
        outcome();
      };
      const onDrain = () => settle(resolve);
      const onClose = () => settle(() => reject(new Error("the stream closed before all was sent")));
      stream.addEventListener("drain", onDrain);
      stream.addEventListener("close", onClose);
    });
  }
}

/** Requests and answers as length-prefixed frames on a libp2p stream. Each limit is checked before the bytes are read. */
import type { Stream } from "@libp2p/interface";
import type { Clock, Timer } from "../../base/clock.ts";
import { toError } from "../../base/invariant.ts";
import type { Logger } from "../../base/logger.ts";
import { RequestError } from "../host/request-error.ts";
import type { Slots } from "../host/slots.ts";
import type { Turns } from "../host/turns.ts";
import type { PeerId, ProtocolOptions, RequestOptions } from "../peer-host.ts";
import type { PeerOffence } from "../peers/score.ts";
import { encodeFrame, FrameReader, framesInBatches } from "./frames.ts";

/** A deadline is that many timers, one after the other. */
const deadlineParts = 4;

/**
 * Ends a wait that takes too long. Starts again with each step, so the time that our own consumer takes does not count.
 * Nor does time in which this process stood still: a standstill of any length costs the peer a quarter, after which what it
 * has sent meanwhile is read.
 */
class Deadline {
  readonly #clock: Clock;
  readonly #partMs: number;
  readonly #onExpire: () => void;
  #timer: Timer | undefined;

  constructor(clock: Clock, delayMs: number, onExpire: () => void) {
    this.#clock = clock;
    this.#partMs = delayMs / deadlineParts;
    this.#onExpire = onExpire;
  }

  start(): void {
    this.stop();
    this.#wait(deadlineParts);
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #wait(parts: number): void {
    if (parts === 0) this.#onExpire();
    else this.#timer = this.#clock.schedule(this.#partMs, () => this.#wait(parts - 1));
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

export interface AnswerModules {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Places for chunks that are not read yet; absent: the chunks are small. */
  readonly large?: Slots | undefined;
  /** A chunk or a batch of chunks is made in each turn. */
  readonly turns: Turns;
  /** Holds something against the peer that asks. */
  readonly charge?: (offence: PeerOffence) => void;
}

/**
 * Reads the one request of a stream, answers it in chunks and closes. Any failure resets the stream. The peer has the
 * protocol's time for its request, and for reading each chunk: whoever takes longer is charged.
 */
export async function answerOverStream(
  stream: Stream,
  from: PeerId,
  options: ProtocolOptions,
  { clock, logger, large, turns, charge }: AnswerModules,
): Promise<void> {
  /** What it is if the time is over now; undefined while the peer waits for us. */
  let lateness: PeerOffence | undefined = "slow request";
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
  const deadline = new Deadline(clock, options.timeoutMs, () => {
    if (lateness) charge?.(lateness);
    stream.abort(new Error("too slow"));
  });
  try {
    deadline.start();
    const request = await reader.read();
    if (request === undefined) throw new RequestError("request/malformed", "no request");
    if ((await reader.read()) !== undefined) throw new RequestError("request/malformed", "trailing data");
    lateness = undefined;
    const answer = options.handle(request, from);
    // What is there already goes out together. What comes with time goes out as it comes.
    const comes = Symbol.asyncIterator in answer;
    const chunks = comes ? answer[Symbol.asyncIterator]() : framesInBatches(answer);
    const next = async () => {
      try {
        return await chunks.next();
      } catch (thrown) {
        if (thrown instanceof RequestError) throw thrown;
        logger.warn(
          { from, protocol: stream.protocol, error: toError(thrown) },
          "answering a request failed",
        );
        throw thrown;
      }
    };
    try {
      for (let isDone = false; !isDone; ) {
        deadline.start();
        lateness = undefined;
        const giveBack = await taken(large, unlessClosed);
        try {
          await unlessClosed(turns.take(from));
          const step = await unlessClosed(next());
          if (step.done === true) {
            isDone = true;
            continue;
          }
          lateness = "unread answer";
          deadline.start();
          stream.send(comes ? encodeFrame(step.value) : step.value);
          await drained(stream);
        } finally {
          giveBack?.();
        }
      }
    } finally {
      // Not awaited: a handler that hangs must not hold this up.
      void Promise.resolve(chunks.return?.()).catch(() => {});
    }
    await stream.close();
  } catch (thrown) {
    const error = toError(thrown);
    if (isMalformed(error) && stream.status === "open") charge?.("malformed request");
    logger.debug({ from, protocol: stream.protocol, error: error.message }, "request not answered");
    stream.abort(error);
  } finally {
    deadline.stop();
  }
}

/** No honest peer closes a stream in the middle of a frame; one whose connection ends leaves a stream that is not open. */
function isMalformed(error: Error): boolean {
  return (
    error instanceof RequestError &&
    (error.code === "request/malformed" || error.code === "request/chunk-too-long")
  );
}

/** A place in line, unless the stream ends before: then the place is given back as soon as it comes. */
async function taken(
  slots: Slots | undefined,
  unlessClosed: (promise: Promise<() => void>) => Promise<() => void>,
): Promise<(() => void) | undefined> {
  if (slots === undefined) return undefined;
  const place = slots.take();
  try {
    return await unlessClosed(place);
  } catch (thrown) {
    void place.then((giveBack) => giveBack());
    throw thrown;
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

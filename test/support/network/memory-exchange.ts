/** One request and its answer between two hosts in memory: what is under way, and what ends it. */
import type { RequestError } from "../../../src/network/host/request-error.ts";

/** Chunks sent and not yet taken, before the answering side has to wait. */
const unreadMax = 16;

export class MemoryExchange {
  readonly #chunksMax: number;
  #chunks: Uint8Array[] = [];
  #sent = 0;
  #taken = 0;
  #finished = false;
  #failure: RequestError | undefined;
  #cancelled = false;
  #stalled = false;
  #onArrival: (() => void) | undefined;
  #onRoom: (() => void) | undefined;

  constructor(chunksMax: number) {
    this.#chunksMax = chunksMax;
  }

  /** The asking side has gone: nothing more is wanted. */
  get cancelled(): boolean {
    return this.#cancelled;
  }

  /** A packet was lost, so nothing after it can be read. */
  stall(): void {
    this.#stalled = true;
  }

  cancel(): void {
    this.#cancelled = true;
    this.#chunks = [];
    this.#onRoom?.();
  }

  deliver(chunk: Uint8Array): void {
    if (this.#stalled || this.#cancelled) return;
    this.#chunks.push(chunk);
    this.#onArrival?.();
  }

  finish(): void {
    if (this.#stalled) return;
    this.#finished = true;
    this.#onArrival?.();
  }

  /** As with a reset stream, what has arrived and was not read is gone. */
  fail(error: RequestError): void {
    this.#failure ??= error;
    this.#onArrival?.();
  }

  /** True where one chunk more than was asked for has arrived. */
  get isSurplus(): boolean {
    return this.#taken > this.#chunksMax;
  }

  /** The next chunk; undefined at the end. */
  async next(): Promise<Uint8Array | undefined> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure;
      const chunk = this.#chunks.shift();
      if (chunk !== undefined) {
        this.#taken += 1;
        this.#onRoom?.();
        return chunk;
      }
      if (this.#finished) return undefined;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#onArrival = resolve;
      await promise;
    }
  }

  /** Resolves when another chunk may be sent. */
  async room(): Promise<void> {
    while (!this.#cancelled && this.#sent - this.#taken >= unreadMax) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#onRoom = resolve;
      await promise;
    }
    this.#sent += 1;
  }
}

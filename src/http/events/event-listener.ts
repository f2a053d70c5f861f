/** One listener: where it stands in the ring, and how it is sent what comes after that without a queue of its own. */
import type { EventRing } from "./event-ring.ts";
import { eventText, heartbeat } from "./event-text.ts";
import type { EventView } from "./event-view.ts";

/** How long a listener that was dropped may still read what was written before its connection is cut. */
const farewellMs = 10_000;

/** The part of an HTTP response that a listener writes to. */
export interface EventSink {
  readonly destroyed: boolean;
  /** False: it took this, and takes no more until it says "drain". */
  write(bytes: Uint8Array | string): boolean;
  end(bytes: Uint8Array | string): void;
  destroy(): void;
  on(event: "drain" | "close", listener: () => void): unknown;
}

export type SinkEnd = "slow" | "stopping";

export class EventListener {
  readonly view: EventView;
  readonly address: string;
  readonly #sink: EventSink;
  readonly #ring: EventRing;
  /** The number of the last event that was written, or was not wanted. */
  #at: number;
  #isStalled = false;
  #stalledAtMs = 0;
  #wroteAtMs = 0;
  #hasEnded = false;
  #greeting: (() => string) | undefined;

  constructor(
    view: EventView,
    at: number,
    parts: { readonly sink: EventSink; readonly ring: EventRing; readonly address: string },
  ) {
    this.view = view;
    this.#at = at;
    this.#sink = parts.sink;
    this.#ring = parts.ring;
    this.address = parts.address;
  }

  /** Its connection takes nothing more for now. */
  get isStalled(): boolean {
    return this.#isStalled;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Events that it was to be sent have left the ring. */
  get hasLost(): boolean {
    return this.#at < this.#ring.oldest - 1;
  }

  /** Goes on from this number: what lies before is not sent. */
  skipTo(number: number): void {
    this.#at = number;
  }

  /** Writes something that is no event of the ring. */
  say(text: string, nowMs: number): void {
    this.#write(Buffer.from(text), nowMs);
  }

  /** Says this as soon as nothing that it has missed is left to be sent: no reader sees time go back. */
  greet(greeting: () => string): void {
    this.#greeting = greeting;
  }

  /**
   * Writes the next piece of what it has not got.
   *
   * @returns whether there is more that its connection would take now
   */
  pump(nowMs: number): boolean {
    if (this.#isStalled || this.#hasEnded || this.hasLost) return false;
    if (this.#at < this.#ring.newest) {
      const { bytes, to } = this.view.chunkAfter(this.#at, this.#ring);
      this.#at = to;
      if (bytes.length > 0) this.#write(bytes, nowMs);
    }
    const isLevel = this.#at >= this.#ring.newest;
    if (isLevel && this.#greeting && !this.#isStalled) {
      const text = this.#greeting();
      this.#greeting = undefined;
      this.say(text, nowMs);
    }
    return !isLevel && !this.#isStalled;
  }

  /** The connection takes more again. */
  drained(): void {
    this.#isStalled = false;
  }

  /** A comment, if nothing was written for a while. */
  beat(nowMs: number, everyMs: number): void {
    if (!this.#isStalled && !this.#hasEnded && nowMs - this.#wroteAtMs >= everyMs)
      this.#write(heartbeat, nowMs);
  }

  stalledForMs(nowMs: number): number {
    return this.#isStalled ? nowMs - this.#stalledAtMs : 0;
  }

  /**
   * Says why it ends, and ends. A connection that takes nothing is cut: at once if the node stops, else after a while, so
   * that a reader who comes back in time is told.
   */
  end(reason: SinkEnd, data: unknown): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#sink.end(eventText(reason === "slow" ? "dropped" : "stopping", data));
    if (reason === "stopping" && this.#isStalled) this.#sink.destroy();
    else setTimeout(() => this.#sink.destroy(), farewellMs).unref();
  }

  #write(bytes: Uint8Array, nowMs: number): void {
    if (this.#hasEnded || this.#sink.destroyed) return;
    this.#wroteAtMs = nowMs;
    if (this.#sink.write(bytes)) return;
    this.#isStalled = true;
    this.#stalledAtMs = nowMs;
  }
}

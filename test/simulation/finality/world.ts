/** Simulated time and the wire: everything that happens is an event in one queue, and the weather decides what arrives. */
import TinyQueue from "tinyqueue";
import type { Block } from "../../../src/protocol/block.ts";
import type { Evidence } from "../../../src/protocol/evidence.ts";
import type { DecodedTransaction } from "../../../src/protocol/transaction.ts";
import type { Vote } from "../../../src/protocol/vote.ts";
import { startMs } from "./founding.ts";

export type Message =
  | { readonly kind: "block"; readonly blocks: readonly Block[] }
  | { readonly kind: "want"; readonly hash: Uint8Array }
  | { readonly kind: "vote"; readonly vote: Vote }
  | { readonly kind: "evidence"; readonly evidence: Evidence }
  | { readonly kind: "transaction"; readonly transaction: DecodedTransaction };

/** The adversary's number on the wire; nodes have theirs from 0. */
export const adversaryNumber = -1;

/** How long a message takes between two nodes now; undefined: it never arrives. */
export type Weather = (from: number, to: number, kind: Message["kind"]) => number | undefined;

interface Event {
  readonly atMs: number;
  readonly order: number;
  readonly happen: () => void;
}

/** Where a message arrives. */
export type Receive = (to: number, message: Message, from: number) => void;

export class World {
  #nowMs = startMs;
  #order = 0;
  #weather: Weather = () => undefined;
  #receive: Receive = () => undefined;
  readonly #events = new TinyQueue<Event>([], (a, b) => a.atMs - b.atMs || a.order - b.order);

  get nowMs(): number {
    return this.#nowMs;
  }

  set weather(weather: Weather) {
    this.#weather = weather;
  }

  set receive(receive: Receive) {
    this.#receive = receive;
  }

  after(delayMs: number, happen: () => void): void {
    this.#events.push({ atMs: this.#nowMs + Math.max(0, delayMs), order: this.#order, happen });
    this.#order += 1;
  }

  /** Under the weather. */
  send(from: number, to: number, message: Message): void {
    const delayMs = this.#weather(from, to, message.kind);
    if (delayMs !== undefined) this.deliver(from, to, message, delayMs);
  }

  /** Whatever the weather: what the adversary sends and is sent. */
  deliver(from: number, to: number, message: Message, delayMs: number): void {
    this.after(delayMs, () => this.#receive(to, message, from));
  }

  /** Lets everything happen up to a time, or until it is enough. */
  runUntil(atMs: number, isEnough: () => boolean = () => false): void {
    for (;;) {
      const next = this.#events.peek();
      if (!next || next.atMs > atMs) break;
      this.#events.pop();
      this.#nowMs = next.atMs;
      next.happen();
      if (isEnough()) return;
    }
    this.#nowMs = Math.max(this.#nowMs, atMs);
  }
}

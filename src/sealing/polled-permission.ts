/** A signing permission that asks by itself, every two seconds: it stands in until all that bears on it says when it changes. */
import { EventEmitter } from "node:events";
import type { Clock, Timer } from "../base/clock.ts";
import type { NotSealingReason } from "./not-sealing.ts";
import type { SigningPermission, SigningPermissionEvents } from "./signing-permission.ts";

const lookMs = 2_000;

export class PolledPermission implements SigningPermission {
  readonly events = new EventEmitter<SigningPermissionEvents>();
  readonly #ask: () => NotSealingReason | undefined;
  readonly #clock: Clock;
  readonly #listenFirstMs: number;
  #listenUntilMs = 0;
  #timer: Timer | undefined;
  #last: NotSealingReason | undefined;

  constructor(listenFirstMs: number, ask: () => NotSealingReason | undefined, clock: Clock) {
    this.#listenFirstMs = listenFirstMs;
    this.#ask = ask;
    this.#clock = clock;
  }

  get reason(): NotSealingReason | undefined {
    const isListening = this.#clock.monotonicMs() < this.#listenUntilMs;
    return this.#ask() ?? (isListening ? "listening first" : undefined);
  }

  start(): void {
    this.#listenUntilMs = this.#clock.monotonicMs() + this.#listenFirstMs;
    this.look();
  }

  stop(): void {
    this.#timer?.cancel();
  }

  readonly look = (): void => {
    this.#timer?.cancel();
    const { reason } = this;
    const listenMs = this.#listenUntilMs - this.#clock.monotonicMs();
    const waitMs = reason === "listening first" ? Math.min(listenMs, lookMs) : lookMs;
    this.#timer = this.#clock.schedule(waitMs, this.look);
    if (reason === this.#last) return;
    this.#last = reason;
    this.events.emit("changed");
  };
}

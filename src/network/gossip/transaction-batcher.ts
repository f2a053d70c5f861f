/** Packs transactions into one message: fifty in one message cost a fifteenth of fifty messages. */
import type { Clock, Timer } from "../../base/clock.ts";
import { encodeAnnouncement, messageFlushBytes, messageTransactionsMax } from "../messages.ts";

const flushAfterMs = 12;

export class TransactionBatcher {
  readonly #clock: Clock;
  readonly #send: (message: Uint8Array) => void;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #nonce = 0;
  #timer: Timer | undefined;

  constructor(clock: Clock, send: (message: Uint8Array) => void) {
    this.#clock = clock;
    this.#send = send;
  }

  add(transactionBytes: Uint8Array): void {
    this.#waiting.push(transactionBytes);
    this.#waitingBytes += transactionBytes.length;
    const full = this.#waiting.length >= messageTransactionsMax || this.#waitingBytes >= messageFlushBytes;
    if (full) this.flush();
    else this.#timer ??= this.#clock.schedule(flushAfterMs, () => this.flush());
  }

  flush(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#waiting.length === 0) return;
    // Never below the clock: after a restart the nonces go on above those of the last run.
    this.#nonce = Math.max(this.#nonce + 1, this.#clock.nowMs());
    const message = encodeAnnouncement(this.#nonce, this.#waiting);
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#send(message);
  }
}

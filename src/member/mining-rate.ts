/** A member's own hash rate over its last searches, of which many are too short to tell. */
import type { SealProgress } from "../sealing/sealer.ts";

/** Older searches fade: what lies before weighs half as soon as this much has been measured. */
const halvedAfterMs = 10_000;
/** Less than this says more about the timer than about the machine. */
const measuredMinMs = 100;

export class MiningRate {
  #attempts = 0;
  #searchedMs = 0;
  #last = { attempts: 0, searchedMs: 0 };

  /** Another search begins: its progress counts from 0. */
  begin(): void {
    this.#last = { attempts: 0, searchedMs: 0 };
  }

  note({ attempts, hashesPerSecond }: SealProgress): void {
    if (hashesPerSecond <= 0) return;
    const searchedMs = (attempts * 1000) / hashesPerSecond;
    this.#attempts += Math.max(0, attempts - this.#last.attempts);
    this.#searchedMs += Math.max(0, searchedMs - this.#last.searchedMs);
    this.#last = { attempts, searchedMs };
    if (this.#searchedMs < halvedAfterMs) return;
    this.#attempts /= 2;
    this.#searchedMs /= 2;
  }

  /** 0 if nothing has been measured yet. */
  get hashesPerSecond(): number {
    return this.#searchedMs < measuredMinMs ? 0 : (this.#attempts * 1000) / this.#searchedMs;
  }
}

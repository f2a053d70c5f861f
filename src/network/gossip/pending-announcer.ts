/** Announces pending transactions again, after longer and longer pauses, until they are in a block or dropped. */
import type { Clock } from "../../base/clock.ts";
import type { DecodedTransaction } from "../../protocol/transaction.ts";

export interface PendingAnnouncerModules {
  readonly clock: Clock;
  /** The bytes of a pending transaction; undefined if the transaction is not pending any more. */
  readonly pending: (idHex: string) => Pick<DecodedTransaction, "bytes"> | undefined;
  readonly send: (bytes: Uint8Array) => void;
  /** Whether any peer takes transactions. */
  readonly hasListeners: () => boolean;
}

/** The pause after each announcement. */
const intervalsMs = [4_000, 8_000, 16_000, 32_000, 64_000, 128_000, 256_000] as const;
/** A transaction that was submitted to another node begins at this interval: the other node announces it first. */
const foreignLevel = 3;
const tickMs = 1_000;
/** A full mempool is announced within minutes, and costs each peer a few milliseconds a second. */
const perTickMax = 256;
const bytesPerTickMax = 64 * 1024;
/** Nodes keep different paces: of two nodes with the same transactions one announces first, and the other skips its turn. */
const paceSpread = 0.4;

interface State {
  level: number;
  readonly isOwn: boolean;
  dueMs: number;
  /** A peer has announced the transaction since this node's last turn. */
  isHeard: boolean;
  wasSkipped: boolean;
}

export class PendingAnnouncer {
  readonly #modules: PendingAnnouncerModules;
  /** One queue for each interval: within a queue, the oldest entry is due first. */
  readonly #queues: readonly Map<string, State>[] = intervalsMs.map(() => new Map());
  readonly #states = new Map<string, State>();
  /** This node's intervals are longer by this factor. */
  readonly #pace: number;

  /** @param seed any number that differs from node to node, such as a byte of its key: 0 to 255 */
  constructor(seed: number, modules: PendingAnnouncerModules) {
    this.#modules = modules;
    this.#pace = 1 - paceSpread / 2 + (paceSpread * seed) / 255;
  }

  /** The number of tracked transactions. */
  get size(): number {
    return this.#states.size;
  }

  /** Tracks a transaction that has just been announced, by this node or by another. */
  track(idHex: string, isOwn: boolean): void {
    const known = this.#states.get(idHex);
    if (known?.isOwn || (known && !isOwn)) return;
    if (known) this.forget(idHex);
    const level = isOwn ? 0 : foreignLevel;
    this.#enqueue(idHex, { level, isOwn, dueMs: 0, isHeard: false, wasSkipped: false });
  }

  /** A peer has announced a transaction that is pending here, too. */
  heard(idHex: string): void {
    const state = this.#states.get(idHex);
    if (state) state.isHeard = true;
  }

  forget(idHex: string): void {
    const state = this.#states.get(idHex);
    if (!state) return;
    this.#states.delete(idHex);
    this.#queues[state.level]?.delete(idHex);
  }

  /** To be called every {@link announceTickMs}. */
  tick(): void {
    // Without listeners no interval is used up. A peer that connects asks for the mempool.
    if (!this.#modules.hasListeners()) return;
    let left = perTickMax;
    let bytesLeft = bytesPerTickMax;
    const nowMs = this.#modules.clock.monotonicMs();
    for (const queue of this.#queues) {
      for (const [idHex, state] of queue) {
        if (state.dueMs > nowMs) break;
        if (left <= 0 || bytesLeft <= 0) return;
        this.forget(idHex);
        const transaction = this.#modules.pending(idHex);
        if (!transaction) continue;
        const isSkipped = state.isHeard && !state.isOwn && !state.wasSkipped;
        if (!isSkipped) {
          this.#modules.send(transaction.bytes);
          left -= 1;
          bytesLeft -= transaction.bytes.length;
        }
        const level = Math.min(state.level + 1, intervalsMs.length - 1);
        this.#enqueue(idHex, { ...state, level, isHeard: false, wasSkipped: isSkipped });
      }
    }
  }

  #enqueue(idHex: string, state: State): void {
    state.dueMs = this.#modules.clock.monotonicMs() + (intervalsMs[state.level] ?? 0) * this.#pace;
    this.#states.set(idHex, state);
    this.#queues[state.level]?.set(idHex, state);
  }
}

export const announceTickMs = tickMs;

/** How long the stages of a block's way into the chain take, told to whoever watches; without a watcher it costs nothing to speak of. */
import type { Clock } from "./clock.ts";

/** decode: bytes to a block; verify: its signatures; execute: its transactions; commit: to disk. */
export type Stage = "decode" | "verify" | "execute" | "commit";
export const stages: readonly Stage[] = ["decode", "verify", "execute", "commit"];

/** @param ms how long it took, with the time that it waited for its turn */
export type StageWatcher = (stage: Stage, ms: number) => void;

export class StageTimes {
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #watchers = new Set<StageWatcher>();

  constructor(clock: Pick<Clock, "monotonicMs">) {
    this.#clock = clock;
  }

  watch(watcher: StageWatcher): void {
    this.#watchers.add(watcher);
  }

  unwatch(watcher: StageWatcher): void {
    this.#watchers.delete(watcher);
  }

  /** Does the work of a stage, or waits for the end of what `work` has begun; a stage that throws is not told. */
  measure<Value>(stage: Stage, work: () => Value): Value {
    const beganMs = this.#clock.monotonicMs();
    const value = work();
    if (value instanceof Promise) return this.#untilEnd(stage, beganMs, value) as Value;
    this.#tell(stage, beganMs);
    return value;
  }

  async #untilEnd<Value>(stage: Stage, beganMs: number, begun: Promise<Value>): Promise<Value> {
    const value = await begun;
    this.#tell(stage, beganMs);
    return value;
  }

  #tell(stage: Stage, beganMs: number): void {
    const ms = this.#clock.monotonicMs() - beganMs;
    for (const watcher of this.#watchers) watcher(stage, ms);
  }
}

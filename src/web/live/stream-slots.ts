/** Counts the streams of tabs that share no worker, so that all together leave the browser connections to spare. */

/** The part of `localStorage` that is needed. */
export interface SlotStore {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

export interface SlotOptions {
  readonly store: SlotStore;
  /** Of this tab; no other one has it. */
  readonly owner: string;
  readonly slots: number;
  readonly nowMs: () => number;
}

/** A tab renews its slot more often; one that does not is gone. */
const lastsMs = 20_000;
export const renewEveryMs = 5_000;

export class StreamSlots {
  readonly #options: SlotOptions;

  constructor(options: SlotOptions) {
    this.#options = options;
  }

  /**
   * Takes a slot, or renews the one that this tab has. Called again and again: two tabs that took the same slot at the
   * same moment find out at the next call.
   *
   * @returns whether this tab may have a stream
   */
  hold(): boolean {
    const { store, owner, slots, nowMs } = this.#options;
    try {
      const keys = Array.from({ length: slots }, (_, index) => `aurex.stream.${index}`);
      const key =
        keys.find((each) => this.#holder(each) === owner) ??
        keys.find((each) => this.#holder(each) === undefined);
      if (key === undefined) return false;
      store.setItem(key, `${owner} ${nowMs() + lastsMs}`);
      return this.#holder(key) === owner;
    } catch {
      // No storage: nobody can count, so nobody takes a connection for long.
      return false;
    }
  }

  release(): void {
    const { store, owner, slots } = this.#options;
    try {
      for (let index = 0; index < slots; index += 1) {
        const key = `aurex.stream.${index}`;
        if (this.#holder(key) === owner) store.removeItem(key);
      }
    } catch {
      // There was none to release.
    }
  }

  #holder(key: string): string | undefined {
    const { store, nowMs } = this.#options;
    const [holder, untilMs] = (store.getItem(key) ?? "").split(" ");
    const leftMs = Number(untilMs) - nowMs();
    // A clock that was set back must not keep a slot for ever.
    return holder && leftMs > 0 && leftMs <= lastsMs ? holder : undefined;
  }
}

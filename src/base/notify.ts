/** Lets one loop wait until there is something to look at; what is told while it looks elsewhere is kept. */

export class Notify {
  #isTold = false;
  #wake: (() => void) | undefined;

  tell(): void {
    this.#isTold = true;
    this.#wake?.();
  }

  /** Resolves at once if it was told since the last wait. One loop may wait. */
  async told(): Promise<void> {
    if (!this.#isTold) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
      this.#wake = undefined;
    }
    this.#isTold = false;
  }
}

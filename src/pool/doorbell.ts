/** Lets one loop wait until there is something to look at; a ring while it looks elsewhere is kept. */

export class Doorbell {
  #rung = false;
  #wake: (() => void) | undefined;

  ring(): void {
    this.#rung = true;
    this.#wake?.();
  }

  /** Resolves at once where it rang since the last wait. One loop may wait. */
  async rings(): Promise<void> {
    if (!this.#rung) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
      this.#wake = undefined;
    }
    this.#rung = false;
  }
}

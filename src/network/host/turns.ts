/** Work for peers, a piece in each turn of the event loop, and a peer after another: whatever they ask for, the node's other work comes in between. */

export class Turns {
  /** Who waits; the peer whose turn is next comes first. */
  readonly #waiting = new Map<string, (() => void)[]>();
  #isRunning = false;

  /**
   * Resolves when it is this one's turn: for one piece of work, which is done before the next `await`.
   *
   * @param peer its id
   */
  take(peer: string): Promise<void> {
    return new Promise((resolve) => {
      const queue = this.#waiting.get(peer);
      if (queue) queue.push(resolve);
      else this.#waiting.set(peer, [resolve]);
      if (!this.#isRunning) this.#next();
    });
  }

  #next(): void {
    const [first] = this.#waiting;
    this.#isRunning = first !== undefined;
    if (first === undefined) return;
    const [peer, queue] = first;
    this.#waiting.delete(peer);
    queue.shift()?.();
    if (queue.length > 0) this.#waiting.set(peer, queue);
    setImmediate(() => this.#next());
  }
}

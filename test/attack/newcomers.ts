/** Fresh honest hosts that come while an attack goes on, as the run sees them: a process of their own, or its own event loop would stand still for each. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { niceness, putBehind } from "./processor.ts";
import type { FromNewcomers, ToNewcomers } from "./wire/orders.ts";

export interface Came {
  /** Milliseconds until each had been greeted; infinite if it never was. */
  readonly tookMs: readonly number[];
  readonly ids: readonly string[];
}

export class Newcomers {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;

  /** @param pairComesFirst they take no time from the honest pair */
  constructor(pairComesFirst: boolean) {
    this.#child = fork(path.join(import.meta.dirname, "wire", "newcomer-hosts.ts"), {
      stdio: ["ignore", "ignore", "inherit", "ipc"],
      // Infinity is a time, too.
      serialization: "advanced",
    });
    if (pairComesFirst) putBehind(this.#child.pid, niceness.others);
    this.#ended = once(this.#child, "close");
  }

  /** Makes so many hosts, which takes its time, and lets none come yet. */
  async prepare(order: Omit<Extract<ToNewcomers, { say: "prepare" }>, "say">): Promise<void> {
    this.#tell({ say: "prepare", ...order });
    await this.#heard("prepared");
  }

  /** Lets those come that are prepared, one after another until the signal; they go when the last one is in. */
  async come(address: string, signal: AbortSignal): Promise<Came> {
    const enough = () => this.#tell({ say: "enough" });
    this.#tell({ say: "come", address });
    signal.addEventListener("abort", enough, { once: true });
    try {
      return await this.#heard("came");
    } finally {
      signal.removeEventListener("abort", enough);
    }
  }

  async close(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#ended;
  }

  async #heard<Word extends FromNewcomers["say"]>(
    word: Word,
  ): Promise<Extract<FromNewcomers, { say: Word }>> {
    const ended = this.#ended.then(() => {
      throw new Error("the process of the newcomers has ended");
    });
    for (;;) {
      const [message] = (await Promise.race([once(this.#child, "message"), ended])) as [FromNewcomers];
      if (message.say === word) return message as Extract<FromNewcomers, { say: Word }>;
    }
  }

  #tell(message: ToNewcomers): void {
    if (this.#child.connected) this.#child.send(message, () => {});
  }
}

/** An attacker as a process of its own, from its order to its end. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { patienceMs } from "../support/patience.ts";
import { putBehind } from "./processor.ts";
import type { FromAttacker, Order, ToAttacker } from "./wire/orders.ts";

const endMs = 10_000;

export class AttackerProcess {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  #ready: Extract<FromAttacker, { say: "ready" }> | undefined;
  #failed: string | undefined;
  /** Whether it has sent or served anything. */
  hasActed = false;
  /** When honest nodes closed its connections, in milliseconds after the beginning of the attack. */
  readonly cutsMs: number[] = [];
  /** Messages, requests or connections that it made; known when it has ended. */
  count = 0;

  /**
   * @param file in the folder of attackers, without its ending
   * @param nice how far it is behind the honest pair; undefined: not at all
   */
  constructor(file: string, order: Order, nice: number | undefined) {
    this.#child = fork(path.join(import.meta.dirname, "attackers", `${file}.ts`), {
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    if (nice !== undefined) putBehind(this.#child.pid, nice);
    this.#ended = once(this.#child, "close");
    this.#child.on("message", (message: FromAttacker) => this.#heard(message));
    this.#tell({ say: "order", order });
  }

  /** What it waits on with `until`; throws if the attacker failed. */
  isReady(): boolean {
    if (this.#failed !== undefined) throw new Error(`an attacker failed: ${this.#failed}`);
    if (this.#child.exitCode !== null) throw new Error(`an attacker ended with ${this.#child.exitCode}`);
    return this.#ready !== undefined;
  }

  /** Why the attack ended before its time; undefined if it did not. */
  get failure(): string | undefined {
    return this.#failed;
  }

  /** Where it listens, if it does. */
  get addresses(): readonly string[] {
    return this.#ready?.addresses ?? [];
  }

  begin(): void {
    this.#tell({ say: "begin" });
  }

  /** Ends the attack, then the process. */
  async end(): Promise<void> {
    this.#tell({ say: "end" });
    const overdue = setTimeout(() => this.#child.kill("SIGKILL"), patienceMs(endMs));
    await this.#ended;
    clearTimeout(overdue);
  }

  #heard(message: FromAttacker): void {
    if (message.say === "ready") this.#ready = message;
    else if (message.say === "acted") this.hasActed = true;
    else if (message.say === "cut") this.cutsMs.push(message.afterMs);
    else if (message.say === "failed") this.#failed = message.reason;
    else {
      this.count = message.count;
      // Nothing of it is needed any more; its libraries would take their time to close.
      this.#child.kill("SIGKILL");
    }
  }

  #tell(message: ToAttacker): void {
    if (this.#child.connected) this.#child.send(message, () => {});
  }
}

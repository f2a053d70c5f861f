/** The life of an attacker's process: takes its order, attacks from "begin" to "end", and never outlives the run. */
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import type { FromAttacker, Order, ToAttacker } from "./orders.ts";

/** What an attack is given. */
export interface Attack {
  readonly order: Order;
  /** Aborted when the attack is to end. */
  readonly signal: AbortSignal;
  /** Says that the attacker is in place, and resolves when the attack begins. */
  begin(addresses?: readonly string[]): Promise<void>;
  /** Counts what was sent. */
  count(messages: number): void;
  /** Called when a honest node has closed a connection. */
  cut(): void;
}

/** Runs one attack; the file of an attacker calls this and nothing else. */
export function attacker(attack: (attack: Attack) => Promise<void>): void {
  // The run is gone, perhaps by kill -9: an attacker ends with it.
  process.on("disconnect", () => process.exit(0));
  void run(attack).catch(failed);
}

function failed(thrown: unknown): void {
  tell({ say: "failed", reason: thrown instanceof Error ? (thrown.stack ?? thrown.message) : `${thrown}` });
}

async function run(attack: (attack: Attack) => Promise<void>): Promise<void> {
  process.on("uncaughtException", failed);
  const order = await orderFromRun();
  const ending = new AbortController();
  let beganMs = 0;
  let count = 0;
  process.on("message", (message: ToAttacker) => {
    if (message.say === "end") ending.abort();
  });
  const attacking = attack({
    order,
    signal: ending.signal,
    async begin(addresses = []) {
      const begun = untilSaid("begin");
      tell({ say: "ready", addresses });
      await begun;
      // A connection that the other side resets may fail in any stream of the libraries: the attack goes on without it.
      process.off("uncaughtException", failed).on("uncaughtException", () => {});
      beganMs = performance.now();
    },
    count(messages) {
      if (count === 0) tell({ say: "acted" });
      count += messages;
    },
    cut() {
      if (beganMs > 0 && !ending.signal.aborted) tell({ say: "cut", afterMs: performance.now() - beganMs });
    },
  });
  await attacking;
  if (!ending.signal.aborted) await once(ending.signal, "abort");
  tell({ say: "done", count });
}

async function orderFromRun(): Promise<Order> {
  for (;;) {
    const [message] = (await once(process, "message")) as [ToAttacker];
    if (message.say === "order") return message.order;
  }
}

async function untilSaid(word: ToAttacker["say"]): Promise<void> {
  for (;;) {
    const [message] = (await once(process, "message")) as [ToAttacker];
    if (message.say === word) return;
  }
}

function tell(message: FromAttacker): void {
  if (process.connected) process.send?.(message);
}

/** Milliseconds between two bursts of a steady stream. */
const tickMs = 10;

/** Calls `send` with the number of messages that are due, so that `perSecond` leave in each second. */
export async function steadily(
  perSecond: number,
  signal: AbortSignal,
  send: (count: number) => Promise<void> | void,
): Promise<void> {
  const beganMs = performance.now();
  let sent = 0;
  while (!signal.aborted) {
    const due = Math.floor(((performance.now() - beganMs) / 1_000) * perSecond) - sent;
    // Who was slow does not make up for more than a second of it.
    if (due > 0) await send(Math.min(due, perSecond));
    sent += Math.max(0, due);
    await delay(tickMs, undefined, { signal }).catch(() => {});
  }
}

/**
 * Makes what an attack of its length sends before it begins, so that signing takes no time from the honest nodes, which
 * share this machine with their attackers and nothing else.
 *
 * @returns takes the next `count`; what goes beyond the attack's length is made as it is asked for
 */
export function madeAhead<Message>(
  perSecond: number,
  { order }: Attack,
  make: () => Message,
): (count: number) => Message[] {
  const stock = Array.from({ length: Math.ceil(perSecond * order.seconds) }, make).reverse();
  return (count) => Array.from({ length: count }, () => stock.pop() ?? make());
}

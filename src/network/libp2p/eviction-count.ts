/** Connections that had to end for a newcomer, counted by the reason for operators. */
import { Counter, type Registry } from "prom-client";
import type { EvictionReason } from "../host/inbound-places.ts";

const reasons: readonly EvictionReason[] = ["spare", "useless", "crowded"];

export class EvictionCount {
  readonly #counter: Counter<"reason"> | undefined;

  /** @param registry where the count is shown, after libp2p has cleared it for its own; absent: nowhere */
  constructor(registry: Registry | undefined) {
    if (!registry) return;
    this.#counter = new Counter({
      name: "aurex_connections_evicted_total",
      help: "Inbound connections that ended so that another peer could have the place, since the start.",
      labelNames: ["reason"],
      registers: [registry],
    });
    // A reason that never came is shown as 0.
    for (const reason of reasons) this.#counter.inc({ reason }, 0);
  }

  add(reason: EvictionReason): void {
    this.#counter?.inc({ reason });
  }
}

/** What a signing gate sees of a network, without any peer: a test says when the node is behind and what clocks say. */
import { EventEmitter } from "node:events";
import type { Clock } from "../../src/base/clock.ts";
import type { NetworkEvents } from "../../src/network/network.ts";
import { ClockComparison } from "../../src/network/peers/clock-comparison.ts";

export class QuietNetwork {
  readonly events = new EventEmitter<NetworkEvents>();
  readonly clocks: ClockComparison;
  #isBehind = false;

  /** @param authorities those whose clocks count; undefined: everybody's */
  constructor(clock: Clock, authorities?: readonly Uint8Array[]) {
    this.clocks = new ClockComparison({ clock, ownKey: new Uint8Array(32), authorities: () => authorities });
  }

  get isBehind(): boolean {
    return this.#isBehind;
  }

  setBehind(isBehind: boolean): void {
    this.#isBehind = isBehind;
    this.events.emit("behindChanged");
  }
}

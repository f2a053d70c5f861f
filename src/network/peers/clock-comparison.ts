/**
 * Compares this machine's clock with others: those of the authorities, or on a Proof of Work chain those of its peers.
 * It says by how much this clock is off, and if not this one, then whose.
 */
import { EventEmitter } from "node:events";
import { BoundedMap } from "../../base/bounded-map.ts";
import { bytesEqual, includesBytes, toHex, toUtf8 } from "../../base/bytes.ts";
import type { Clock } from "../../base/clock.ts";
import { addressOf } from "../../protocol/identity.ts";
import type { Handshake } from "../messages.ts";
import type { Answer } from "./exchange.ts";

/** No node of this software ran before 2025: a machine that says so has no battery for its clock, and was not set. */
export const plausibleFromMs: number = Date.UTC(2025, 0, 1);
/**
 * A clock that is off by more than this seals and votes nothing. Blocks that are 500 ms ahead of a clock have to wait:
 * with clocks that differ by 2 s the authorities would hold back each other's blocks, and finality would stall. A
 * measured offset is wrong by {@link roundTripMaxMs} / 2 at most.
 */
export const clockOffMaxMs = 750;
/** One other clock alone cannot say which of the two is wrong. */
export const clocksNeeded = 2;
/** Where anybody may be a peer, an attacker has one clock for each address: two of them accuse nobody. */
export const peerClocksNeeded = 3;
/** Half of the way there and back is what an offset can be wrong by. */
const roundTripMaxMs = 1_000;
/** Long enough for a few greetings to fail, short enough for a clock that was set meanwhile. */
const offsetLastsMs = 60_000;
const clocksMax = 256;

export interface MeasuredClock {
  readonly publicKey: Uint8Array;
  readonly name: string;
  /** Theirs minus ours: above zero, theirs is ahead. */
  readonly offsetMs: number;
}

export interface ClockVerdict {
  readonly isOff: boolean;
  /** The others' median minus ours; undefined where too few were measured. Above zero, ours is behind. */
  readonly medianMs: number | undefined;
  readonly measured: number;
  /** How many have to be measured before they say anything about ours. */
  readonly needed: number;
  /** Others that are off from us by more than a node may be. Where ours is not off, it is theirs that are. */
  readonly apart: readonly MeasuredClock[];
}

/**
 * Theirs minus ours, taking the answer to have been made half-way (as RFC 5905 does with equal ways); undefined where
 * the way took so long that the result would say nothing.
 */
export function clockOffsetMs({
  message,
  roundTripMs,
  receivedMs,
}: Answer<{ readonly clockMs: number }>): number | undefined {
  if (roundTripMs > roundTripMaxMs) return undefined;
  return message.clockMs - (receivedMs - roundTripMs / 2);
}

/** The middle one; of two in the middle the one nearer to zero, so that half of the others alone accuse nobody. */
export function medianNearZero(offsetsMs: readonly number[]): number | undefined {
  const sorted = [...offsetsMs].sort((a, b) => a - b);
  const lower = sorted[Math.floor((sorted.length - 1) / 2)];
  const upper = sorted[Math.floor(sorted.length / 2)];
  if (lower === undefined || upper === undefined) return undefined;
  return Math.abs(upper) < Math.abs(lower) ? upper : lower;
}

/** What the clocks of the others say about ours. */
export function judgeClock(others: readonly MeasuredClock[], needed = clocksNeeded): ClockVerdict {
  const isEnough = others.length >= needed;
  const medianMs = isEnough ? medianNearZero(others.map(({ offsetMs }) => offsetMs)) : undefined;
  return {
    isOff: medianMs !== undefined && Math.abs(medianMs) > clockOffMaxMs,
    medianMs,
    measured: others.length,
    needed,
    apart: others.filter(({ offsetMs }) => Math.abs(offsetMs) > clockOffMaxMs),
  };
}

/** One line for people: whose clock is off and by how much; undefined where none is known to be. */
export function describeClock({
  isOff,
  medianMs,
  measured,
  needed,
  apart,
}: ClockVerdict): string | undefined {
  if (isOff && medianMs !== undefined) {
    const whose = needed === clocksNeeded ? "other authorities" : "other nodes";
    return `this machine's clock is ${secondsOff(-medianMs)} the median of ${measured} ${whose}`;
  }
  if (apart.length === 0) return undefined;
  const list = apart.map(({ name, publicKey, offsetMs }) => {
    return `that of ${name || addressOf(publicKey)} is ${secondsOff(offsetMs)} ours`;
  });
  const whose = measured === 1 ? " (of two clocks nobody can say which is right)" : "";
  return `clocks differ: ${list.join(", ")}${whose}`;
}

/** @param aheadMs above zero: ahead */
function secondsOff(aheadMs: number): string {
  return `${(Math.abs(aheadMs) / 1_000).toFixed(1)} s ${aheadMs > 0 ? "ahead of" : "behind"}`;
}

export interface ClockComparisonModules {
  readonly clock: Clock;
  readonly ownKey: Uint8Array;
  /** The authorities at the head. Undefined on a chain that has none: then each peer of the chain counts. */
  readonly authorities: () => readonly Uint8Array[] | undefined;
}

export interface ClockComparisonEvents {
  /** A clock was measured: the verdict may be another one. */
  measured: [];
}

export class ClockComparison {
  readonly events = new EventEmitter<ClockComparisonEvents>();
  readonly #modules: ClockComparisonModules;
  /** By key; on a chain without authorities by {@link sourceOf}, so that many keys at one address have one clock. */
  readonly #clocks = new BoundedMap<string, MeasuredClock & { readonly untilMs: number }>(clocksMax);

  constructor(modules: ClockComparisonModules) {
    this.#modules = modules;
  }

  /**
   * Takes in the clock in the answer of a peer on our chain.
   *
   * @param address multiaddr of the peer's connection
   */
  answered(
    { publicKey, name }: Pick<Handshake, "publicKey" | "name">,
    answer: Answer<{ readonly clockMs: number }>,
    address: string,
  ): void {
    const offsetMs = clockOffsetMs(answer);
    if (offsetMs === undefined || !this.#counts(publicKey)) return;
    const nowMs = this.#modules.clock.monotonicMs();
    const place = this.#modules.authorities() ? toHex(publicKey) : sourceOf(address, publicKey);
    const before = this.#clocks.get(place);
    // A second key at the same address has to wait until the first one is forgotten.
    if (before && before.untilMs > nowMs && !bytesEqual(before.publicKey, publicKey)) return;
    const untilMs = nowMs + offsetLastsMs;
    this.#clocks.set(place, { publicKey, name: toUtf8(name) ?? "", offsetMs, untilMs });
    this.events.emit("measured");
  }

  verdict(): ClockVerdict {
    const nowMs = this.#modules.clock.monotonicMs();
    const authorities = this.#modules.authorities();
    // An authority may have left the set since its clock was measured. With authorities the clocks lie by key.
    const counting = authorities && new Set(authorities.map(toHex));
    const lasting = [...this.#clocks.entries()]
      .filter(([place, { untilMs }]) => untilMs > nowMs && (!counting || counting.has(place)))
      .map(([, { publicKey, name, offsetMs }]) => ({ publicKey, name, offsetMs }));
    return judgeClock(lasting, authorities ? clocksNeeded : peerClocksNeeded);
  }

  /** Of a chain with authorities only theirs count, so that strangers cannot push them out. */
  #counts(publicKey: Uint8Array): boolean {
    const { ownKey, authorities } = this.#modules;
    const counting = authorities();
    return !bytesEqual(publicKey, ownKey) && (!counting || includesBytes(counting, publicKey));
  }
}

/** The IP address that a peer speaks from; on this machine itself the key, as a test network's nodes share its address. */
function sourceOf(address: string, publicKey: Uint8Array): string {
  const [, protocol, host = ""] = address.split("/");
  const isThisMachine = protocol === "memory" || host.startsWith("127.") || host === "::1";
  return isThisMachine || host === "" ? toHex(publicKey) : host;
}

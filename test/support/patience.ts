/** The one place for the time limits of tests: generous, and longer on a machine that is slow or busy. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { inspect } from "node:util";

/** How long a condition may take on an idle machine. It only bounds a test that fails. */
const baseLimitMs = 60_000;
/** What the fixed piece of work takes on an idle machine of 2025. */
const workOnIdleMs = 40;
/** A machine that is slower than this fails its tests rather than to run them for hours. */
const slownessMax = 8;
const pollMs = 20;
/** A process that was paused for a while has looked seldom: it looks this often before it gives up. */
const looksMin = 5;

export interface Patience {
  /** How long the condition may take on an idle machine. */
  readonly limitMs?: number;
  /** Milliseconds between two looks. */
  readonly pollMs?: number;
  /** What the failure shows besides the last answer of the condition: what a reader needs to find the cause. */
  readonly seen?: () => unknown;
}

/**
 * For `timeout` of node:test around tests whose promises may never settle. It is long enough that the waits inside, which
 * tell what they waited for, fail first.
 */
export const suiteMaxMs = 30 * 60_000;

let slownessAtStart: number | undefined;

/**
 * How many times slower than an idle machine this one was when the process first asked.
 *
 * @returns a factor from 1 to 8
 */
export function slowness(): number {
  slownessAtStart ??= slownessNow();
  return slownessAtStart;
}

/**
 * A time limit for a test, a request or a process: scaled by {@link slowness}.
 *
 * @param onIdleMs - what is generous on an idle machine; 60 s if it is left out
 * @returns milliseconds
 */
export function patienceMs(onIdleMs = baseLimitMs): number {
  return Math.ceil(onIdleMs * slowness());
}

/**
 * Waits for a condition, and looks every few milliseconds.
 *
 * The limit is scaled by how slow the machine is. When the limit has passed, the machine is measured again, and the limit
 * is longer if the machine has become slower meanwhile. An error that the condition throws ends the waiting at once.
 *
 * @param what - the condition in words: "the node has started"
 * @param look - answers with what was waited for; anything falsy means "not yet"
 * @returns what the condition answered in the end
 * @throws AssertionError with `what`, the time waited and what was last seen
 */
export async function until<Found>(
  what: string,
  look: () => Found | Promise<Found>,
  patience: Patience = {},
): Promise<Exclude<Found, false | undefined | null | 0 | "">> {
  const onIdleMs = patience.limitMs ?? baseLimitMs;
  const beganMs = performance.now();
  let limitMs = patienceMs(onIdleMs);
  for (let looks = 1; ; looks += 1) {
    const found = await look();
    if (found) return found as Exclude<Found, false | undefined | null | 0 | "">;
    const waitedMs = performance.now() - beganMs;
    if (waitedMs > limitMs && looks >= looksMin) {
      limitMs = Math.max(limitMs, onIdleMs * slownessNow());
      if (waitedMs > limitMs) assert.fail(story(what, waitedMs, found, patience.seen?.()));
    }
    await delay(patience.pollMs ?? pollMs);
  }
}

/**
 * The factor for a machine that took `workMs` for the fixed piece of work.
 *
 * @returns 1 for a machine as fast as an idle one or faster, at most 8
 */
export function slownessOf(workMs: number): number {
  return Math.min(slownessMax, Math.max(1, workMs / workOnIdleMs));
}

function slownessNow(): number {
  const beganMs = performance.now();
  fixedWork();
  return slownessOf(performance.now() - beganMs);
}

/** Hashing and plain arithmetic, long enough for the system to hand the core to somebody else in between. */
function fixedWork(): number {
  const piece = new Uint8Array(1 << 16);
  const hash = createHash("sha256");
  for (let index = 0; index < 800; index += 1) hash.update(piece);
  let mixed = hash.digest()[0] ?? 1;
  for (let index = 0; index < 10_000_000; index += 1)
    mixed = (Math.imul(mixed ^ (mixed >>> 15), 5) + index) | 0;
  return mixed;
}

function story(what: string, waitedMs: number, found: unknown, seen: unknown): string {
  const last = [found, seen].filter((each) => each !== undefined && each !== false);
  const shown = last.map(
    (each) => `\nlast seen: ${typeof each === "string" ? each : inspect(each, { depth: 4 })}`,
  );
  return `not in ${Math.round(waitedMs / 1_000)} s: ${what}${shown.join("")}`;
}

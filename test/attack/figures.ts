/** What one attack came to, the limits of it, which of them do not hold, and when a row is measured again. */
import { invariant } from "../../src/base/invariant.ts";
import { slowness } from "../support/patience.ts";
import { type Latency, latencyMaxMs, overtakenMaxMs } from "./latency-probe.ts";
import type { ProcessorShare } from "./watch.ts";

export interface Figures {
  readonly row: string;
  readonly attackers: number;
  readonly baseline: Latency;
  readonly during: Latency;
  /** Of the honest pair, before the attack and during it. */
  readonly processor: { readonly before: ProcessorShare; readonly during: ProcessorShare };
  /** By how much the memory of the honest node that grew most grew, in bytes. */
  readonly residentGrowth: number;
  /** Of the honest node whose disk grew most, in bytes. */
  readonly diskGrowth: number;
  readonly seconds: number;
  /** When each attacker had been cut once, in milliseconds; undefined: not all were. */
  readonly cutAfterMs: number | undefined;
  /** The time in which an attacker has to be cut; undefined: this attack need not cost it its connection. */
  readonly cutLimitMs: number | undefined;
  /** Milliseconds of each newcomer. */
  readonly newcomersMs: readonly number[];
  /** Blocks between head and final block, the most that was seen; undefined: the chain has no finality. */
  readonly finalLag: number | undefined;
  /** Authorities of the set. */
  readonly authorities: number;
  /** Blocks that it may be. */
  readonly finalLagMax: number;
  /** How long a transaction of the pair may wait for its block; undefined: this row does not judge it. */
  readonly inclusionLimitMs: number | undefined;
  /** Honest nodes that cut or banned another, in words. */
  readonly partings: readonly string[];
  /** From the end of the attack until all was as before; undefined: not in the time that it has. */
  readonly backMs: number | undefined;
  /** Messages, requests or connections of all attackers. */
  readonly sent: number;
  /** Words about what only this row looks at, and what of it does not hold. */
  readonly notes: readonly string[];
  readonly broken: readonly string[];
}

/** Figures and what they say of the row. */
export interface Judged extends Figures {
  /** What of the limits does not hold, in words; empty if all hold. */
  readonly faults: readonly string[];
  /** Whether the machine was quiet before the attack. */
  readonly judgesLatency: boolean;
  /** If the row was measured again: the first measurement, then those of the further ones that are not the middle one. */
  readonly others?: readonly Judged[];
}

/** The numbers. */
export const limits = {
  latencyTimes: 3,
  residentBytes: 100 * 2 ** 20,
  diskBytesPerMinute: 64 * 2 ** 20,
  newcomerMs: 5_000,
  /** Times the number of authorities, in blocks. */
  finalLagTimes: 2,
  backMs: 30_000,
} as const;

/** A machine on which latencies of milliseconds say something: idle, and the honest pair disturbed by newcomers alone. */
export const quiet = { slownessMax: 1.5, baselineP99Ms: 100 } as const;

/** A row that is measured again is measured so many times more; odd, so that there is a middle one. */
export const againTimes = 3;

export interface JudgeOptions {
  /** Latencies are told and not judged. */
  readonly slowMachine: boolean;
}

/** Whether the machine was quiet before the attack. */
export function judgesLatency({ baseline }: Figures, { slowMachine }: JudgeOptions): boolean {
  return !slowMachine && baseline.p99Ms <= quiet.baselineP99Ms;
}

/** Figures with what of the limits does not hold. */
export function judge(figures: Figures, options: JudgeOptions): Judged {
  return {
    ...figures,
    faults: faultsOf(figures, options),
    judgesLatency: judgesLatency(figures, options),
  };
}

/**
 * Whether a row is measured again: if all that does not hold is the 99th percentile. In 12 seconds it is made of two
 * transactions of 200, and in some row of every other table chance makes two of them late.
 */
export function asksAgain(judged: Judged): boolean {
  return judged.judgesLatency && isLate(judged) && judged.faults.length === 1;
}

/**
 * What holds of a row that was measured again: of the further measurements the middle one decides about the 99th percentile,
 * and acquits on a quiet machine only; any other fault of any of them stays. Not one longer measurement: most attackers are
 * cut within seconds, so that of 48 seconds the attack is a smaller part.
 */
export function lastWord(first: Judged, again: readonly Judged[]): Judged {
  const inOrder = again.toSorted((a, b) => lateness(a) - lateness(b));
  const [middle] = inOrder.splice((again.length - 1) / 2, 1);
  invariant(middle, "a row is measured again an odd number of times");
  const unanswered = middle.judgesLatency
    ? []
    : first.faults.map((fault) => `${fault}; measured again, the machine was busy`);
  const besides = inOrder.flatMap((each) => each.faults.filter((fault) => fault !== lateFault(each)));
  return { ...middle, faults: [...unanswered, ...middle.faults, ...besides], others: [first, ...inOrder] };
}

/** What of the limits does not hold, in words; empty if all hold. */
export function faultsOf(figures: Figures, options: JudgeOptions): string[] {
  const faults: string[] = [...figures.broken];
  const { during } = figures;
  const { slowMachine } = options;
  if (figures.sent === 0) faults.push("the attackers did nothing");
  if (judgesLatency(figures, options) && isLate(figures)) {
    faults.push(lateFault(figures));
  }
  if (during.samples === 0) faults.push("nothing reached the other honest node");
  // Ten seconds are a latency, too.
  if (!slowMachine && during.lost > 0)
    faults.push(
      `${during.lost} transactions not heard of within ${latencyMaxMs / 1_000} s, or only by a block after ${overtakenMaxMs / 1_000} s`,
    );
  if (figures.residentGrowth >= limits.residentBytes) {
    faults.push(`memory +${megabytes(figures.residentGrowth)} MB`);
  }
  const minutes = Math.max(1, figures.seconds / 60);
  if (figures.diskGrowth >= limits.diskBytesPerMinute * minutes) {
    faults.push(`disk +${megabytes(figures.diskGrowth)} MB in ${figures.seconds.toFixed(0)} s`);
  }
  const newcomerMs = limits.newcomerMs * (slowMachine ? slowness() : 1);
  const late = figures.newcomersMs.filter((each) => each > newcomerMs);
  if (late.length > 0)
    faults.push(`${late.length} of ${figures.newcomersMs.length} newcomers not in within 5 s`);
  const { cutAfterMs = Number.POSITIVE_INFINITY, cutLimitMs = Number.POSITIVE_INFINITY } = figures;
  if (cutAfterMs > cutLimitMs)
    faults.push(`not every attacker was cut within ${(cutLimitMs / 1_000).toFixed(1)} s`);
  const { finalLag, finalLagMax, inclusionLimitMs } = figures;
  if (finalLag !== undefined && finalLag > finalLagMax) {
    faults.push(`final ${finalLag} blocks behind, ${finalLagMax} allowed`);
  }
  if (inclusionLimitMs !== undefined && during.inclusionMs > inclusionLimitMs) {
    const [took, allowed] = [during.inclusionMs, inclusionLimitMs].map((ms) => (ms / 1_000).toFixed(1));
    faults.push(`a transaction waited ${took} s for its block, ${allowed} s allowed`);
  }
  faults.push(...figures.partings.map((parting) => `honest nodes parted: ${parting}`));
  if (figures.backMs === undefined) faults.push("not back to normal 30 s after the attack");
  return faults;
}

/** Infinity: on a machine that was busy. */
function lateness({ baseline, during, judgesLatency: isJudged }: Judged): number {
  return isJudged ? during.p99Ms / baseline.p99Ms : Number.POSITIVE_INFINITY;
}

function lateFault({ baseline, during }: Figures): string {
  return `99th ${during.p99Ms.toFixed(0)} ms, baseline ${baseline.p99Ms.toFixed(0)} ms`;
}

function isLate({ baseline, during }: Figures): boolean {
  return during.p99Ms >= limits.latencyTimes * baseline.p99Ms;
}

export function megabytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(0);
}

/** What a soak has found: the figures, what of them must hold, and all of it as people read it. */

import { textTable } from "../../src/base/text-table.ts";
import type { Chain } from "../../src/chain/chain.ts";
import type { Reorganizations } from "./chain-watch.ts";
import { deviationsMax, isFair, type MinerShare, pValueMin, type ShareTest } from "./share-statistics.ts";

export interface Intervals {
  readonly blocks: number;
  /** By the headers' timestamps. */
  readonly meanMs: number;
}

export interface MinerReport {
  readonly name: string;
  /** Part of the time that its thread searches. */
  readonly duty: number;
  /** Hashes, canonical and other blocks since the target had settled. */
  readonly hashes: number;
  readonly blocks: number;
  readonly orphaned: number;
  /** From the very start. */
  readonly reorganizations: Reorganizations;
  /** Undefined for the miner whose clock was wrong: it works in vain for half of the time. */
  readonly share: MinerShare | undefined;
}

export interface SoakReport {
  readonly durationMs: number;
  readonly targetBlockTimeMs: number;
  readonly retargetHalfLifeMs: number;
  readonly head: { readonly height: number; readonly hashHex: string };
  /** From the end of mining until all had one head; undefined: not within a minute. */
  readonly agreedAfterMs: number | undefined;
  /** Since the target had settled; undefined where it did not. */
  readonly measured: (Intervals & { readonly sinceMs: number; readonly durationMs: number }) | undefined;
  readonly miners: readonly MinerReport[];
  readonly shares: ShareTest | undefined;
  readonly transfers: { readonly sent: number; readonly included: number };
  readonly clock: ClockReport | undefined;
}

export interface ClockReport {
  readonly miner: string;
  readonly offMs: number;
  /** When the clock was set right: blocks by which the others disagreed, and by which it was apart from them. */
  readonly atHalf:
    | { readonly disagreement: number; readonly apart: number; readonly height: number }
    | undefined;
  /** From setting it right until it followed the others; undefined: it did not. */
  readonly cameBackAfterMs: number | undefined;
}

export interface Check {
  readonly what: string;
  readonly passed: boolean;
  readonly found: string;
}

const paceTolerance = 0.1;
/** A factor by which the target may differ between the two ends, in doublings. */
const targetDoublings = 2;
/** Heads that differ by no more are one network at work. */
export const atWorkBlocks = 6;

/** Of the blocks above one height up to another. */
export function intervalsIn(chain: Chain, aboveHeight: number, height: number): Intervals {
  const timeAt = (at: number) => chain.blockAtHeight(at)?.header.timestampMs ?? Number.NaN;
  const blocks = height - aboveHeight;
  return { blocks, meanMs: blocks > 0 ? (timeAt(height) - timeAt(aboveHeight)) / blocks : Number.NaN };
}

/** What must hold after a soak. */
export function checksOf(report: SoakReport): Check[] {
  const { agreedAfterMs, measured, shares, transfers, clock, targetBlockTimeMs } = report;
  const heads = agreedAfterMs === undefined ? "no" : `after ${seconds(agreedAfterMs)}`;
  return [
    { what: "all miners end on one head", passed: agreedAfterMs !== undefined, found: heads },
    {
      what: `blocks come every ${seconds(targetBlockTimeMs)}, within ${percent(toleranceOf(report))}`,
      passed: measured !== undefined && paceError(report) <= toleranceOf(report),
      found: measured ? seconds(measured.meanMs) : "the target did not settle",
    },
    {
      what: `each miner within ${deviationsMax} standard deviations of its hashes, p ≥ ${pValueMin}`,
      passed: shares !== undefined && isFair(shares),
      found: shares
        ? `chi-square ${shares.chiSquare.toFixed(2)} of ${shares.degreesOfFreedom}, p = ${shares.pValue.toPrecision(3)}`
        : "nothing to judge",
    },
    {
      what: "every transfer is in the chain",
      passed: transfers.included === transfers.sent,
      found: `${transfers.included} of ${transfers.sent}`,
    },
    ...(clock ? clockChecks(clock, report) : []),
  ];
}

function clockChecks({ miner, offMs, atHalf, cameBackAfterMs }: ClockReport, report: SoakReport): Check[] {
  const found = report.miners.find(({ name }) => name === miner);
  return [
    {
      what: `the others agree while the clock of ${miner} is off by ${seconds(offMs)}`,
      passed: atHalf !== undefined && atHalf.disagreement <= atWorkBlocks,
      found: atHalf
        ? `heads within ${atHalf.disagreement} blocks at height ${atHalf.height}, ${miner} ${atHalf.apart} behind`
        : "half of the time did not come",
    },
    {
      what: `${miner} follows once its clock is right`,
      passed: cameBackAfterMs !== undefined,
      found: cameBackAfterMs === undefined ? "no" : `after ${seconds(cameBackAfterMs)}`,
    },
    {
      what: `${miner} has blocks in the chain then`,
      passed: (found?.blocks ?? 0) > 0,
      found: `${found?.blocks ?? 0}`,
    },
  ];
}

/**
 * The rule sets each target by how late the chain is, so all intervals together differ from the schedule by the half-life
 * times the doublings of the target from one end to the other, and by nothing that grows with the time.
 */
function toleranceOf({ measured, retargetHalfLifeMs, targetBlockTimeMs }: SoakReport): number {
  const halfLifeBlocks = retargetHalfLifeMs / targetBlockTimeMs;
  return paceTolerance + (targetDoublings * halfLifeBlocks) / Math.max(1, measured?.blocks ?? 0);
}

function paceError({ measured, targetBlockTimeMs }: SoakReport): number {
  return Math.abs((measured?.meanMs ?? Number.NaN) / targetBlockTimeMs - 1);
}

export function soakText(report: SoakReport, checks: readonly Check[]): string {
  const { miners, measured, head, durationMs } = report;
  const orphaned = miners.reduce((sum, miner) => sum + miner.orphaned, 0);
  const longest = Math.max(...miners.map(({ reorganizations }) => reorganizations.longest));
  const rows = miners.map(({ name, duty, hashes, blocks, orphaned: beside, reorganizations, share }) => [
    name,
    percent(duty),
    (hashes / 1e6).toFixed(0),
    share ? percent(share.hashShare) : "",
    `${blocks}`,
    share ? `${percent(share.blockShare)} ± ${percent(share.deviation)}` : "",
    share ? `${share.z >= 0 ? "+" : ""}${share.z.toFixed(2)}` : "",
    `${beside}`,
    `${reorganizations.count}`,
    `${reorganizations.longest}`,
  ]);
  const titles = [
    "miner",
    "thread",
    "Mhash",
    "of hashes",
    "blocks",
    "of blocks",
    "z",
    "orphaned",
    "reorgs",
    "longest",
  ];
  const verdicts = checks.map(({ what, passed, found }) => [passed ? "holds" : "FAILS", what, found]);
  return [
    `${seconds(durationMs)} of mining to block ${head.height} (${head.hashHex})`,
    measured
      ? `measured: the last ${seconds(measured.durationMs)}, ${measured.blocks} blocks, ${orphaned} beside the chain; longest reorganization ${longest}`
      : "measured: nothing",
    "",
    textTable(titles, rows),
    textTable(["", "must hold", "found"], verdicts),
  ].join("\n");
}

function seconds(durationMs: number): string {
  return `${(durationMs / 1_000).toFixed(2)} s`;
}

function percent(part: number): string {
  return `${(100 * part).toFixed(1)} %`;
}

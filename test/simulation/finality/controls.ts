/** What safety rests on, each left out alone: a simulation that does not break then sees nothing. */
import type { VoteWatermark } from "../../../src/consensus/finality/vote-rule.ts";
import { poaRules } from "../../../src/consensus/poa/advance.ts";
import type { HeaderRecord } from "../../../src/protocol/block.ts";
import type { Checkpoint } from "../../../src/protocol/checkpoint.ts";
import type { Link } from "../../../src/protocol/vote.ts";
import { type SimulationRules, trueRules } from "./founding.ts";
import { type RunOptions, type RunReport, simulateFinality } from "./simulate-finality.ts";

type MayVote = (link: Link, watermark: VoteWatermark) => boolean;

/** As `voteOn`, but for what allows the link. */
function votingBy(mayVote: MayVote): SimulationRules["voteOn"] {
  return (head: HeaderRecord, justified: Checkpoint, watermark: VoteWatermark) => {
    const link = { source: justified, target: { height: head.header.height, hash: head.hash } };
    return mayVote(link, watermark) ? link : undefined;
  };
}

export const controls = {
  "target-watermark": {
    rules: {
      ...trueRules,
      voteOn: votingBy(({ source }, { sourceHeight }) => source.height >= sourceHeight),
    },
  },
  "source-watermark": {
    forgetful: true,
    rules: {
      ...trueRules,
      voteOn: votingBy(({ target }, { targetHeight }) => target.height > targetHeight),
    },
  },
  "between-justified": { rules: { ...trueRules, poa: { ...poaRules, linkFinalizes: () => true } } },
  "one-change-at-a-time": { rules: { ...trueRules, poa: { ...poaRules, isInForce: () => true } } },
  "kept-journals": { rules: { ...trueRules, keepsJournals: false } },
  "fewer-than-a-third": { tooManyByzantine: true },
} as const satisfies Record<string, RunOptions>;

export type ControlName = keyof typeof controls;
export const controlNames = Object.keys(controls) as ControlName[];
/** Seeds that a control may take. */
export const controlSeedsMax = 3_000;

export interface ControlReport {
  readonly name: ControlName;
  /** Runs that it took. */
  readonly runs: number;
  /** Undefined: it did not break, so the simulation does not see this rule. */
  readonly broken: RunReport | undefined;
}

/** Runs seeds with one of them left out until two final blocks contradict each other. */
export function findViolation(
  name: ControlName,
  onRun: (runs: number) => void = () => undefined,
): ControlReport {
  for (let seed = 1; seed <= controlSeedsMax; seed += 1) {
    const report = simulateFinality(seed, { ...controls[name], until: "conflicting-final" });
    onRun(seed);
    if (report.violations.some(({ kind }) => kind === "conflicting-final"))
      return { name, runs: seed, broken: report };
  }
  return { name, runs: controlSeedsMax, broken: undefined };
}

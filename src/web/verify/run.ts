/** One verification while it goes on: what its parts work with, and how they end it. */
import type { ApiClient, CheckName, LightClient, Verified } from "../../client/index.ts";
import { type Comparison, compare, type Difference, type Proven } from "./differences.ts";
import { failedStep, type Phase } from "./fault-steps.ts";
import type { FailureCode, VerifyOutcome, VerifyReport, VerifyStep } from "./report.ts";

/** Ends a run with what came of it; it never leaves this folder. */
export class Ended extends Error {
  override name = "Ended";
  readonly outcome: VerifyOutcome;

  constructor(outcome: VerifyOutcome) {
    super(outcome.result);
    this.outcome = outcome;
  }
}

export type Step = (name: VerifyStep["name"], state: VerifyStep["state"], what: string) => void;

export function stepsTo(report: (report: VerifyReport) => void): Step {
  return (name, state, what) => report({ type: "step", step: { name, state, what } });
}

/**
 * Reports the steps of a verification and returns its value; a fault ends the run.
 *
 * @param only the checks that were not reported before; all of them if it is left out
 */
export function provenBy<Value>(
  verified: Verified<Value>,
  { step, phase, engine, only }: ProvenOptions,
): Value {
  for (const { check, what } of verified.steps) {
    if (!only || only.includes(check)) step(check, "holds", what);
  }
  if (verified.ok) return verified.value;
  const { code, reason } = verified.fault;
  step(failedStep(code, phase, engine), "fails", reason);
  throw new Ended(
    code === "light/recovery-not-trusted"
      ? {
          result: "impossible",
          reason,
          next: "ask the operators; a program can be told to trust that block, with aurex/client",
        }
      : refuted(code, reason),
  );
}

export interface ProvenOptions {
  readonly step: Step;
  readonly phase: Phase;
  readonly engine: "pow" | "poa";
  readonly only?: readonly CheckName[] | undefined;
}

export function refuted(
  code: FailureCode,
  reason: string,
  differences: readonly Difference[] = [],
): VerifyOutcome {
  return { result: "refuted", code, reason, differences };
}

/** What the answers to the questions are made with. */
export interface Run {
  readonly api: ApiClient;
  readonly client: LightClient;
  readonly step: Step;
}

export function proven<Value>(
  { client, step }: Run,
  phase: Phase,
  verified: Verified<Value>,
  only?: readonly CheckName[],
): Value {
  return provenBy(verified, { step, phase, engine: client.status.consensus, only });
}

/**
 * Holds the node's answer of this moment and what the page shows against what was proven; a difference ends the run.
 *
 * @returns the fields that rest on the node's word
 */
export function requireShown(run: Run, { shown, fresh }: Answers, expected: Proven): Comparison["unproven"] {
  const now = compare(fresh, expected);
  const failed = (differences: readonly Difference[]) => {
    const fields = differences.map(({ field }) => field).join(", ");
    run.step("shown", "fails", `these values are not those that were proven: ${fields}`);
    return new Ended(refuted("shown/differs", `it differs in ${fields}`, differences));
  };
  if (now.differences.length > 0) throw failed(now.differences);
  const { differences } = compare(shown, expected);
  if (differences.length > 0) {
    run.step("shown", "open", "the page shows an older state than the node has now");
    throw new Ended({ result: "outdated", differences });
  }
  return now.unproven;
}

export interface Answers {
  /** What the page shows. */
  readonly shown: object;
  /** What the node answers to the same request now: a page may be behind. */
  readonly fresh: object;
}

/** The promises that a run is held to, and what is printed of it. */
import type { ChaosReport, Outcome } from "./chaos.ts";
import type { Missing } from "./end-state.ts";

export interface Promised {
  readonly what: string;
  readonly kept: boolean;
  readonly found: string;
}

const shownMax = 5;

/** @param backWithinMs how long a node may take to be back; left out: as long as the run has waited for it */
export function promisesOf(report: ChaosReport, backWithinMs?: number): Promised[] {
  const { acknowledged, lost, stuck, replaced, comparison, outcomes, settledMs } = report;
  const late = outcomes.filter(({ backMs }) => backMs === undefined || backMs > (backWithinMs ?? backMs));
  const slowest = Math.max(0, ...outcomes.flatMap(({ backMs }) => backMs ?? []));
  const settled =
    settledMs === undefined ? "not all are final" : `all final ${seconds(settledMs)} after the load`;
  return [
    {
      what: "transactions were acknowledged and blocks became final",
      kept: acknowledged > 0 && report.finalHeight > 0,
      found: `${acknowledged} transactions, final block ${report.finalHeight}`,
    },
    {
      what: "no acknowledged transaction is lost",
      kept: lost.length === 0,
      found: `${lost.length} lost${storyOf(lost)}`,
    },
    {
      what: "none is stuck",
      kept: stuck.length === 0,
      found: `${stuck.length} stuck, ${settled}${storyOf(stuck)}`,
    },
    { what: "no final block was replaced", kept: replaced === undefined, found: replaced ?? "none" },
    {
      what: "all nodes are equal in the end",
      kept: comparison.equal,
      found: comparison.equal
        ? `block ${comparison.height} ${comparison.hash.slice(0, 12)}`
        : comparison.differences.join("\n    "),
    },
    {
      what: "each node was back in time",
      kept: late.length === 0,
      found: `${outcomes.length - late.length} of ${outcomes.length}, the slowest in ${seconds(slowest)}, limit ${seconds(backWithinMs ?? limitOf(outcomes))}`,
    },
  ];
}

export function chaosText(report: ChaosReport, promises: readonly Promised[]): string {
  const kinds = Map.groupBy(report.outcomes, ({ kind }) => kind);
  const rows = [...kinds].map(([kind, outcomes]) => {
    const backs = outcomes.flatMap(({ backMs }) => backMs ?? []).sort((a, b) => a - b);
    const middle = backs[Math.floor(backs.length / 2)] ?? 0;
    const late = outcomes.length - backs.length;
    return `  ${kind.padEnd(8)} ${String(outcomes.length).padStart(3)} times   back in ${seconds(middle)} (median), ${seconds(backs.at(-1) ?? 0)} (slowest)${late ? `, ${late} not in time` : ""}`;
  });
  const refusals = Object.entries(report.refusals).map(([code, count]) => `${count} × ${code}`);
  return [
    ...rows,
    `  requests without an answer: ${report.unanswered}; refusals: ${refusals.join(", ") || "none"}`,
    ...report.skipped.map((why) => `  skipped: ${why}`),
    ...promises.map(({ what, kept, found }) => `${kept ? "kept  " : "BROKEN"} ${what}: ${found}`),
    ...(report.folder === null ? [] : [`data and logs are in ${report.folder}`]),
    `repeat with: npm run chaos -- --seed ${report.seed} --minutes ${report.durationMs / 60_000} --perturbations ${report.outcomes.length}`,
  ].join("\n");
}

function storyOf(missing: readonly Missing[]): string {
  const lines = missing.slice(0, shownMax).map(({ id, account, sequence, by, said }) => {
    const answers = Object.entries(said).map(([name, answer]) => `${name} ${answer}`);
    return `\n    ${id.slice(0, 16)} sequence ${sequence} of ${account.slice(0, 12)}, acknowledged by ${by}: ${answers.join("; ")}`;
  });
  return lines.join("");
}

function limitOf(outcomes: readonly Outcome[]): number {
  return Math.max(0, ...outcomes.map(({ limitMs }) => limitMs));
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}

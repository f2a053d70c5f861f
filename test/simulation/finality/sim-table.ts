/** The figures of a simulation as people read them. */
import type { ControlName, ControlReport } from "./controls.ts";
import type { Figures } from "./figures.ts";
import type { Happenings } from "./referee.ts";

const happeningTitles: Record<keyof Happenings, string> = {
  finality: "a block became final",
  reorganization: "a reorganization",
  partitionHealed: "a partition between different heads healed",
  splitVotes: "honest votes for two blocks of one height",
  equivocation: "an authority contradicted itself",
  conviction: "an authority was convicted",
  changeInForce: "a change of the authorities came into force",
  longLinkFinal: "a link over more than one block finalized",
  crash: "a crash and a restart",
  storeLost: "a restart without the chain, journals kept",
};

export function simulationTable(
  figures: Figures,
  controls: readonly ControlReport[],
  durationMs: number,
): string {
  const { runs, recoverable, recovered, failedRuns, failed } = figures;
  const share = (count: number) => `${count} (${((100 * count) / Math.max(1, runs)).toFixed(1)} %)`;
  const rows: [string, string][] = [
    ["runs", `${runs}`],
    ["time", `${(durationMs / 1000).toFixed(1)} s, controls included`],
    ["runs with 1, 2, … authorities", Object.values(figures.runsByCount).join(", ")],
    ["with Byzantine authorities", share(figures.withByzantine)],
    ["blocks sealed", `${figures.blocks}`],
    ...Object.entries(happeningTitles).map(([name, title]): [string, string] => [
      `with ${title}`,
      share(figures.happenings[name as keyof Happenings]),
    ]),
    ["finality came back after healing", `${recovered} of ${recoverable} where its assumptions held`],
    ["longest until then, simulated", `${(figures.recoveryMaxMs / 1000).toFixed(1)} s`],
    ["runs with violations", `${failedRuns}`],
    ...controls.map(controlRow),
  ];
  const width = Math.max(...rows.map(([title]) => title.length));
  const lines = rows.map(([title, value]) => `${title.padEnd(width)}  ${value}`);
  for (const run of failed) {
    lines.push(
      `seed ${run.seed} fails: ${run.violations.map(({ kind, what }) => `${kind}: ${what}`).join("; ")}`,
    );
    lines.push(`  see it again: ${replayOf(run)}`);
  }
  for (const { name, broken } of controls)
    if (broken) lines.push(`${name} switched off: ${replayOf(broken, name)}`);
  return lines.join("\n");
}

function controlRow({ name, runs, broken }: ControlReport): [string, string] {
  const title = `without ${name}`;
  if (!broken) return [title, `NOT SEEN in ${runs} runs`];
  const how = broken.violations.find(({ kind }) => kind === "conflicting-final");
  return [title, `breaks at seed ${broken.seed} (${broken.authorityCount} authorities): ${how?.what}`];
}

/** The command that shows a run once more. */
export function replayOf(
  { seed, authorityCount }: { readonly seed: number; readonly authorityCount: number },
  without?: ControlName,
): string {
  const rule = without === undefined ? "" : ` --without ${without}`;
  return `npm run sim -- --seed ${seed} --nodes ${authorityCount}${rule} --verbose`;
}

/** The table of a run: attack by figures, and below it what does not hold. */
import { textTable } from "../../src/base/text-table.ts";
import { againTimes, type Figures, type Judged, megabytes } from "./figures.ts";
import { elsewhere, rows } from "./rows.ts";
import type { ProcessorShare } from "./watch.ts";

const columns = [
  "row",
  "×",
  "med",
  "99th",
  "cpu",
  "wait",
  "RSS",
  "disk",
  "cut",
  "new",
  "lag",
  "back",
  "",
].map((title) => ({
  title,
  right: title !== "row" && title !== "",
}));

/** @param all the last word on each row; what else was measured of it stands in the lines above */
export function reportText(all: readonly Judged[]): string {
  const others = all.flatMap((each) => each.others ?? []);
  const measured = all.flatMap((each) => [...(each.others ?? []), each]);
  const table = textTable(
    columns,
    measured.map((each) => [
      each.row,
      `${each.attackers}`,
      pair(each.during.medianMs, each.baseline.medianMs),
      `${each.judgesLatency ? "" : "~"}${pair(each.during.p99Ms, each.baseline.p99Ms)}`,
      shares(each, "cores"),
      shares(each, "waited"),
      `+${megabytes(each.residentGrowth)}`,
      `+${megabytes(each.diskGrowth)}`,
      seconds(each.cutAfterMs),
      newcomers(each),
      each.finalLag === undefined ? "-" : `${each.finalLag}`,
      seconds(each.backMs),
      others.includes(each) ? "again" : each.faults.length === 0 ? "holds" : "BROKEN",
    ]),
  );
  const named = rows.filter(({ id }) => all.some(({ row }) => row === id));
  return [
    table,
    "med, 99th: ms of the honest pair, and before the attack. RSS, disk: MB more.",
    "cpu: % of a core that the pair's busier node took, and before the attack.",
    "wait: % of the time that its main thread was ready, and no core was free.",
    "cut, back: s. new: newcomers in within 5 s. lag: blocks from head to final.",
    "~: told and not judged, since the machine was busy before the attack.",
    ...(others.length === 0
      ? []
      : [
          `again: the 99th alone was too long, so the row was measured ${againTimes} times more, on`,
          "fresh nodes. The middle one of these has the last word: the line without again.",
        ]),
    "",
    ...named.map(({ id, what }) => `${id}  ${what}`),
    ...elsewhere.map(({ id, what, test }) => `${id}  ${what}: see ${test}`),
    ...measured.flatMap(({ row, attackers, notes }) => notes.map((note) => `${row} × ${attackers}: ${note}`)),
    "",
    ...faultLines("measured again", others),
    ...faultLines("does not hold", all),
    all.every(({ faults }) => faults.length === 0) ? "all rows hold" : "",
  ].join("\n");
}

function faultLines(words: string, all: readonly Judged[]): string[] {
  return all.flatMap(({ row, attackers, faults }) =>
    faults.map((fault) => `${words}: ${row} with ${attackers}: ${fault}`),
  );
}

function pair(nowMs: number, baselineMs: number): string {
  return `${nowMs.toFixed(0)}/${baselineMs.toFixed(0)}`;
}

function shares({ processor: { before, during } }: Figures, of: keyof ProcessorShare): string {
  return [during, before].map((share) => (share[of] * 100).toFixed(0)).join("/");
}

function seconds(ms: number | undefined): string {
  return ms === undefined ? "-" : (ms / 1_000).toFixed(1);
}

function newcomers({ newcomersMs }: Figures): string {
  return `${newcomersMs.filter((ms) => ms <= 5_000).length}/${newcomersMs.length}`;
}

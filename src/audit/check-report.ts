/** Collects what one check says of one chain: every finding is counted, the first thousand are kept. */
import type { NotProved } from "./audit-result.ts";
import type { CheckReport } from "./chain-check.ts";
import { type CheckName, type Finding, type FindingDraft, shownText, shownValue } from "./finding.ts";

export const findingsKeptMax = 1_000;
const remarksMax = 100;

/** What a check came to, as it travels from the threads that check and into the result. */
export interface CheckTally {
  readonly name: CheckName;
  rows: number;
  findings: number;
  milliseconds: number;
  /** The first of them. */
  readonly kept: Finding[];
  readonly notJudged: string[];
  readonly notes: string[];
  readonly notProved: NotProved[];
  notApplicable: string | undefined;
}

export function emptyTally(name: CheckName): CheckTally {
  return {
    name,
    rows: 0,
    findings: 0,
    milliseconds: 0,
    kept: [],
    notJudged: [],
    notes: [],
    notProved: [],
    notApplicable: undefined,
  };
}

/** The tallies of one chain, or of the file as a whole. */
export class TallyBook {
  readonly #chainId: string | null;
  readonly tallies = new Map<CheckName, CheckTally>();

  constructor(chainId: string | null) {
    this.#chainId = chainId;
  }

  of(name: CheckName): CheckTally {
    const known = this.tallies.get(name);
    if (known) return known;
    const tally = emptyTally(name);
    this.tallies.set(name, tally);
    return tally;
  }

  reportOf(name: CheckName): CheckReport {
    return {
      finding: (draft) => this.#add(name, draft),
      looked: (rows) => {
        this.of(name).rows += rows;
      },
      cannotJudge: (what) => remember(this.of(name).notJudged, what),
      doesNotApply: (why) => {
        this.of(name).notApplicable = why;
      },
      note: (text) => remember(this.of(name).notes, text),
      notProved: (open) => this.of(name).notProved.push(open),
    };
  }

  #add(name: CheckName, draft: FindingDraft): void {
    const { check = name, table, row, column, expected, found, meaning } = draft;
    const tally = this.of(check);
    tally.findings += 1;
    if (tally.kept.length >= findingsKeptMax) return;
    tally.kept.push({
      check,
      chainId: this.#chainId,
      table: shownText(table),
      row: shownText(row),
      column: column === null ? null : shownText(column),
      expected: shownValue(expected),
      found: shownValue(found),
      meaning: shownText(meaning),
    });
  }

  /** Adds what another thread came to. */
  merge(others: Iterable<CheckTally>): void {
    for (const other of others) {
      const tally = this.of(other.name);
      tally.rows += other.rows;
      tally.findings += other.findings;
      tally.milliseconds += other.milliseconds;
      tally.kept.push(...other.kept.slice(0, findingsKeptMax - tally.kept.length));
      for (const what of other.notJudged) remember(tally.notJudged, what);
      tally.notProved.push(...other.notProved);
      for (const note of other.notes) remember(tally.notes, note);
      tally.notApplicable ??= other.notApplicable;
    }
  }
}

function remember(remarks: string[], text: string): void {
  const shown = shownText(text);
  if (remarks.length < remarksMax && !remarks.includes(shown)) remarks.push(shown);
}

/** Adds up what each block weighs for fork choice, and holds the sum against `blocks.cumulative_weight`. */
import type { CheckReport } from "../chain-check.ts";
import type { LedgerBlock, SqlValue } from "../ledger-block.ts";

const digitsMax = 100;
/** Rows whose difference a trust recovery above them may still explain. */
const recentMax = 300;

interface SummedBlock {
  readonly height: number;
  readonly sum: bigint;
  readonly found: SqlValue | undefined;
}

export class WeightSum {
  readonly #report: CheckReport;
  readonly #what: string;
  #sum: bigint | undefined = 0n;
  /** Compared, and not reported yet. */
  #recent: SummedBlock[] = [];

  /** @param what the sum is, for people */
  constructor(report: CheckReport, what: string) {
    this.#report = report;
    this.#what = what;
  }

  /** Block 0, which weighs nothing. */
  begin(block: LedgerBlock): void {
    this.#sum = 0n;
    this.#compare(block, 0n);
  }

  /** @param weight undefined if the block has none that counts: the sum goes on from the next row */
  add(block: LedgerBlock, weight: bigint | undefined): void {
    if (this.#sum === undefined || weight === undefined) {
      this.interrupt(block);
      return;
    }
    this.#sum += weight;
    this.#compare(block, this.#sum);
  }

  /** The sum up to this block is not known: it goes on from what the row says. */
  interrupt({ row }: LedgerBlock): void {
    this.#sum = sumOf(row.cumulative_weight);
  }

  /**
   * Blocks above one that operators declared final weigh what its remaining authorities' turns weigh, at nodes that
   * were told so in time.
   *
   * @param weights of the blocks above it, up to the last one that was added
   */
  restate(recoveredHeight: number, weights: readonly bigint[]): void {
    const first = this.#recent.findIndex(({ height }) => height === recoveredHeight);
    if (first < 0) return;
    let sum = (this.#recent[first] as SummedBlock).sum;
    for (const [index, weight] of weights.entries()) {
      const at = first + 1 + index;
      const block = this.#recent[at];
      if (!block) return;
      sum += weight;
      if (sumOf(block.found) === sum) this.#recent[at] = { ...block, sum };
    }
    const last = this.#recent.at(-1);
    if (last && this.#sum !== undefined) this.#sum = last.sum;
  }

  /** After the last block. */
  end(): void {
    for (const block of this.#recent) this.#judge(block);
    this.#recent = [];
  }

  #compare({ height, row }: LedgerBlock, sum: bigint): void {
    this.#recent.push({ height, sum, found: row.cumulative_weight });
    const oldest = this.#recent.length > recentMax ? this.#recent.shift() : undefined;
    if (oldest) this.#judge(oldest);
  }

  #judge({ height, sum, found }: SummedBlock): void {
    const expected = String(sum);
    if (found === expected) return;
    this.#report.finding({
      ...{ table: "blocks", row: `block ${height}`, column: "cumulative_weight", expected, found },
      meaning: `the column does not say ${this.#what}`,
    });
  }
}

function sumOf(found: SqlValue | undefined): bigint | undefined {
  const isSum = typeof found === "string" && found.length <= digitsMax && /^\d+$/.test(found);
  return isSum ? BigInt(found) : undefined;
}

/** Adds up what each block weighs for fork choice, and holds the sum against `blocks.cumulative_weight`. */
import type { CheckReport } from "../chain-check.ts";
import type { LedgerBlock } from "../ledger-block.ts";

const digitsMax = 100;

export class WeightSum {
  readonly #report: CheckReport;
  readonly #what: string;
  #sum: bigint | undefined = 0n;

  /** @param what the sum is, for people */
  constructor(report: CheckReport, what: string) {
    this.#report = report;
    this.#what = what;
  }

  /** Block 0, which weighs nothing. */
  begin(block: LedgerBlock): void {
    this.#sum = 0n;
    this.#compare(block);
  }

  /** @param weight undefined if the block has none that counts: the sum goes on from the next row */
  add(block: LedgerBlock, weight: bigint | undefined): void {
    if (this.#sum === undefined || weight === undefined) {
      this.interrupt(block);
      return;
    }
    this.#sum += weight;
    this.#compare(block);
  }

  /** The sum up to this block is not known: it goes on from what the row says. */
  interrupt({ row }: LedgerBlock): void {
    const found = row.cumulative_weight;
    const isSum = typeof found === "string" && found.length <= digitsMax && /^\d+$/.test(found);
    this.#sum = isSum ? BigInt(found) : undefined;
  }

  #compare({ height, row }: LedgerBlock): void {
    const expected = String(this.#sum);
    const found = row.cumulative_weight;
    if (found === expected) return;
    this.#report.finding({
      ...{ table: "blocks", row: `block ${height}`, column: "cumulative_weight", expected, found },
      meaning: `the column does not say ${this.#what}`,
    });
  }
}

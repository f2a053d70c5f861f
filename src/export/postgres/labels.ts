/** Names and assets that rows carry beside their keys: all of a table, or those that were asked for lately. */
import { BoundedMap } from "../../base/bounded-map.ts";
import type { SqlValue } from "../rows.ts";
import type { PostgresRow } from "./postgres-connection.ts";

/** With as many names or assets in memory no block asks the server for one. */
export const labelsMax = 200_000;

/** Labels of a table by key: all of them, or those that were asked for lately. */
export class Labels<Label> {
  readonly missed = new Set<string>();
  #isWhole: boolean;
  #kept: Map<string, Label> | BoundedMap<string, Label | undefined>;
  /** Of rows that are not in the tables yet. */
  readonly #pending = new Map<string, Label>();
  #absent = new Set<string>();

  constructor(isWhole: boolean) {
    this.#isWhole = isWhole;
    this.#kept = isWhole ? new Map<string, Label>() : new BoundedMap<string, Label | undefined>(labelsMax);
  }

  /** Whether a key without a label here has none in the table either. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  beginBlock(): void {
    this.missed.clear();
    this.#absent.clear();
  }

  get(key: string): Label | undefined {
    const found = this.#pending.get(key) ?? this.#kept.get(key);
    if (found === undefined && !this.#isWhole && !this.#absent.has(key)) this.missed.add(key);
    return found;
  }

  set(key: string, label: Label): void {
    this.#pending.set(key, label);
  }

  remember(
    row: PostgresRow,
    columns: readonly string[],
    labelOf: (values: readonly SqlValue[]) => Label,
  ): void {
    const values = columns.map((column) => row[column] ?? null);
    this.#kept.set(String(values[0]), labelOf(values));
  }

  /** What was missed and is not in the table has no label. */
  noneElse(): void {
    this.#absent = new Set(this.missed);
  }

  /** The rows are in the tables now. */
  commit(): void {
    for (const [key, label] of this.#pending) this.#kept.set(key, label);
    this.#pending.clear();
    if (!(this.#kept instanceof Map) || this.#kept.size <= labelsMax) return;
    this.#isWhole = false;
    this.#kept = new BoundedMap<string, Label | undefined>(labelsMax);
  }
}

/** SQL as tagged templates: what stands between the texts is a parameter, and each statement is prepared once. */
import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import { invariant } from "../base/invariant.ts";

// biome-ignore lint/suspicious/noExplicitAny: the schema is STRICT and says what each column is.
export type Row = Record<string, any>;

export class Statements {
  readonly #db: DatabaseSync;
  /** Each place in a program has one array of texts. */
  readonly #prepared = new Map<TemplateStringsArray, StatementSync>();

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  run(sql: TemplateStringsArray, ...values: SQLInputValue[]): void {
    this.prepared(sql).run(...values);
  }

  get(sql: TemplateStringsArray, ...values: SQLInputValue[]): Row | undefined {
    return this.prepared(sql).get(...values);
  }

  /** A row that has to be there. */
  one(sql: TemplateStringsArray, ...values: SQLInputValue[]): Row {
    const row = this.prepared(sql).get(...values);
    invariant(row, "the books have the row that is asked for");
    return row;
  }

  all(sql: TemplateStringsArray, ...values: SQLInputValue[]): Row[] {
    return this.prepared(sql).all(...values);
  }

  prepared(sql: TemplateStringsArray): StatementSync {
    const known = this.#prepared.get(sql);
    if (known) return known;
    const statement = this.#db.prepare(sql.join("?"));
    this.#prepared.set(sql, statement);
    return statement;
  }
}

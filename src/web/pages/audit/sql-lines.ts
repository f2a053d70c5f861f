/** Lines that read a downloaded ledger and check it; each runs as it stands. */

export interface SqlLine {
  readonly what: string;
  /** What a sound file answers. */
  readonly expected: string;
  readonly sql: string;
}

/** @param fileName of the ledger, in the folder where the line is run */
export function commandOf(fileName: string, sql: string): string {
  // Quoted for a POSIX shell: within single quotes only a single quote needs care.
  return `sqlite3 ${fileName} '${sql.replaceAll("'", String.raw`'\''`)}'`;
}

/** What is in the file. */
export const readingLines: readonly SqlLine[] = [
  {
    what: "What each table and column means",
    expected: "a line for each",
    sql: "SELECT table_name, column_name, meaning FROM data_dictionary",
  },
  {
    what: "All transactions in their order",
    expected: "a line for each",
    sql: "SELECT block_id, from_user, to_user, amount_text, status FROM transactions ORDER BY block_id, position",
  },
  {
    what: "Who owns how much",
    expected: "a line for each account and asset",
    sql: "SELECT account, asset_id, balance_text FROM balances",
  },
];

/** Whether the file is consistent in itself. */
export const checkingLines: readonly SqlLine[] = [
  { what: "The file is whole", expected: "ok", sql: "PRAGMA integrity_check" },
  {
    what: "Each block names the one before it",
    expected: "0",
    sql: 'SELECT count(*) FROM blocks AS b JOIN blocks AS p ON p.chain_id = b.chain_id AND p."index" = b."index" - 1 WHERE b.previous_hash <> p.hash',
  },
  {
    what: "No block is missing",
    expected: "0",
    sql: 'SELECT count(*) FROM (SELECT count(*) AS n, max("index") AS top FROM blocks GROUP BY chain_id) WHERE n <> top + 1',
  },
  {
    what: "No account owes anything",
    expected: "0",
    sql: "SELECT count(*) FROM balances WHERE balance_units < 0",
  },
  {
    what: "Final up to which block, of which chain",
    expected: "the chain id that you know from elsewhere",
    sql: "SELECT chain_id, final_index, final_hash FROM meta",
  },
];

/**
 * SQL for amounts that views show: in words that SQLite, DuckDB and PostgreSQL take alike, exact beyond 2^63. `/` divides
 * whole numbers in one and fractions in another, so a multiple of the divisor is divided, and the result is cast.
 */
import type { ColumnRow } from "./columns.ts";

/** Sums are kept in two words of this base: SUM of one word fails once it passes 2^63, and strangers can issue that much. */
const base = 1_000_000_000;
const baseDigits = 9;
/** Of an asset, in the protocol. */
const decimalsMax = 18;

/** What INTEGER is in SQLite; DuckDB and PostgreSQL call 64 bits so. */
const whole = (sql: string) => `CAST(${sql} AS BIGINT)`;
const text = (sql: string) => `CAST(${sql} AS TEXT)`;
/** Lengths are no more than INTEGER in PostgreSQL. */
const cut = (sql: string, start: string, length: string) =>
  `substr(${sql}, CAST(${start} AS INTEGER), CAST(${length} AS INTEGER))`;

/** Both words of an amount, from its two columns; NULL if the amount is. */
export function highWord(units: string, large: string): string {
  const digits = cut(large, "1", `length(${large}) - ${baseDigits}`);
  return `COALESCE(${whole(`(${units} - ${units} % ${base}) / ${base}`)}, ${whole(digits)})`;
}

export function lowWord(units: string, large: string): string {
  const digits = whole(cut(large, `length(${large}) - ${baseDigits - 1}`, `${baseDigits}`));
  return `COALESCE(${units} % ${base}, CASE WHEN ${large} LIKE '-%' THEN -${digits} ELSE ${digits} END)`;
}

/** The sums of both words, as `<prefix>_high` and `<prefix>_low`, over the rows for which `condition` holds. */
export function summedWords(prefix: string, condition: string): string {
  const sum = (word: string) => `SUM(CASE WHEN ${condition} THEN ${word} ELSE 0 END) AS ${prefix}_${word}`;
  return `${sum("high")}, ${sum("low")}`;
}

/**
 * Two common table expressions, the second of which is `amounts`: the columns `keys` of `source`, and for each prefix
 * `<prefix>_units`, `<prefix>_units_large` and `<prefix>_digits` of the words that `source` has.
 */
export function amountStages(source: string, keys: readonly string[], prefixes: readonly string[]): string {
  const carried = prefixes.flatMap((prefix) => {
    const low = `((${prefix}_low % ${base} + ${base}) % ${base})`;
    return [
      `${whole(`${prefix}_high + ${whole(`(${prefix}_low - ${low}) / ${base}`)}`)} AS ${prefix}_high`,
      `${whole(low)} AS ${prefix}_low`,
    ];
  });
  const amounts = prefixes.flatMap((prefix) => {
    const [high, low] = [`${prefix}_high`, `${prefix}_low`];
    const fits =
      `(${high} BETWEEN -9223372036 AND 9223372035 OR ${high} = 9223372036 AND ${low} <= 854775807 ` +
      `OR ${high} = -9223372037 AND ${low} >= 145224192)`;
    // Of a sum below zero the high word alone may be too much.
    const units =
      `CASE WHEN ${high} < 0 THEN (${high} + 1) * ${base} + (${low} - ${base}) ` +
      `ELSE ${high} * ${base} + ${low} END`;
    const digits =
      `CASE WHEN ${high} > 0 THEN ${text(high)} || ${padded(text(low))} WHEN ${high} = 0 THEN ${text(low)} ` +
      `WHEN ${high} = -1 THEN '-' || ${text(`${base} - ${low}`)} ` +
      `WHEN ${low} = 0 THEN '-' || ${text(`-${high}`)} || ${padded("'0'")} ` +
      `ELSE '-' || ${text(`-${high} - 1`)} || ${padded(text(`${base} - ${low}`))} END`;
    return [
      `CASE WHEN ${fits} THEN ${units} END AS ${prefix}_units`,
      `CASE WHEN NOT ${fits} THEN ${digits} END AS ${prefix}_units_large`,
      `${digits} AS ${prefix}_digits`,
    ];
  });
  return (
    `carried AS (SELECT ${[...keys, ...carried].join(", ")} FROM ${source}), ` +
    `amounts AS (SELECT ${[...keys, ...amounts].join(", ")} FROM carried)`
  );
}

/** Zeros before a text of at most nine digits. */
function padded(digits: string): string {
  return `substr('${"0".repeat(baseDigits)}' || ${digits}, length(${digits}) + 1, ${baseDigits})`;
}

/** Decimal digits, below zero with a sign, as text with all places of the asset: 10.50000000, and -0.00000001. */
export function decimalTextSql(digits: string, decimals: string): string {
  const bare = `replace(${digits}, '-', '')`;
  const sign = `CASE WHEN ${digits} LIKE '-%' THEN '-' ELSE '' END`;
  const before = cut(bare, "1", `length(${bare}) - ${decimals}`);
  const after = cut(bare, `length(${bare}) - ${decimals} + 1`, decimals);
  const zeros = cut(`'${"0".repeat(decimalsMax)}'`, "1", `${decimals} - length(${bare})`);
  return (
    `CASE WHEN ${decimals} = 0 THEN ${digits} ` +
    `WHEN length(${bare}) > ${decimals} THEN ${sign} || ${before} || '.' || ${after} ` +
    `ELSE ${sign} || '0.' || ${zeros} || ${bare} END`
  );
}

/** Digits of an amount from its two columns. */
export function digitsSql(prefix: string): string {
  return `COALESCE(${text(`${prefix}_units`)}, ${prefix}_units_large)`;
}

/** The three columns of `amounts`. */
export function shownAmount(prefix: string, decimals: string): string {
  return `${prefix}_units, ${prefix}_units_large, ${decimalTextSql(`${prefix}_digits`, decimals)} AS ${prefix}_text`;
}

/** Both columns of an amount as a view shows them. */
export function unitsColumns(prefix: string, what: string): readonly ColumnRow[] {
  return [
    [
      `${prefix}_units`,
      "INTEGER",
      `${what}, exact; NULL where it does not fit (then see ${prefix}_units_large)`,
      "base units",
    ],
    [
      `${prefix}_units_large`,
      "TEXT",
      `${what}, exact decimal digits, only where it does not fit 64 bits`,
      "base units",
    ],
  ];
}

/** The two words of an amount: sums of them stay exact whatever the sum. */
export function wordColumns(prefix: string, what: string): readonly ColumnRow[] {
  return [
    [`${prefix}_high`, "INTEGER", `${what}: its high word; ${prefix}_high * 10^9 + ${prefix}_low is exact`],
    [`${prefix}_low`, "INTEGER", `${what}: its low word, of the same sign`, "base units"],
  ];
}

/** All three columns of an amount as a view shows them. */
export function amountColumns(prefix: string, what: string): readonly ColumnRow[] {
  return [
    ...unitsColumns(prefix, what),
    [`${prefix}_text`, "TEXT", "the same as decimal text, exact", "asset"],
  ];
}

/** The twelve checks of a ledger file, by name and in their order. */

export const checkNames = [
  "schema",
  "chain",
  "headers",
  "work",
  "authority",
  "transactions",
  "blocks",
  "state",
  "tables",
  "observed",
  "append",
  "orphans",
] as const;

export type CheckName = (typeof checkNames)[number];

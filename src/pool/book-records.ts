/** The records that a pool's books consist of, and their text on disk. */

/** Counts and sums since the pool began; what has gone from the other records is in here. */
export interface TotalsRecord {
  readonly kind: "totals";
  /** The next share's number: as many were accepted. */
  readonly nextShare: number;
  readonly sharesRejected: number;
  /** Members that were ever taken in, and those forgotten again. */
  readonly membersJoined: number;
  readonly membersForgotten: number;
  readonly blocksFound: number;
  readonly blocksMatured: number;
  readonly blocksOrphaned: number;
  /** Of the blocks that matured: the sum of their splits, and what the pool kept as its fee. */
  readonly maturedUnits: bigint;
  readonly keptUnits: bigint;
  readonly paymentsSigned: number;
  readonly paymentsSettled: number;
  readonly paymentsVoided: number;
  /** Settled payments, their fees included, and the own shares of the pool's account. */
  readonly paidUnits: bigint;
}

export interface MemberRecord {
  readonly kind: "member";
  /** Public key in hex, as in all records. */
  readonly account: string;
  readonly sharesAccepted: number;
  readonly sharesRejected: number;
  /** Orphaned ones not counted. */
  readonly blocksFound: number;
  /** Its parts of all blocks that matured. */
  readonly maturedUnits: bigint;
  /** Of these: settled payments, their fees included. */
  readonly paidUnits: bigint;
  /** The last settled payment's transaction id in hex. */
  readonly payoutTransaction: string | null;
  /** How many blocks had matured when the oldest of what is owed now became due: who is paid first. */
  readonly dueSince: number;
}

/** In a ring: a new share takes the place of the oldest one. */
export interface ShareRecord {
  readonly kind: "share";
  readonly number: number;
  readonly account: string;
  readonly work: bigint;
}

/** A block that the pool has found and the chain has not decided on yet; its split is fixed. */
export interface BlockRecord {
  readonly kind: "block";
  readonly hash: string;
  readonly height: number;
  readonly finder: string;
  readonly earnedUnits: bigint;
  readonly keptUnits: bigint;
  readonly parts: readonly (readonly [account: string, units: bigint])[];
}

/** What became of a found block; the last of them, in a ring. */
export interface SettledRecord {
  readonly kind: "settled";
  /** Blocks settled before it. */
  readonly number: number;
  readonly hash: string;
  readonly height: number;
  readonly finder: string;
  readonly earnedUnits: bigint;
  readonly outcome: "matured" | "orphaned";
}

/** A payment that was signed, until it is so deep in the chain that no reorganization will reach it. */
export interface PaymentRecord {
  readonly kind: "payment";
  /** Of the pool's account: no two open payments have the same. */
  readonly sequence: number;
  readonly account: string;
  /** What it takes from what the member is owed: the amount transferred and the fee. */
  readonly units: bigint;
  readonly transactionId: string;
  /** The signed transaction in hex: the same bytes are sent again. */
  readonly transaction: string;
  /** The member's, before it was signed. */
  readonly dueSince: number;
  /** The canonical block that holds it. */
  readonly includedIn: { readonly height: number; readonly hash: string } | null;
}

export type BookRecord =
  | TotalsRecord
  | MemberRecord
  | ShareRecord
  | BlockRecord
  | SettledRecord
  | PaymentRecord;

/** One step of the books; a list of them is written whole or not at all. */
export interface BookChange {
  readonly type: "put" | "remove";
  readonly record: BookRecord;
}

/** How many of what the books hold. */
export interface BookLimits {
  readonly membersMax: number;
  readonly sharesMax: number;
  /** Found blocks that the chain has not decided on. */
  readonly openBlocksMax: number;
  readonly settledBlocksKept: number;
}

export const bookLimits: BookLimits = {
  membersMax: 10_000,
  sharesMax: 65_536,
  openBlocksMax: 4_096,
  settledBlocksKept: 100,
};

/** The key that a record stands under; a record replaces the one with the same key. */
export function recordKey(record: BookRecord, limits: BookLimits): string {
  switch (record.kind) {
    case "totals":
      return "totals";
    case "member":
      return `member/${record.account}`;
    case "share":
      return `share/${record.number % limits.sharesMax}`;
    case "block":
      return `block/${record.hash}`;
    case "settled":
      return `settled/${record.number % limits.settledBlocksKept}`;
    case "payment":
      return `payment/${record.sequence}`;
  }
}

/** JSON, with each bigint as decimal text and an `n`, as the language writes it. */
export function encodeRecord(record: BookRecord): string {
  return JSON.stringify(record, (_name, value) => (typeof value === "bigint" ? `${value}n` : value));
}

/** The record of a text that {@link encodeRecord} made; whether it did, the store's checksum tells. */
export function decodeRecord(text: string): BookRecord {
  return JSON.parse(text, (_name, value) =>
    typeof value === "string" && /^\d+n$/.test(value) ? BigInt(value.slice(0, -1)) : value,
  ) as BookRecord;
}

export const emptyTotals: TotalsRecord = {
  kind: "totals",
  nextShare: 0,
  sharesRejected: 0,
  membersJoined: 0,
  membersForgotten: 0,
  blocksFound: 0,
  blocksMatured: 0,
  blocksOrphaned: 0,
  maturedUnits: 0n,
  keptUnits: 0n,
  paymentsSigned: 0,
  paymentsSettled: 0,
  paymentsVoided: 0,
  paidUnits: 0n,
};

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
  /** Blocks that are mature now, and blocks that are not in the chain now: both can go down again. */
  readonly blocksMatured: number;
  readonly blocksOrphaned: number;
  /** Of the blocks that are mature: the sum of their splits, and what the pool kept as its fee. */
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
  /** Its parts of all blocks that are mature. */
  readonly maturedUnits: bigint;
  /** Settled payments, their fees included. This can be more than what matured: a paid block may leave the chain. */
  readonly paidUnits: bigint;
  /** The last settled payment's transaction id in hex. */
  readonly payoutTransaction: string | null;
  /** Height of the block with which the oldest of what is owed now became due: the lowest is paid first. */
  readonly dueSince: number;
}

/** In a ring: a new share takes the place of the oldest one. */
export interface ShareRecord {
  readonly kind: "share";
  readonly number: number;
  readonly account: string;
  readonly work: bigint;
}

/**
 * What the chain says of a found block: it has not come to its height yet; it stands there; it stands there, as deep as
 * rewards need to mature; something else stands there. Any of the last three can become any other of them.
 */
export type BlockState = "found" | "immature" | "matured" | "orphaned";

/** A block that the pool has found; its split is fixed. Kept for good: a reorganization of any depth can reach it. */
export interface BlockRecord {
  readonly kind: "block";
  readonly state: BlockState;
  readonly hash: string;
  readonly height: number;
  readonly finder: string;
  readonly earnedUnits: bigint;
  readonly keptUnits: bigint;
  readonly parts: readonly (readonly [account: string, units: bigint])[];
}

/** Signed bytes and their id, in hex. */
export interface SignedBytes {
  readonly transactionId: string;
  readonly transaction: string;
}

/** Open: it may be included, or leave the chain soon. Settled: in the chain, deep. Void: its sequence is used, deep. */
export type PaymentState = "open" | "settled" | "void";

/** A payment that was signed. Kept for good, as blocks are. */
export interface PaymentRecord extends SignedBytes {
  readonly kind: "payment";
  readonly state: PaymentState;
  /** Of the pool's account: no two payments have the same. */
  readonly sequence: number;
  readonly account: string;
  /** What it takes from what the member is owed: the amount transferred and the fee. */
  readonly units: bigint;
  /** The member's, before it was signed. */
  readonly dueSince: number;
  /** The canonical block that holds it; of a settled one the block that did when it was settled. */
  readonly includedIn: { readonly height: number; readonly hash: string } | null;
  /** Of a settled one: the member's last payment before it, which is the last one again if this one leaves the chain. */
  readonly settledAfter?: string | null;
  /** A transfer to the pool itself with the same sequence and a higher fee: it is sent instead of the payment. */
  readonly withdrawnBy: SignedBytes | null;
}

/** The block up to which the books say what the chain that ends in it says. */
export interface TipRecord {
  readonly kind: "tip";
  readonly height: number;
  readonly hash: string;
  /** It was the head, and there was nothing above it. Otherwise the books are being brought to another branch. */
  readonly isComplete: boolean;
}

export type BookRecord = TotalsRecord | MemberRecord | ShareRecord | BlockRecord | PaymentRecord | TipRecord;

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
  /** Records of the archive that are read, and moved, at once. */
  readonly archivePieceMax: number;
}

export const bookLimits: BookLimits = {
  membersMax: 10_000,
  sharesMax: 65_536,
  openBlocksMax: 4_096,
  archivePieceMax: 256,
};

/** A record that changes only with a reorganization: on disk alone, in the order of heights and of sequences. */
export function isArchived(record: BlockRecord | PaymentRecord): boolean {
  return record.kind === "block"
    ? record.state === "matured" || record.state === "orphaned"
    : record.state !== "open";
}

/** All keys of the archive begin with it. */
export const archiveRoot = "archive/";

export function archivePrefix(kind: "block" | "payment"): string {
  return `${archiveRoot}${kind}/`;
}

/** As many digits for every number, so that keys are ordered as numbers are. */
export function ordered(number: number): string {
  return String(number).padStart(16, "0");
}

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
      return isArchived(record)
        ? `${archivePrefix("block")}${ordered(record.height)}/${record.hash}`
        : `block/${record.hash}`;
    case "payment":
      return isArchived(record)
        ? `${archivePrefix("payment")}${ordered(record.sequence)}`
        : `payment/${record.sequence}`;
    case "tip":
      return "tip";
  }
}

/** JSON, with each bigint as decimal text and an `n`, as the language writes it. */
export function encodeRecord(record: BookRecord): string {
  return JSON.stringify(record, (_name, value) => (typeof value === "bigint" ? `${value}n` : value));
}

/** The record of a text that {@link encodeRecord} made; whether it did, the store's checksum tells. */
export function decodeRecord(text: string): BookRecord {
  const record = JSON.parse(text, (_name, value) =>
    typeof value === "string" && /^-?\d+n$/.test(value) ? BigInt(value.slice(0, -1)) : value,
  ) as BookRecord;
  // Format 1 kept only blocks and payments that were open, and did not say so.
  if (record.kind === "block") return { ...record, state: record.state ?? "found" };
  if (record.kind === "payment") {
    return { ...record, state: record.state ?? "open", withdrawnBy: record.withdrawnBy ?? null };
  }
  return record;
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

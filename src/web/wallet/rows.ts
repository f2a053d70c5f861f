/** What the wallet keeps in the browser: the rows of its tables. */

/** How its owner could get a key back if the browser lost it. A key without one of these is not kept. */
export type Backup =
  /** Three of its words were typed in again. */
  | "words"
  /** Its keystore file was downloaded. */
  | "file"
  /** It came from words, a seed or a file that its owner has. */
  | "imported";

/** A key, encrypted. Keys are the same on every chain. */
export interface KeyRow {
  /** 64 hex digits: the public key. */
  readonly id: string;
  readonly address: string;
  readonly label: string;
  /** The JSON of a keystore (EIP-2335): the seed, encrypted by a passphrase. */
  readonly keystore: string;
  /** Where in a set of words the key is from; empty for every other key. */
  readonly path: string;
  readonly backup: Backup;
  readonly createdAtMs: number;
}

/**
 * What is known of a signed transaction's way to a node. "unsent": no answer was heard; it may have arrived all the same.
 * "answered": a node has it. "refused": a node did not take it, but another one may have it from an earlier try.
 */
export type OutboxState = "unsent" | "answered" | "refused";

/** A signed transaction. It is here before it is sent. */
export interface OutboxRow {
  /** 64 hex digits. */
  readonly id: string;
  /** 64 hex digits, lower case. */
  readonly chainId: string;
  /** 64 hex digits: the sender's public key. */
  readonly sender: string;
  readonly sequence: number;
  /** As signed: these bytes are sent, however often. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Whether it may take the place of one that waits with its sequence. */
  readonly replace: boolean;
  readonly state: OutboxState;
  readonly signedAtMs: number;
  /** What it does, in words, for the list: "Send 5 AUR to bob". */
  readonly what: string;
}

/** Somebody whom this browser has paid on a chain, or who was given a name here. */
export interface ContactRow {
  /** `chainId/address`. */
  readonly id: string;
  readonly chainId: string;
  readonly address: string;
  /** What the owner calls it; empty for none. */
  readonly label: string;
  readonly paidCount: number;
  readonly lastPaidMs: number;
}

/** Whose turn it is to sign with a key on a chain, in browsers without Web Locks. */
export interface TurnRow {
  /** `chainId/sender`. */
  readonly id: string;
  readonly owner: string;
  readonly beatAtMs: number;
}

export interface Tables {
  readonly keys: KeyRow;
  readonly outbox: OutboxRow;
  readonly contacts: ContactRow;
  readonly turns: TurnRow;
}

export type TableName = keyof Tables;
export const tableNames: readonly TableName[] = ["keys", "outbox", "contacts", "turns"];

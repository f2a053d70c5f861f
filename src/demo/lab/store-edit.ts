/** Edits the chain store of a stopped node by hand, as somebody would who wants to be richer: no checksum is made anew. */
import { Level } from "level";
import { fromHex } from "../../base/bytes.ts";
import { decodeEntry } from "../../ledger/entry-codec.ts";
import { formatAmount } from "../../protocol/amount.ts";
import { decodeBlock } from "../../protocol/block.ts";
import { addressOf } from "../../protocol/identity.ts";
import { blockKey, entryKeyAt, heightKey } from "../../store/store-keys.ts";
import { LabError } from "./lab-error.ts";

export interface Changed {
  /** In words. */
  readonly what: string;
  /** Of the block; null if it is none. */
  readonly height: number | null;
}

/** Behind each value, see store/README.md. */
const checksumBytes = 4;
const amountBytes = 8;
const entriesMax = 10_000;

type Database = Level<Uint8Array, Uint8Array>;

/** Changes the amount of a transfer in the newest block that has one; if none has, the last byte of a transaction. */
export function changeBlock(directory: string): Promise<Changed> {
  return withStore(directory, async (database) => {
    let fallback:
      | { readonly height: number; readonly key: Uint8Array; readonly value: Uint8Array }
      | undefined;
    for (let height = await heightOf(database); height > 0; height -= 1) {
      const hash = payloadOf(await database.get(heightKey(height)));
      const key = blockKey(hash);
      const value = new Uint8Array(await database.get(key));
      const block = decodeBlock(payloadOf(value));
      if (!block.ok || block.value.transactions.length === 0) continue;
      fallback ??= { height, key, value };
      for (const { payload, bytes } of block.value.transactions) {
        if (payload.kind !== "transfer" || payload.amount === 0n) continue;
        const at = indexOf(value, bytes) + indexOf(bytes, littleEndian(payload.amount));
        const more = payload.amount + 1_000_00000000n;
        value.set(littleEndian(more), at);
        await database.put(key, value, { sync: true } as object);
        const change = `from ${shown(payload.amount)} to ${shown(more)}`;
        return { what: `changed an amount in block ${height} on its disk ${change}`, height };
      }
    }
    if (!fallback) throw nothingThere("has no transaction in its chain yet", "send one, then tamper again");
    const { height, key, value } = fallback;
    const last = value.length - checksumBytes - 1;
    value[last] = (value[last] as number) ^ 1;
    await database.put(key, value, { sync: true } as object);
    return { what: `changed one byte of block ${height} on its disk`, height };
  });
}

/** Makes the first account with AUR a million richer. */
export function changeBalance(directory: string): Promise<Changed> {
  return withStore(directory, async (database) => {
    for (let index = 0; index < entriesMax; index += 1) {
      const key = entryKeyAt(index);
      const value = new Uint8Array((await database.get(key)) ?? []);
      if (value.length === 0) break;
      const entry = decodeEntry(payloadOf(value));
      if (!entry.ok || entry.value.type !== "account" || entry.value.balance === 0n) continue;
      const { account, balance } = entry.value;
      value.set(littleEndian(balance + 1_000_000_00000000n), indexOf(value, littleEndian(balance)));
      await database.put(key, value, { sync: true } as object);
      const owner = addressOf(fromHex(account, 32) as Uint8Array);
      return { what: `made ${owner.slice(0, 14)}… a million AUR richer on its disk`, height: null };
    }
    throw nothingThere("has no account with AUR", "choose another node");
  });
}

async function withStore(
  directory: string,
  edit: (database: Database) => Promise<Changed>,
): Promise<Changed> {
  const options = { keyEncoding: "view", valueEncoding: "view", createIfMissing: false, compression: false };
  const database: Database = new Level<Uint8Array, Uint8Array>(directory, options);
  await database.open();
  try {
    return await edit(database);
  } finally {
    await database.close();
  }
}

async function heightOf(database: Database): Promise<number> {
  const [first, last] = [heightKey(0), heightKey(Number.MAX_SAFE_INTEGER)];
  for await (const key of database.keys({ gte: first, lte: last, reverse: true, limit: 1 })) {
    return Number(new DataView(key.buffer, key.byteOffset + 1).getBigUint64(0));
  }
  return 0;
}

function payloadOf(value: Uint8Array | undefined): Uint8Array {
  return new Uint8Array((value ?? new Uint8Array(checksumBytes)).subarray(0, -checksumBytes));
}

function littleEndian(amount: bigint): Uint8Array {
  const bytes = new Uint8Array(amountBytes);
  new DataView(bytes.buffer).setBigUint64(0, amount, true);
  return bytes;
}

/** @throws if it is not there */
function indexOf(bytes: Uint8Array, part: Uint8Array): number {
  const at = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).indexOf(part);
  if (at < 0) throw new Error("the bytes are not where they should be");
  return at;
}

const shown = (units: bigint) => `${formatAmount(units)}`;

function nothingThere(what: string, next: string): LabError {
  return new LabError("lab/nothing-there", `the node ${what}`, next);
}

/** What a text may mean: exact hits first, then what begins with it. */
import { bech32m } from "@scure/base";
import type { SearchAnswer, SearchHit } from "../api/search.ts";
import { fromHex, toHex } from "../base/bytes.ts";
import type { IdKind } from "../chain/account-indexer.ts";
import { aurSymbol } from "../protocol/amount.ts";
import { addressOf, publicKeyOfAddress } from "../protocol/identity.ts";
import { addressOfHex } from "./account-lists.ts";
import type { ApiModules } from "./api-modules.ts";
import { headReference } from "./chain-references.ts";
import type { LedgerLists } from "./ledger-lists.ts";
import { nameOf } from "./transaction-answer.ts";

/** Of each kind. */
const hitsMax = 5;
const prefixCharactersMin = 4;
const idBytes = 32;
const addressStart = "aurex1";
const bech32Letters = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

/** Ids that begin alike: from the first to the last, both included. */
interface IdRange {
  readonly first: Uint8Array;
  readonly last: Uint8Array;
}

/** What was found on disk; read before the answer is made, which then looks up each of them without a pause. */
type FoundIds = Readonly<Record<IdKind, readonly Uint8Array[]>>;

export async function searchAnswer(
  text: string,
  modules: Pick<ApiModules, "chain" | "mempool">,
  lists: LedgerLists,
): Promise<SearchAnswer> {
  const q = text.trim().normalize("NFC");
  await lists.ready();
  const { chain } = modules;
  const hexRange = rangeOfHex(q);
  const addressRange = rangeOfAddress(q);
  const find = async (kind: IdKind, range: IdRange | undefined) =>
    range ? chain.idsBetween(kind, range.first, range.last, hitsMax + 1) : [];
  const found: FoundIds = {
    block: await find("block", hexRange),
    transaction: await find("transaction", hexRange),
    account: await find("account", addressRange ?? hexRange),
  };
  const hits = new Hits();
  addExact(q, modules, hits);
  addBeginnings(q, found, modules, lists, hits);
  return { q, items: hits.items, more: hits.more, head: headReference(chain) };
}

/** Each hit once; at most so many of each kind. */
class Hits {
  readonly items: SearchHit[] = [];
  more = false;
  readonly #known = new Set<string>();

  add(hit: SearchHit | undefined): void {
    if (!hit) return;
    const key = JSON.stringify(hit);
    if (this.#known.has(key)) return;
    if (this.items.filter(({ type }) => type === hit.type).length >= hitsMax) {
      this.more = true;
      return;
    }
    this.#known.add(key);
    this.items.push(hit);
  }
}

function addExact(q: string, modules: Pick<ApiModules, "chain" | "mempool">, hits: Hits): void {
  const { chain } = modules;
  const { ledger } = chain;
  if (/^[0-9]{1,15}$/.test(q)) {
    const hash = chain.hashAtHeight(Number(q));
    if (hash) hits.add(blockHit(hash, modules));
  }
  const id = fromHex(q, idBytes);
  if (id) {
    hits.add(blockHit(id, modules));
    hits.add(transactionHit(id, modules));
    hits.add(assetHit(q.toLowerCase(), modules));
    if (ledger.account(q.toLowerCase())) hits.add(accountHit(id, modules));
  }
  const key = publicKeyOfAddress(q.toLowerCase());
  // An address is one even if nothing has come to it yet.
  if (key) hits.add(accountHit(key, modules));
  const user = ledger.userByName(q.toLowerCase());
  if (user) hits.add({ type: "user", name: user.name, address: addressOfHex(user.account) });
  if (q.toUpperCase() === aurSymbol) {
    hits.add({ type: "asset", assetId: aurSymbol, symbol: aurSymbol, name: "Aurex" });
  }
}

function addBeginnings(
  q: string,
  found: FoundIds,
  modules: Pick<ApiModules, "chain" | "mempool">,
  lists: LedgerLists,
  hits: Hits,
): void {
  const isLong = [...q].length >= prefixCharactersMin;
  const symbol = q.toUpperCase();
  for (const asset of lists.assetsFrom(symbol, hitsMax + 1)) {
    // Short symbols are found if they are whole.
    if (isLong || asset.symbol === symbol) hits.add(assetHit(asset.assetId, modules));
  }
  if (isLong) {
    for (const { name, account } of lists.usersFrom(q.toLowerCase(), hitsMax + 1)) {
      hits.add({ type: "user", name, address: addressOfHex(account) });
    }
  }
  for (const hash of found.block) hits.add(blockHit(hash, modules));
  for (const id of found.transaction) {
    hits.add(transactionHit(id, modules));
    hits.add(assetHit(toHex(id), modules));
  }
  for (const key of found.account) hits.add(accountHit(key, modules));
}

type Modules = Pick<ApiModules, "chain" | "mempool">;

function blockHit(hash: Uint8Array, { chain }: Modules): SearchHit | undefined {
  const record = chain.headerOf(hash);
  if (!record) return undefined;
  const { header, hashHex } = record;
  return { type: "block", height: header.height, hash: hashHex, canonical: chain.isCanonical(record) };
}

function transactionHit(id: Uint8Array, { chain, mempool }: Modules): SearchHit | undefined {
  const idHex = toHex(id);
  const location = chain.locationOf(id);
  const height = location && chain.headerOf(location.blockHash)?.header.height;
  if (height !== undefined) return { type: "transaction", id: idHex, status: "committed", height };
  const waiting = mempool.status(idHex);
  return waiting && { type: "transaction", id: idHex, status: waiting.status, height: null };
}

function accountHit(key: Uint8Array, { chain }: Modules): SearchHit {
  return { type: "account", address: addressOf(key), name: nameOf(toHex(key), chain.ledger) };
}

function assetHit(assetId: string, { chain }: Modules): SearchHit | undefined {
  const asset = chain.ledger.asset(assetId);
  return asset && { type: "asset", assetId, symbol: asset.symbol, name: asset.name };
}

/** Of hex digits, also of an odd number of them; undefined for other texts, short ones, and whole ids. */
function rangeOfHex(q: string): IdRange | undefined {
  if (!/^[0-9a-fA-F]{4,63}$/.test(q)) return undefined;
  const ends = ["0", "f"].map((digit) => fromHex(q.toLowerCase().padEnd(2 * idBytes, digit)));
  return { first: ends[0] as Uint8Array, last: ends[1] as Uint8Array };
}

/** An address is its key in letters of 5 bits each, from the left. */
function rangeOfAddress(q: string): IdRange | undefined {
  const letters = q.toLowerCase().slice(addressStart.length);
  const wordsMax = Math.floor((idBytes * 8) / 5);
  if (!q.toLowerCase().startsWith(addressStart) || letters.length < prefixCharactersMin) return undefined;
  const words = [...letters.slice(0, wordsMax)].map((letter) => bech32Letters.indexOf(letter));
  if (words.includes(-1)) return undefined;
  const filled = (word: number) => {
    const all = [...words, ...new Array<number>(wordsMax - words.length).fill(word)];
    // 51 letters are 255 bits; the last bit is the first of the 52nd.
    const bytes = bech32m.fromWords([...all, word === 0 ? 0 : 0b10000]);
    return Uint8Array.from(bytes);
  };
  return { first: filled(0), last: filled(31) };
}

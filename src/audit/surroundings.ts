/** Names and assets as rows of one block need them: looked up in the file itself, and remembered. */
import { BoundedMap } from "../base/bounded-map.ts";
import { toHex } from "../base/bytes.ts";
import type { ChainSpec } from "../protocol/genesis.ts";
import { addressOf } from "../protocol/identity.ts";
import { type DecodedTransaction, decodeTransaction } from "../protocol/transaction.ts";
import type { LedgerReader } from "./ledger-reader.ts";
import { textOf } from "./readable-value.ts";
import type { AssetLabel, Surroundings } from "./rebuilt-rows.ts";

const addressesMax = 20_000;
const namesMax = 20_000;
const assetsMax = 10_000;

interface RegisteredName {
  readonly name: string;
  readonly since: number;
}

/**
 * A name is what a row of `users` says: check 9 holds that table against the replay. An asset is what the transaction
 * of its id says, which the id covers.
 */
export class LedgerSurroundings implements Surroundings {
  readonly spec: ChainSpec;
  readonly chainNumber: bigint;
  readonly #chainId: string;
  readonly #reader: LedgerReader;
  readonly #canName: boolean;
  readonly #canIssue: boolean;
  readonly #addresses = new BoundedMap<string, string>(addressesMax);
  readonly #names = new BoundedMap<string, RegisteredName | undefined>(namesMax);
  readonly #assets = new BoundedMap<string, AssetLabel | undefined>(assetsMax);

  constructor(spec: ChainSpec, chainNumber: bigint, reader: LedgerReader) {
    this.spec = spec;
    this.chainNumber = chainNumber;
    this.#chainId = toHex(spec.chainId);
    this.#reader = reader;
    this.#canName = reader.has("users", ["chain_id", "account", "name", "registered_in"]);
    this.#canIssue = reader.has("transactions", ["id", "bytes"]);
  }

  /** What the block itself issues and names is known from its transactions, whatever the tables say. */
  enter(transactions: readonly (DecodedTransaction | undefined)[], height: number): void {
    for (const decoded of transactions) {
      if (decoded?.payload.kind === "registerUser") {
        const address = this.addressOf(decoded.transaction.sender);
        if (this.nameOf(address, height) !== undefined) continue;
        this.#names.set(address, { name: textOf(decoded.payload.name), since: height });
      } else if (decoded?.payload.kind === "issueAsset") {
        this.#assets.set(decoded.idHex, labelOf(decoded));
      }
    }
  }

  addressOf(publicKey: Uint8Array, key: string = toHex(publicKey)): string {
    const known = this.#addresses.get(key);
    if (known !== undefined) return known;
    const address = addressOf(publicKey);
    this.#addresses.set(key, address);
    return address;
  }

  nameOf(address: string, height: number): string | undefined {
    const known = this.#names.get(address);
    const registered = known ?? (this.#names.has(address) ? undefined : this.#lookUpName(address));
    return registered && registered.since <= height ? registered.name : undefined;
  }

  #lookUpName(address: string): RegisteredName | undefined {
    const sql = "SELECT name, registered_in FROM main.users WHERE chain_id = ? AND account = ?";
    const row = this.#canName ? this.#reader.lookUp(sql, [this.#chainId, address]) : undefined;
    const registered =
      typeof row?.name === "string" && typeof row.registered_in === "bigint"
        ? { name: row.name, since: Number(row.registered_in) }
        : undefined;
    this.#names.set(address, registered);
    return registered;
  }

  assetOf(assetId: string): AssetLabel | undefined {
    if (this.#assets.has(assetId)) return this.#assets.get(assetId);
    const sql = "SELECT bytes FROM main.transactions WHERE id = ?";
    const bytes = this.#canIssue ? this.#reader.lookUp(sql, [assetId])?.bytes : undefined;
    const decoded = bytes instanceof Uint8Array ? decodeTransaction(bytes, this.spec.chainId) : undefined;
    const label = decoded?.ok && decoded.value.idHex === assetId ? labelOf(decoded.value) : undefined;
    this.#assets.set(assetId, label);
    return label;
  }
}

function labelOf({ payload }: DecodedTransaction): AssetLabel | undefined {
  if (payload.kind !== "issueAsset") return undefined;
  return { symbol: textOf(payload.symbol), decimals: payload.decimals };
}

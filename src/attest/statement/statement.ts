/** The statement of one account: what it had, every entry since then, and what it has at the end, with the proof of that. */
import { bytesEqual, toHex, toUtf8 } from "../../base/bytes.ts";
import { invariant } from "../../base/invariant.ts";
import type { LedgerState } from "../../ledger/ledger-state.ts";
import { aurDecimals, aurSymbol } from "../../protocol/amount.ts";
import type { Block } from "../../protocol/block.ts";
import type { ConsensusName } from "../../protocol/genesis.ts";
import { zeroBytes32 } from "../../protocol/hashing.ts";
import { addressOf, publicKeyOfAddress } from "../../protocol/identity.ts";
import type { DecodedTransaction } from "../../protocol/transaction.ts";
import { accountIn } from "../account-reference.ts";
import { AttestError } from "../attest-error.ts";
import type { LedgerBlocks, LedgerChain } from "../ledger-blocks.ts";
import type { LedgerReplay } from "../ledger-replay.ts";
import type { ProofDocument } from "../proof/proof-document.ts";
import { proveFromLedger, type ReplayModules } from "../proof/prove.ts";

export type EntryKind = "allocation" | "reward" | "sent" | "received" | "fee" | "issued";

export interface StatementEntry {
  readonly height: number;
  readonly timestampMs: number;
  /** Null for what no transaction moves: allocations, and rewards and fees that a producer earns. */
  readonly transactionId: string | null;
  readonly kind: EntryKind;
  /** Address of the other account. */
  readonly counterparty: string | null;
  /** AUR, or the id of an asset. */
  readonly assetId: string;
  /** Base units; below zero if the balance falls. */
  readonly deltaUnits: bigint;
  /** Of this asset, after the entry. */
  readonly balanceUnits: bigint;
  /** What the sender wrote, if it is text. */
  readonly memo: string;
}

/** What an account has of one asset over the time of the statement. */
export interface AssetLine {
  readonly assetId: string;
  readonly symbol: string;
  readonly decimals: number;
  readonly openingUnits: bigint;
  readonly inUnits: bigint;
  /** A positive number. */
  readonly outUnits: bigint;
  readonly closingUnits: bigint;
}

export interface StatementBlock {
  readonly height: number;
  readonly hash: string;
  readonly timestampMs: number;
}

export interface Statement {
  readonly chainId: string;
  readonly chainName: string;
  readonly consensus: ConsensusName;
  readonly account: string;
  /** The name that the account bears at the end; null if it has none. */
  readonly name: string | null;
  /** The first block whose entries are in it. */
  readonly from: StatementBlock;
  /** The last one. */
  readonly to: StatementBlock;
  readonly assets: readonly AssetLine[];
  readonly entries: readonly StatementEntry[];
  /** Names of the other accounts, by address. */
  readonly names: ReadonlyMap<string, string>;
  /** Of the closing balances; null if this ledger cannot prove them. */
  readonly proof: ProofDocument | null;
  /** Why there is no proof. */
  readonly proofMissing: string | null;
}

/** Blocks by height, or by a point in time: the first block at or after it, the last one at or before it. */
export type Point = { readonly height: number } | { readonly timeMs: number };

export interface StatementWish {
  /** Address, node id, key in hex, or registered name. */
  readonly account: string;
  readonly from?: Point | undefined;
  readonly to?: Point | undefined;
}

/** Entries of one statement: more are no statement that anybody reads. */
export const entriesMax = 1_000_000;

/** @throws AttestError if the ledger has no such account or block, or does not follow from its genesis */
export async function statementFromLedger(
  ledger: LedgerBlocks,
  chain: LedgerChain,
  wish: StatementWish,
  modules: ReplayModules,
): Promise<Statement> {
  const { publicKey, name } = accountIn(ledger, chain, wish.account);
  const to = heightOf(ledger, chain, wish.to ?? { height: chain.final?.height ?? chain.cursorHeight }, "to");
  const from = heightOf(ledger, chain, wish.from ?? { height: 0 }, "from");
  if (from > to) {
    throw new AttestError(
      "attest/not-found",
      `the statement would begin with block ${from} and end with block ${to}`,
      "name an earlier --from or a later --at",
    );
  }
  const book = new AccountBook(publicKey, from, to);
  const onBlock: ReplayModules["onBlock"] = (block, change, replay) => {
    modules.onBlock?.(block, change, replay);
    book.add(block, replay);
  };
  const proven = await proofOf(ledger, chain, { account: publicKey, height: to }, { ...modules, onBlock });
  const closed = book.closed();
  if (name !== undefined && closed.name !== name) {
    throw new AttestError(
      "attest/not-found",
      `the account does not bear the name that the ledger's row gives it: at block ${to} it has ${closed.name === null ? "no name" : "another one"}`,
      "name the account by its address, or name a later block with --at",
    );
  }
  checkTimes(wish, closed);
  return {
    chainId: chain.chainId,
    chainName: chain.spec.name,
    consensus: chain.spec.consensus,
    account: addressOf(publicKey),
    ...closed,
    ...proven,
  };
}

/** The statement is worth something also where its closing balance cannot be proved yet; it says so. */
async function proofOf(
  ledger: LedgerBlocks,
  chain: LedgerChain,
  wish: { readonly account: Uint8Array; readonly height: number },
  modules: ReplayModules,
): Promise<Pick<Statement, "proof" | "proofMissing">> {
  try {
    return { proof: await proveFromLedger(ledger, chain, wish, modules), proofMissing: null };
  } catch (thrown) {
    const isWithout =
      thrown instanceof AttestError &&
      (thrown.code === "attest/not-provable" || thrown.code === "attest/not-found");
    if (!isWithout) throw thrown;
    return { proof: null, proofMissing: thrown.message };
  }
}

/** By the ledger's rows; {@link checkTimes} holds the result against the blocks' own bytes. */
function heightOf(
  { reader }: LedgerBlocks,
  { chainId, cursorHeight, spec }: LedgerChain,
  point: Point,
  edge: "from" | "to",
): number {
  const outside = (what: string) =>
    new AttestError(
      "attest/not-found",
      `the ledger has no block ${what} of the chain ${spec.name}`,
      `it ends with block ${cursorHeight}`,
    );
  if ("height" in point) {
    if (point.height > cursorHeight) throw outside(String(point.height));
    return point.height;
  }
  const [aggregate, comparison] = edge === "from" ? ["MIN", ">="] : ["MAX", "<="];
  const row = reader.has("blocks", ["timestamp_ms"])
    ? reader.lookUp(
        `SELECT ${aggregate}("index") AS height FROM main.blocks WHERE chain_id = ? AND timestamp_ms ${comparison} ?`,
        [chainId, point.timeMs],
      )
    : undefined;
  if (typeof row?.height === "bigint" && row.height >= 0n && row.height <= BigInt(cursorHeight)) {
    return Number(row.height);
  }
  throw outside(`${edge === "from" ? "from" : "before"} ${new Date(point.timeMs).toISOString()}`);
}

function checkTimes(
  { from, to }: StatementWish,
  closed: { readonly from: StatementBlock; readonly to: StatementBlock },
): void {
  const isEarly = from && "timeMs" in from && closed.from.timestampMs < from.timeMs;
  const isLate = to && "timeMs" in to && closed.to.timestampMs > to.timeMs;
  if (!isEarly && !isLate) return;
  throw new AttestError(
    "attest/does-not-follow",
    "the times in the ledger's rows are not those of its blocks",
    "aurex-node audit says what is wrong with the ledger; name heights instead of dates",
  );
}

interface AssetLabel {
  readonly symbol: string;
  readonly decimals: number;
}

const aurHex = toHex(zeroBytes32);

/** Sees every block up to the last one and keeps what concerns the account. */
class AccountBook {
  readonly #key: Uint8Array;
  readonly #hex: string;
  readonly #fromHeight: number;
  readonly #toHeight: number;
  readonly #balances = new Map<string, bigint>();
  #opening: ReadonlyMap<string, bigint> = new Map();
  readonly #entries: StatementEntry[] = [];
  #from: StatementBlock | undefined;
  #to: StatementBlock | undefined;
  #name: string | null = null;
  readonly #labels = new Map<string, AssetLabel>();
  readonly #names = new Map<string, string>();

  constructor(key: Uint8Array, fromHeight: number, toHeight: number) {
    this.#key = key;
    this.#hex = toHex(key);
    this.#fromHeight = fromHeight;
    this.#toHeight = toHeight;
  }

  add(block: Block, replay: LedgerReplay): void {
    const { height, timestampMs } = block.header;
    if (height > this.#toHeight) return;
    const here = { height, hash: block.hashHex, timestampMs };
    if (height === this.#fromHeight) {
      this.#from = here;
      this.#opening = new Map(this.#balances);
    }
    for (const transaction of block.transactions) this.#transaction(transaction, here);
    // What is left is what no transaction moves.
    const credited = (replay.ledger.account(this.#hex)?.balance ?? 0n) - this.#balance("AUR");
    invariant(credited >= 0n, "a block's transactions take all that the block takes");
    if (credited > 0n) {
      this.#entry(here, null, height === 0 ? "allocation" : "reward", null, "AUR", credited, "");
    }
    if (height === this.#toHeight) this.#close(here, replay.ledger);
  }

  closed() {
    invariant(this.#from && this.#to, "the replay went up to the last block of the statement");
    const touched = new Set(["AUR", ...this.#opening.keys(), ...this.#balances.keys()]);
    const sums = this.#sums();
    return {
      name: this.#name,
      from: this.#from,
      to: this.#to,
      entries: this.#entries,
      names: this.#names,
      assets: [...touched].map((assetId): AssetLine => {
        const { symbol, decimals } = this.#labels.get(assetId) ?? { symbol: "?", decimals: 0 };
        const { inUnits = 0n, outUnits = 0n } = sums.get(assetId) ?? {};
        const openingUnits = this.#opening.get(assetId) ?? 0n;
        return {
          assetId,
          symbol,
          decimals,
          openingUnits,
          inUnits,
          outUnits,
          closingUnits: openingUnits + inUnits - outUnits,
        };
      }),
    };
  }

  #sums(): Map<string, { inUnits: bigint; outUnits: bigint }> {
    const sums = new Map<string, { inUnits: bigint; outUnits: bigint }>();
    for (const { assetId, deltaUnits } of this.#entries) {
      const sum = sums.get(assetId) ?? { inUnits: 0n, outUnits: 0n };
      if (deltaUnits > 0n) sum.inUnits += deltaUnits;
      else sum.outUnits -= deltaUnits;
      sums.set(assetId, sum);
    }
    return sums;
  }

  #close(here: StatementBlock, ledger: LedgerState): void {
    this.#to = here;
    this.#name = ledger.userOfAccount(this.#hex)?.name ?? null;
    this.#labels.set("AUR", { symbol: aurSymbol, decimals: aurDecimals });
    for (const [assetId, units] of this.#balances) {
      if (assetId === "AUR") continue;
      const asset = ledger.asset(assetId);
      const held = ledger.assetBalance(this.#hex, assetId)?.balance ?? 0n;
      invariant(asset && held === units, "the entries of an asset add up to the ledger's balance");
      this.#labels.set(assetId, asset);
    }
    for (const address of new Set(this.#entries.map(({ counterparty }) => counterparty))) {
      const key = address === null ? undefined : publicKeyOfAddress(address);
      const name = key && ledger.userOfAccount(toHex(key))?.name;
      if (address !== null && name !== undefined) this.#names.set(address, name);
    }
  }

  #transaction(decoded: DecodedTransaction, here: StatementBlock): void {
    const { transaction, payload, idHex } = decoded;
    const isSender = bytesEqual(transaction.sender, this.#key);
    if (isSender && transaction.fee > 0n) {
      this.#entry(here, idHex, "fee", null, "AUR", -transaction.fee, "");
    }
    if (payload.kind === "issueAsset" && isSender) {
      this.#entry(here, idHex, "issued", null, idHex, payload.supply, "");
    }
    if (payload.kind !== "transfer") return;
    const isReceiver = bytesEqual(payload.to, this.#key);
    if (!isSender && !isReceiver) return;
    const hex = toHex(payload.assetId);
    const assetId = hex === aurHex ? "AUR" : hex;
    const memo = toUtf8(payload.memo) ?? "";
    if (isSender) this.#entry(here, idHex, "sent", addressOf(payload.to), assetId, -payload.amount, memo);
    if (isReceiver) {
      this.#entry(here, idHex, "received", addressOf(transaction.sender), assetId, payload.amount, memo);
    }
  }

  #balance(assetId: string): bigint {
    return this.#balances.get(assetId) ?? 0n;
  }

  #entry(
    { height, timestampMs }: StatementBlock,
    transactionId: string | null,
    kind: EntryKind,
    counterparty: string | null,
    assetId: string,
    deltaUnits: bigint,
    memo: string,
  ): void {
    const balanceUnits = this.#balance(assetId) + deltaUnits;
    this.#balances.set(assetId, balanceUnits);
    if (height < this.#fromHeight) return;
    if (this.#entries.length === entriesMax) {
      throw new AttestError(
        "attest/not-found",
        `the account has more than ${entriesMax} entries in this time`,
        "name a later --from: several statements that follow one another hold all of them",
      );
    }
    const what = { kind, counterparty, assetId, deltaUnits, balanceUnits, memo };
    this.#entries.push({ height, timestampMs, transactionId, ...what });
  }
}

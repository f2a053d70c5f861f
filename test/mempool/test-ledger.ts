/** A small chain for mempool tests: four accounts with AUR, blocks that can be added and taken away again. */
import assert from "node:assert/strict";
import { fromHex, fromUtf8, toHex } from "../../src/base/bytes.ts";
import { applyBlock, BlockExecution } from "../../src/ledger/apply-block.ts";
import type { AccountEntry, Entry } from "../../src/ledger/entry.ts";
import { type LedgerDraft, LedgerState } from "../../src/ledger/ledger-state.ts";
import type { MempoolHead } from "../../src/mempool/admission.ts";
import { zeroBytes32 } from "../../src/protocol/hashing.ts";
import { keyPairFromSeed } from "../../src/protocol/signing.ts";
import {
  authorityActions,
  type DecodedTransaction,
  decodeTransaction,
  type Payload,
  signTransaction,
  TransactionType,
  transactionBytesMax,
} from "../../src/protocol/transaction.ts";

export const chainId = new Uint8Array(32).fill(3);
export const startBalance = 1_000_000n;

const keyPairs = [1, 2, 3, 4].map((byte) => keyPairFromSeed(new Uint8Array(32).fill(byte)));
export const accounts = keyPairs.map(({ publicKey }) => toHex(publicKey));

export interface TestTransaction {
  /** Index into {@link accounts}. */
  readonly from: number;
  readonly sequence: number;
  readonly fee?: bigint;
  readonly validUntil?: number;
  /** A transfer of AUR to the next account; without it a record of `dataBytes` bytes. */
  readonly amount?: bigint;
  readonly dataBytes?: number;
  /** Index of the receiver, where it is not the next account. */
  readonly to?: number;
  /** Registers a name. */
  readonly name?: string;
  /** Issues so many units of an asset; its id is the transaction's. */
  readonly supply?: bigint;
  /** Transfers `amount` of this asset, by its id in hex, to the next account. */
  readonly asset?: string;
  /** A vote to remove an account from the authorities. */
  readonly vote?: number;
}

export function signed(wanted: TestTransaction): DecodedTransaction {
  const { from, sequence, fee = 0n, validUntil = 0 } = wanted;
  const payload = payloadOf(wanted);
  const keyPair = keyPairs[from];
  assert.ok(keyPair);
  return signTransaction({ payload, sequence, fee, validUntil, timestampMs: 0 }, keyPair, chainId);
}

function payloadOf({
  from,
  to = from + 1,
  amount,
  dataBytes = 1,
  name,
  supply,
  asset,
  vote,
}: TestTransaction): Payload {
  if (name !== undefined) return { kind: "registerUser", name: fromUtf8(name) };
  if (supply !== undefined) {
    const terms = { symbol: fromUtf8("GOLD"), name: fromUtf8("Gold"), decimals: 0, supply };
    return { kind: "issueAsset", ...terms, metadata: new Uint8Array(0) };
  }
  if (vote !== undefined) {
    const terms = { action: authorityActions.remove, authority: keyOf(vote), expiresAtHeight: 1000 };
    return { kind: "authorityVote", ...terms, consent: new Uint8Array(64) };
  }
  if (amount === undefined) return { kind: "record", data: new Uint8Array(dataBytes).fill(1) };
  const assetId = asset === undefined ? zeroBytes32 : fromHex(asset, 32);
  assert.ok(assetId);
  return { kind: "transfer", to: keyOf(to), assetId, amount, memo: new Uint8Array(0) };
}

function keyOf(index: number): Uint8Array {
  const keyPair = keyPairs[index % keyPairs.length];
  assert.ok(keyPair);
  return keyPair.publicKey;
}

/** The same transaction with a bit of its signature turned. */
export function spoiled({ transaction }: DecodedTransaction): DecodedTransaction {
  const signature = transaction.signature.slice();
  signature[40] = (signature[40] as number) ^ 1;
  const decoded = decodeTransaction(TransactionType.serialize({ ...transaction, signature }), chainId);
  assert.ok(decoded.ok);
  return decoded.value;
}

export class TestLedger {
  readonly #balance: bigint;
  readonly blocks: DecodedTransaction[][] = [];
  #draft: LedgerDraft;

  constructor(balance: bigint = startBalance) {
    this.#balance = balance;
    this.#draft = this.#compute();
  }

  readonly head = (): MempoolHead => ({
    view: this.#draft,
    height: this.blocks.length,
    voteFault: (transaction) => this.voteFault(transaction),
    minimumFee: 0n,
    transactionBytesMax,
  });

  /** To be replaced by a test that has votes. */
  voteFault: MempoolHead["voteFault"] = () => undefined;

  /** Adds blocks and takes away the `disconnect` last ones; answers what the mempool is to be told. */
  move(disconnect: number, connect: DecodedTransaction[][]) {
    const disconnected = this.blocks
      .splice(this.blocks.length - disconnect, disconnect)
      .reverse()
      .flat();
    this.blocks.push(...connect);
    const before = this.#draft;
    this.#draft = this.#compute();
    return { connected: connect.flat(), disconnected, touched: differing(before, this.#draft) };
  }

  /** The next block, empty so far. */
  begin(): BlockExecution {
    return new BlockExecution(this.#draft, this.#context(this.blocks.length + 1));
  }

  /** Whether a next block could hold exactly these, in this order. */
  assertExecutable(transactions: readonly DecodedTransaction[]): void {
    const execution = this.begin();
    for (const transaction of transactions) assert.equal(execution.apply(transaction), undefined);
  }

  #compute(): LedgerDraft {
    const entries = accounts.map(
      (account): AccountEntry => ({ type: "account", account, sequence: 0, balance: this.#balance }),
    );
    const view = LedgerState.fromEntries(entries).draft();
    for (const [index, block] of this.blocks.entries()) {
      const change = applyBlock(view, this.#context(index + 1), block, []);
      assert.ok(change.ok, "a test's block can be executed");
      view.apply(change.value);
    }
    return view;
  }

  #context(height: number) {
    return { height, producerHex: "ff".repeat(32), rewardUnits: 0n, rewardMaturityBlocks: 0, minimumFee: 0n };
  }
}

/** The entries of both ledgers that are not the same in the other. */
function differing(before: LedgerDraft, after: LedgerDraft): Entry[] {
  const entriesOf = (draft: LedgerDraft) =>
    Array.from({ length: draft.entryCount }, (_, index) => draft.entryAt(index));
  const texts = (entries: Entry[]) => new Map(entries.map((entry) => [text(entry), entry]));
  const [left, right] = [texts(entriesOf(before)), texts(entriesOf(after))];
  return [
    ...[...left].filter(([key]) => !right.has(key)).map(([, entry]) => entry),
    ...[...right].filter(([key]) => !left.has(key)).map(([, entry]) => entry),
  ];
}

function text(entry: Entry): string {
  return JSON.stringify(entry, (_, value) => (typeof value === "bigint" ? `${value}n` : value));
}

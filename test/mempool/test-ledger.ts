/** A small chain for mempool tests: four accounts with AUR, blocks that can be added and taken away again. */
import assert from "node:assert/strict";
import { toHex } from "../../src/base/bytes.ts";
import { applyBlock, BlockExecution } from "../../src/ledger/apply-block.ts";
import type { AccountEntry } from "../../src/ledger/entry.ts";
import { LedgerState } from "../../src/ledger/ledger-state.ts";
import type { MempoolHead } from "../../src/mempool/admission.ts";
import { zeroBytes32 } from "../../src/protocol/hashing.ts";
import { keyPairFromSeed } from "../../src/protocol/signing.ts";
import {
  type DecodedTransaction,
  decodeTransaction,
  type Payload,
  signTransaction,
  TransactionType,
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
}

export function signed(wanted: TestTransaction): DecodedTransaction {
  const { from, sequence, fee = 0n, validUntil = 0, amount, dataBytes = 1 } = wanted;
  const payload: Payload =
    amount === undefined
      ? { kind: "record", data: new Uint8Array(dataBytes).fill(1) }
      : { kind: "transfer", to: keyOf(from + 1), assetId: zeroBytes32, amount, memo: new Uint8Array(0) };
  const keyPair = keyPairs[from];
  assert.ok(keyPair);
  return signTransaction({ payload, sequence, fee, validUntil, timestampMs: 0 }, keyPair, chainId);
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
  #head: MempoolHead;

  constructor(balance: bigint = startBalance) {
    this.#balance = balance;
    this.#head = this.#compute();
  }

  readonly head = (): MempoolHead => this.#head;

  /** Adds blocks and takes away the `disconnect` last ones; answers what the mempool is to be told. */
  move(disconnect: number, connect: DecodedTransaction[][]) {
    const disconnected = this.blocks
      .splice(this.blocks.length - disconnect, disconnect)
      .reverse()
      .flat();
    this.blocks.push(...connect);
    this.#head = this.#compute();
    return { connected: connect.flat(), disconnected };
  }

  /** Whether a next block could hold exactly these, in this order. */
  assertExecutable(transactions: readonly DecodedTransaction[]): void {
    const execution = new BlockExecution(this.#head.view, this.#context(this.#head.height + 1));
    for (const transaction of transactions) assert.equal(execution.apply(transaction), undefined);
  }

  #compute(): MempoolHead {
    const entries = accounts.map(
      (account): AccountEntry => ({ type: "account", account, sequence: 0, balance: this.#balance }),
    );
    const view = LedgerState.fromEntries(entries).draft();
    for (const [index, block] of this.blocks.entries()) {
      const change = applyBlock(view, this.#context(index + 1), block, []);
      assert.ok(change.ok, "a test's block can be executed");
      view.apply(change.value);
    }
    return { view, height: this.blocks.length, voteFault: () => undefined, minimumFee: 0n };
  }

  #context(height: number) {
    return { height, producerHex: "ff".repeat(32), rewardUnits: 0n, rewardMaturityBlocks: 0, minimumFee: 0n };
  }
}

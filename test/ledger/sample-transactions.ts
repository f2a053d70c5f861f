/** Keys, transactions and random blocks for the ledger's tests, all from fixed seeds. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { fromUtf8, toHex } from "../../src/base/bytes.ts";
import { BlockExecution } from "../../src/ledger/apply-block.ts";
import type { BlockContext } from "../../src/ledger/apply-transaction.ts";
import type { Entry, LedgerView, StateChange } from "../../src/ledger/entry.ts";
import { LedgerState } from "../../src/ledger/ledger-state.ts";
import { uint64Max } from "../../src/protocol/codec.ts";
import { zeroBytes32 } from "../../src/protocol/hashing.ts";
import { type KeyPair, keyPairFromSeed } from "../../src/protocol/signing.ts";
import {
  type DecodedTransaction,
  type Payload,
  signTransaction,
  type TransactionDraft,
} from "../../src/protocol/transaction.ts";

export const chainId = new Uint8Array(32).fill(7);

export interface Actor {
  readonly keyPair: KeyPair;
  readonly hex: string;
}

export function actor(number: number): Actor {
  const keyPair = keyPairFromSeed(new Uint8Array(32).fill(number + 1));
  return { keyPair, hex: toHex(keyPair.publicKey) };
}

export const [alice, bob, carol, producer] = [actor(0), actor(1), actor(2), actor(3)] as const;
const actors = [alice, bob, carol, producer];

export function send(
  from: Actor,
  payload: Payload,
  draft: Partial<TransactionDraft> = {},
): DecodedTransaction {
  const defaults = { sequence: 0, fee: 0n, validUntil: 0, timestampMs: 1_700_000_000_000 };
  return signTransaction({ payload, ...defaults, ...draft }, from.keyPair, chainId);
}

export function transfer(to: Actor, amount: bigint, assetId: Uint8Array = zeroBytes32): Payload {
  return { kind: "transfer", to: to.keyPair.publicKey, assetId, amount, memo: new Uint8Array(0) };
}

export function record(data = "data"): Payload {
  return { kind: "record", data: fromUtf8(data) };
}

export function registerUser(name: string): Payload {
  return { kind: "registerUser", name: fromUtf8(name) };
}

export function issueAsset(
  terms: { symbol?: string; name?: string; decimals?: number; supply?: bigint } = {},
) {
  const { symbol = "GLD", name = "Gold", decimals = 2, supply = 1000n } = terms;
  return {
    kind: "issueAsset",
    symbol: fromUtf8(symbol),
    name: fromUtf8(name),
    decimals,
    supply,
    metadata: fromUtf8("{}"),
  } as const;
}

export function contextAt(height: number, context: Partial<BlockContext> = {}): BlockContext {
  const defaults = { producerHex: producer.hex, rewardUnits: 0n, rewardMaturityBlocks: 0, minimumFee: 0n };
  return { height, ...defaults, ...context };
}

export function fundedAccount(owner: Actor, balance: bigint): Entry {
  return { type: "account", account: owner.hex, sequence: 0, balance };
}

/** A ledger in which alice has `balance`. */
export function ledgerOfAlice(balance = 1_000n): LedgerState {
  return LedgerState.fromEntries([fundedAccount(alice, balance)]);
}

/** Executes transactions that must all be good, and commits what they change. */
export function commitBlock(
  state: LedgerState,
  transactions: readonly DecodedTransaction[],
  context: BlockContext = contextAt(1),
): StateChange {
  const execution = new BlockExecution(state, context);
  for (const transaction of transactions) assert.equal(execution.apply(transaction), undefined);
  const change = execution.finish([]);
  const draft = state.draft();
  draft.apply(change);
  state.commit(draft);
  return change;
}

/** What somebody tries; whether it can be done depends on the ledger. */
export interface Attempt {
  readonly from: number;
  readonly to: number;
  readonly kind: "aur" | "asset" | "record" | "user" | "issue";
  readonly amount: bigint;
  readonly fee: bigint;
  readonly sequenceOffset: number;
  readonly pick: number;
}

const names = ["alice@example.com", "bob@example.com", "ünal", "Bad Name"];

export const attemptArbitrary: fc.Arbitrary<Attempt> = fc.record({
  from: fc.nat({ max: 3 }),
  to: fc.nat({ max: 3 }),
  kind: fc.constantFrom("aur", "asset", "record", "user", "issue"),
  amount: fc.oneof(fc.bigInt({ min: 0n, max: 400n }), fc.constantFrom(uint64Max, uint64Max - 500n)),
  fee: fc.bigInt({ min: 0n, max: 5n }),
  sequenceOffset: fc.oneof({ weight: 8, arbitrary: fc.constant(0) }, fc.constantFrom(-1, 1)),
  pick: fc.nat({ max: 11 }),
});

/** The transaction of an attempt over `execution`'s ledger as far as it has come. */
export function attempted(
  attempt: Attempt,
  sequence: number,
  assetIds: readonly Uint8Array[],
): DecodedTransaction {
  const from = actors[attempt.from] as Actor;
  const to = actors[attempt.to] as Actor;
  const assetId = assetIds[attempt.pick % Math.max(1, assetIds.length)] ?? new Uint8Array(32).fill(9);
  const payloads: Record<Attempt["kind"], Payload> = {
    aur: transfer(to, attempt.amount),
    asset: transfer(to, attempt.amount, assetId),
    record: record(attempt.pick === 0 ? "" : "note"),
    user: registerUser(names[attempt.pick % names.length] as string),
    issue: issueAsset({ supply: attempt.amount, symbol: `A${attempt.pick}` }),
  };
  return send(from, payloads[attempt.kind], {
    sequence: Math.max(0, sequence + attempt.sequenceOffset),
    fee: attempt.fee,
  });
}

/** Executes attempts, good and bad, as a producer does; returns the change and what was included. */
export function executeAttempts(
  view: LedgerView,
  attempts: readonly Attempt[],
  context: BlockContext,
  assetIds: readonly Uint8Array[],
): { change: StateChange; included: DecodedTransaction[] } {
  const execution = new BlockExecution(view, context);
  const sequences = new Map<string, number>();
  const included: DecodedTransaction[] = [];
  for (const attempt of attempts) {
    const { hex } = actors[attempt.from] as Actor;
    const sequence = sequences.get(hex) ?? view.account(hex)?.sequence ?? 0;
    const transaction = attempted(attempt, sequence, assetIds);
    if (execution.apply(transaction) !== undefined) continue;
    sequences.set(hex, sequence + 1);
    included.push(transaction);
  }
  return { change: execution.finish([]), included };
}

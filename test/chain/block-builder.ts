/** Builds blocks on any parent, good ones and ones that break a chosen rule: its own small chain of ledgers beside the real one. */
import assert from "node:assert/strict";
import { bytesEqual, compareBytes, concatBytes, toHex } from "../../src/base/bytes.ts";
import { ancestryOf } from "../../src/consensus/ancestry.ts";
import { createEngine } from "../../src/consensus/create-engine.ts";
import type { BlockContents, ConsensusEngine, EngineState } from "../../src/consensus/engine.ts";
import { BlockExecution } from "../../src/ledger/apply-block.ts";
import type { Entry } from "../../src/ledger/entry.ts";
import { genesisBlockOf, genesisEntries } from "../../src/ledger/genesis-state.ts";
import { ledgerContext } from "../../src/ledger/ledger-context.ts";
import { LedgerState } from "../../src/ledger/ledger-state.ts";
import {
  assembleBlock,
  type Block,
  blockHash,
  blockVersion,
  type ConsensusSection,
  consensusRoot,
  decodeBlock,
  emptyConsensusSection,
  type Header,
  type HeaderRecord,
  headerRoot,
  nonceBytes,
  type Seal,
  transactionsRoot,
} from "../../src/protocol/block.ts";
import { type ChainSpecJson, chainSpecFrom } from "../../src/protocol/chain-spec-json.ts";
import type { ChainSpec, ConsensusName } from "../../src/protocol/genesis.ts";
import { sealDomain, sha256, zeroBytes32 } from "../../src/protocol/hashing.ts";
import { addressOf } from "../../src/protocol/identity.ts";
import { type KeyPair, keyPairFromSeed, sign } from "../../src/protocol/signing.ts";
import {
  type DecodedTransaction,
  decodeTransaction,
  type Payload,
  signTransaction,
  TransactionType,
} from "../../src/protocol/transaction.ts";

export function keyPairNamed(name: string): KeyPair {
  return keyPairFromSeed(sha256(Buffer.from(name)));
}

/** Sorted by key, as the chain sorts them: the index decides the rank. */
export const authorities: readonly KeyPair[] = ["first", "second", "third"]
  .map(keyPairNamed)
  .sort((a, b) => compareBytes(a.publicKey, b.publicKey));
export const miner: KeyPair = keyPairNamed("miner");
export const alice: KeyPair = keyPairNamed("alice");
export const bob: KeyPair = keyPairNamed("bob");

const genesisTime = "2026-01-01T00:00:00.000Z";
export const genesisMs: number = Date.parse(genesisTime);

export function testSpec(consensus: ConsensusName, changes: Partial<ChainSpecJson> = {}): ChainSpec {
  const spec = chainSpecFrom({
    name: "chain-tests",
    consensus,
    timestamp: genesisTime,
    salt: "c0".repeat(32),
    allocations: { [addressOf(alice.publicKey)]: "1000" },
    ...(consensus === "pow"
      ? { difficulty: 1, blockReward: "5" }
      : { authorities: authorities.map(({ publicKey }) => addressOf(publicKey)) }),
    ...changes,
  });
  assert.ok(spec.ok);
  return spec.value;
}

export interface BuiltBlock {
  readonly block: Block;
  readonly record: HeaderRecord;
  /** The ledger after it. */
  readonly entries: readonly Entry[];
}

export interface BlockWishes {
  readonly producer?: KeyPair;
  readonly transactions?: readonly DecodedTransaction[];
  /** Beyond the earliest time that the rules allow. */
  readonly laterMs?: number;
  /** What the header says instead of the truth; sealed as it is. */
  readonly header?: Partial<Header>;
  /** What the body holds instead of what the header commits to. */
  readonly body?: readonly DecodedTransaction[];
  readonly section?: ConsensusSection;
  readonly seal?: Partial<Seal>;
  /** Seals with another key than the producer's. */
  readonly sealedBy?: KeyPair;
}

export class BlockBuilder {
  readonly spec: ChainSpec;
  readonly engine: ConsensusEngine;
  readonly genesis: BuiltBlock;
  readonly #records = new Map<string, HeaderRecord>();
  readonly #keyPairs: readonly KeyPair[];

  /** @param keyPairs of all who may come to be authorities */
  constructor(spec: ChainSpec, keyPairs: readonly KeyPair[] = authorities) {
    this.spec = spec;
    this.#keyPairs = keyPairs;
    this.engine = createEngine(spec);
    const block = genesisBlockOf(spec);
    this.genesis = {
      block,
      record: recordOf(block, 0n, this.engine.genesisState(block)),
      entries: genesisEntries(spec.genesis),
    };
    this.#remember(this.genesis.record);
  }

  /** A block on `parent`. Transactions that the ledger refuses are in it all the same. */
  on(parent: BuiltBlock, wishes: BlockWishes = {}): BuiltBlock {
    const { transactions = [], laterMs = 0, section = emptyConsensusSection } = wishes;
    const producer = wishes.producer ?? this.#usualProducer(parent);
    const height = parent.record.header.height + 1;
    const slot = this.engine.slot(parent.record, producer.publicKey);
    const timestampMs =
      wishes.header?.timestampMs ?? (slot?.earliestMs ?? parent.record.header.timestampMs + 60_000) + laterMs;
    const contents: BlockContents = {
      height,
      timestampMs,
      producer: producer.publicKey,
      transactions,
      consensusSection: section,
    };
    const advanced = this.advance(contents, parent);
    // A block that the engine refuses leaves nothing; its record only carries tests on to the refusal.
    const state = advanced.ok ? advanced.value : parent.record;
    const { entries, stateRoot } = this.#execute(parent, contents, state);
    const header: Header = {
      version: blockVersion,
      chainId: this.spec.chainId,
      height,
      parentHash: parent.record.hash,
      timestampMs,
      producer: producer.publicKey,
      transactionsRoot: transactionsRoot(transactions),
      transactionCount: transactions.length,
      stateRoot,
      consensusRoot: consensusRoot(section),
      consensusStateHash: sha256(state.consensusState),
      target: slot?.target ?? zeroBytes32,
      extraData: zeroBytes32,
      ...wishes.header,
    };
    const seal = { ...this.#seal(header, wishes.sealedBy ?? producer), ...wishes.seal };
    const body = wishes.body ?? transactions;
    const { bytes } = assembleBlock(header, seal, body, section);
    // As from the wire: what a transaction's id is depends on the chain that the header names.
    const decoded = decodeBlock(bytes);
    assert.ok(decoded.ok);
    const block = decoded.value;
    const isSealed = slot !== undefined;
    const weight = isSealed ? this.engine.weight(header, parent.record) : 0n;
    const cumulativeWeight = parent.record.cumulativeWeight + weight;
    const record = recordOf(block, cumulativeWeight, state);
    this.#remember(record);
    return { block, record, entries };
  }

  /** What the engine says to a block's contents on `parent`. */
  advance(contents: BlockContents, parent: BuiltBlock) {
    return this.engine.advance(contents, parent.record, this.ancestry);
  }

  /** Of any block that was built here. */
  readonly ancestry = ancestryOf((hash) => this.#records.get(toHex(hash)));

  /** The block as it is where its record has been restated; for building on it. */
  restated(built: BuiltBlock, state: EngineState): BuiltBlock {
    const record = { ...built.record, ...state };
    this.#remember(record);
    return { ...built, record };
  }

  #remember(record: HeaderRecord): void {
    this.#records.set(record.hashHex, record);
  }

  /** `length` blocks one on the other. */
  branch(parent: BuiltBlock, length: number, wishes: BlockWishes = {}): BuiltBlock[] {
    const blocks: BuiltBlock[] = [];
    for (let count = 0; count < length; count += 1) blocks.push(this.on(blocks.at(-1) ?? parent, wishes));
    return blocks;
  }

  sign(
    sender: KeyPair,
    sequence: number,
    payload: Payload = { kind: "record", data: Buffer.from("a note") },
    fee = 0n,
  ): DecodedTransaction {
    const draft = { payload, sequence, fee, validUntil: 0, timestampMs: genesisMs };
    return signTransaction(draft, sender, this.spec.chainId);
  }

  transfer(from: KeyPair, sequence: number, to: KeyPair, amount: bigint): DecodedTransaction {
    const memo = new Uint8Array(0);
    return this.sign(from, sequence, {
      kind: "transfer",
      to: to.publicKey,
      assetId: zeroBytes32,
      amount,
      memo,
    });
  }

  /** The same transaction with a bit of its signature turned. */
  spoil({ transaction }: DecodedTransaction): DecodedTransaction {
    const signature = transaction.signature.slice();
    signature[40] = signature[40]! ^ 1;
    const bytes = TransactionType.serialize({ ...transaction, signature });
    const decoded = decodeTransaction(bytes, this.spec.chainId);
    assert.ok(decoded.ok);
    return decoded.value;
  }

  /** Whose turn it is: rank 0 on this parent. */
  #usualProducer(parent: BuiltBlock): KeyPair {
    if (this.spec.consensus === "pow") return miner;
    const set = this.engine.authority!.setAt(parent.record);
    const key = set[(parent.record.header.height + 1) % set.length]!;
    const keyPair = this.#keyPairs.find(({ publicKey }) => bytesEqual(publicKey, key));
    assert.ok(keyPair, "the builder has the keys of all authorities");
    return keyPair;
  }

  #execute(parent: BuiltBlock, contents: BlockContents, state: EngineState) {
    const ledger = LedgerState.fromEntries(parent.entries);
    const execution = new BlockExecution(ledger, ledgerContext(contents, this.spec.genesis));
    for (const transaction of contents.transactions) execution.apply(transaction);
    const change = execution.finish(this.engine.authority?.updates(parent.record, state) ?? []);
    const entries = [...parent.entries];
    for (const { index, after } of change.changes) entries[index] = after;
    return { entries, stateRoot: LedgerState.fromEntries(entries).stateRoot() };
  }

  #seal(header: Header, producer: KeyPair): Seal {
    const root = headerRoot(header);
    const nonce = new Uint8Array(nonceBytes);
    if (this.spec.consensus === "poa") {
      const hash = blockHash(root, nonce);
      return { nonce, signature: sign(concatBytes([sealDomain, hash]), producer) };
    }
    const view = new DataView(nonce.buffer);
    const isImpossible = bytesEqual(header.target, zeroBytes32);
    for (
      let tried = 0;
      !isImpossible && compareBytes(blockHash(root, nonce), header.target) > 0;
      tried += 1
    ) {
      view.setUint32(0, tried, true);
    }
    return { nonce, signature: new Uint8Array(0) };
  }
}

function recordOf(block: Block, cumulativeWeight: bigint, state: EngineState): HeaderRecord {
  const { hash, hashHex, header, seal } = block;
  const { justifiedHeight, consensusState } = state;
  return { hash, hashHex, header, seal, cumulativeWeight, justifiedHeight, consensusState };
}

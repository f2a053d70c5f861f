/** Chains of real blocks for the store's tests: the same block in every process that builds it. */
import { toHex } from "../../src/base/bytes.ts";
import type { Entry, EntryChange } from "../../src/ledger/entry.ts";
import {
  assembleBlock,
  type Block,
  blockVersion,
  emptyConsensusRoot,
  transactionsRoot,
} from "../../src/protocol/block.ts";
import { sha256, zeroBytes32 } from "../../src/protocol/hashing.ts";
import { keyPairFromSeed } from "../../src/protocol/signing.ts";
import { type DecodedTransaction, signTransaction } from "../../src/protocol/transaction.ts";
import type {
  CommitBatch,
  ConnectedBlock,
  DisconnectedBlock,
  StoredBlock,
} from "../../src/store/chain-store.ts";

export const testChainId: Uint8Array = sha256(Buffer.from("store tests"));
const keyPair = keyPairFromSeed(sha256(Buffer.from("a key of the store tests")));

/** A block with what it does to a small ledger: it raises the first account and opens new ones. */
export interface FixtureBlock {
  readonly block: Block;
  readonly stored: StoredBlock;
  readonly connected: ConnectedBlock;
  readonly disconnected: DisconnectedBlock;
  readonly entriesAfter: readonly Entry[];
}

export function transactionOf(sequence: number): DecodedTransaction {
  const payload = { kind: "record" as const, data: Buffer.from(`record ${sequence}`) };
  return signTransaction({ payload, sequence, fee: 0n, validUntil: 0, timestampMs: 1 }, keyPair, testChainId);
}

export function accountOf(index: number, balance: bigint): Entry {
  return { type: "account", account: toHex(sha256(Buffer.from(`account ${index}`))), sequence: 0, balance };
}

export interface BlockContents {
  /** Tells siblings apart. */
  readonly branch?: number;
  readonly transactions?: readonly DecodedTransaction[];
  readonly newEntries?: number;
}

/** The block after `parent`, or a first block where there is none. */
export function blockAfter(parent: FixtureBlock | undefined, contents: BlockContents = {}): FixtureBlock {
  const height = parent ? parent.block.header.height + 1 : 0;
  const { branch = 0, transactions = [transactionOf(height)], newEntries = 1 } = contents;
  const block = assembleBlock(
    {
      version: blockVersion,
      chainId: testChainId,
      height,
      parentHash: parent?.block.hash ?? zeroBytes32,
      timestampMs: 1_700_000_000_000 + height,
      producer: keyPair.publicKey,
      transactionsRoot: transactionsRoot(transactions),
      transactionCount: transactions.length,
      stateRoot: sha256(Buffer.from(`state ${height} ${branch}`)),
      consensusRoot: emptyConsensusRoot,
      consensusStateHash: zeroBytes32,
      target: zeroBytes32,
      extraData: zeroBytes32,
    },
    { nonce: new Uint8Array(32), signature: new Uint8Array(64).fill(7) },
    transactions,
  );
  const before = parent?.entriesAfter ?? [];
  const changes: EntryChange[] = [];
  if (before[0])
    changes.push({ index: 0, before: before[0], after: accountOf(0, BigInt(height * 100 + branch)) });
  for (let index = before.length; index < before.length + newEntries; index++) {
    changes.push({ index, before: undefined, after: accountOf(index, BigInt(height)) });
  }
  const entriesAfter = [...before];
  for (const { index, after } of changes) entriesAfter[index] = after;
  const { hash, hashHex, header, seal, bytes } = block;
  const counts = { entryCountBefore: before.length, entryCountAfter: entriesAfter.length };
  return {
    block,
    stored: { record: { hash, hashHex, header, seal, ...engineMeasures(height) }, bytes },
    connected: { hash, height, change: { ...counts, changes }, transactions },
    disconnected: { hash, height, transactions },
    entriesAfter,
  };
}

function engineMeasures(height: number) {
  return {
    cumulativeWeight: BigInt(height) << 200n,
    justifiedHeight: Math.max(0, height - 2),
    consensusState: new Uint8Array(height % 5).fill(height % 256),
  };
}

/** `length` blocks on `parent`, each by the same contents. */
export function chainOf(length: number, parent?: FixtureBlock, contents?: BlockContents): FixtureBlock[] {
  const blocks: FixtureBlock[] = [];
  for (let count = 0; count < length; count++) blocks.push(blockAfter(blocks.at(-1) ?? parent, contents));
  return blocks;
}

export const emptyBatch: CommitBatch = {
  blocks: [],
  disconnected: [],
  connected: [],
  entries: new Map(),
  head: undefined,
  invalid: [],
};

/**
 * The batch that leaves `disconnected` (highest first) and joins `connected` (lowest first).
 *
 * @param arriving which of the blocks are new to the store; the connected ones unless told
 */
export function moveBatch(
  connected: readonly FixtureBlock[],
  disconnected: readonly FixtureBlock[] = [],
  arriving: readonly FixtureBlock[] = connected,
): CommitBatch {
  const last = connected.at(-1);
  if (!last) throw new Error("a move connects a block");
  const entries = new Map<number, Entry>();
  for (const { connected: moved } of [...disconnected, ...connected]) {
    for (const { index } of moved.change.changes) {
      const entry = last.entriesAfter[index];
      if (entry) entries.set(index, entry);
    }
  }
  return {
    blocks: arriving.map((block) => block.stored),
    disconnected: disconnected.map((block) => block.disconnected),
    connected: connected.map((block) => block.connected),
    entries,
    head: {
      hash: last.block.hash,
      height: last.block.header.height,
      entryCount: last.entriesAfter.length,
    },
    invalid: [],
  };
}

/** Headers, transactions and a genesis with recognizable values, for the tests of the protocol's bytes. */
import { fromUtf8 } from "../../src/base/bytes.ts";
import {
  assembleBlock,
  type Block,
  emptyConsensusRoot,
  type Header,
  transactionsRoot,
} from "../../src/protocol/block.ts";
import { easiestTargetOf, type Genesis } from "../../src/protocol/genesis.ts";
import { zeroBytes32 } from "../../src/protocol/hashing.ts";
import { keyPairFromSeed } from "../../src/protocol/signing.ts";
import {
  authorityActions,
  type DecodedTransaction,
  type Payload,
  signTransaction,
} from "../../src/protocol/transaction.ts";

export const chainId = new Uint8Array(32).fill(0xc1);
export const keyPair = keyPairFromSeed(new Uint8Array(32).fill(1));

export function recordOf(text: string): Payload {
  return { kind: "record", data: fromUtf8(text) };
}

export function signed(payload: Payload, sequence = 0): DecodedTransaction {
  return signTransaction(
    { payload, sequence, fee: 5n, validUntil: 9, timestampMs: 1_700_000_000_000 },
    keyPair,
    chainId,
  );
}

export const payloads: readonly Payload[] = [
  {
    kind: "transfer",
    to: new Uint8Array(32).fill(2),
    assetId: zeroBytes32,
    amount: 2n ** 64n - 1n,
    memo: fromUtf8("hi"),
  },
  recordOf("data"),
  { kind: "registerUser", name: fromUtf8("alice@example.com") },
  {
    kind: "issueAsset",
    symbol: fromUtf8("GLD"),
    name: fromUtf8("Gold"),
    decimals: 2,
    supply: 1000n,
    metadata: fromUtf8("{}"),
  },
  {
    kind: "authorityVote",
    action: authorityActions.add,
    authority: new Uint8Array(32).fill(4),
    expiresAtHeight: 258,
    consent: new Uint8Array(64).fill(5),
  },
];

export function headerOver(transactions: readonly DecodedTransaction[]): Header {
  return {
    version: 2,
    chainId,
    height: 3,
    parentHash: new Uint8Array(32).fill(0xaa),
    timestampMs: 1_700_000_000_123,
    producer: keyPair.publicKey,
    transactionsRoot: transactionsRoot(transactions),
    transactionCount: transactions.length,
    stateRoot: new Uint8Array(32).fill(0xbb),
    consensusRoot: emptyConsensusRoot,
    consensusStateHash: zeroBytes32,
    target: easiestTargetOf(2),
    extraData: zeroBytes32,
  };
}

export function blockOver(transactions: readonly DecodedTransaction[]): Block {
  const nonce = new Uint8Array(32).fill(0x0e);
  return assembleBlock(headerOver(transactions), { nonce, signature: new Uint8Array(0) }, transactions);
}

export const genesis: Genesis = {
  version: 2,
  name: fromUtf8("test-1"),
  engine: 1,
  timestampMs: 1_700_000_000_000,
  easiestTarget: easiestTargetOf(2),
  targetBlockTimeMs: 5_000,
  minimumIntervalMs: 500,
  retargetHalfLifeMs: 60_000,
  periodMs: 0,
  stepMs: 0,
  heartbeatMs: 0,
  admission: 0,
  joinWindowMs: 0,
  authorities: [],
  allocations: [
    { account: new Uint8Array(32).fill(1), amount: 10n },
    { account: new Uint8Array(32).fill(2), amount: 20n },
  ],
  minimumFee: 0n,
  blockReward: 100n,
  halvingIntervalBlocks: 10,
  rewardMaturityBlocks: 10,
  blockBytesMax: 1024 * 1024,
  blockTransactionsMax: 8192,
  salt: new Uint8Array(32).fill(3),
};

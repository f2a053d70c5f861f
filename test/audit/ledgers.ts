/** Rich ledgers of both engines: real blocks with valid seals and state roots, judged by a real chain and written by the real job. */
import assert from "node:assert/strict";
import { fromUtf8 } from "../../src/base/bytes.ts";
import { systemClock } from "../../src/base/clock.ts";
import { silentLogger } from "../../src/base/logger.ts";
import type { Chain } from "../../src/chain/chain.ts";
import type { ExportJob } from "../../src/export/export-job.ts";
import type { ChainSpecJson } from "../../src/protocol/chain-spec-json.ts";
import { type ChainSpec, engineNumbers } from "../../src/protocol/genesis.ts";
import { zeroBytes32 } from "../../src/protocol/hashing.ts";
import { addressOf } from "../../src/protocol/identity.ts";
import { nodeRoles, signNodeRecord } from "../../src/protocol/node-record.ts";
import type { KeyPair } from "../../src/protocol/signing.ts";
import type { DecodedTransaction, Payload } from "../../src/protocol/transaction.ts";
import { BlockBuilder, type BuiltBlock, genesisMs, keyPairNamed, testSpec } from "../chain/block-builder.ts";
import { openChain } from "../chain/open-chain.ts";
import { AuthorityChain, type ChildWishes } from "../consensus/authority-chain.ts";
import { createExportJob } from "../export/local-export-job.ts";

/** What a test needs to know of a chain in a ledger, beside what the file says. */
export interface ToldChain {
  readonly spec: ChainSpec;
  readonly chain: Chain;
  /** The canonical chain, genesis first. */
  readonly blocks: readonly BuiltBlock[];
}

const uint64Max = 2n ** 64n - 1n;
const [alice, bob, carol, late, lookAlike] = ["alice", "bob", "carol", "late", "look-alike"].map(
  keyPairNamed,
) as [KeyPair, KeyPair, KeyPair, KeyPair, KeyPair];
/** The first letter is Cyrillic. */
export const lookAlikeName = "\u0430lice@example.com";

/** Allocations that add up to more than an SQLite INTEGER holds, with one that is itself too large. */
const allocations = {
  [addressOf(alice.publicKey)]: "92233720368.54775809",
  [addressOf(bob.publicKey)]: "90071992.54740993",
  [addressOf(carol.publicKey)]: "1000",
};

/** Signs one account's transactions in order; each branch of a chain needs a copy of its own. */
class Senders {
  readonly #builder: BlockBuilder;
  readonly #sequences: Map<KeyPair, number>;

  constructor(builder: BlockBuilder, sequences: ReadonlyMap<KeyPair, number> = new Map()) {
    this.#builder = builder;
    this.#sequences = new Map(sequences);
  }

  copy(): Senders {
    return new Senders(this.#builder, this.#sequences);
  }

  sign(sender: KeyPair, payload: Payload, fee = 0n): DecodedTransaction {
    const sequence = this.#sequences.get(sender) ?? 0;
    this.#sequences.set(sender, sequence + 1);
    return this.#builder.sign(sender, sequence, payload, fee);
  }

  /** A ballot has been signed elsewhere. */
  skip(sender: KeyPair): void {
    this.#sequences.set(sender, (this.#sequences.get(sender) ?? 0) + 1);
  }
}

function transfer(to: KeyPair, amount: bigint, memo = "", assetId: Uint8Array = zeroBytes32): Payload {
  return { kind: "transfer", to: to.publicKey, amount, memo: fromUtf8(memo), assetId };
}

function record(data: string | Uint8Array): Payload {
  return { kind: "record", data: typeof data === "string" ? fromUtf8(data) : data };
}

function registerUser(name: string): Payload {
  return { kind: "registerUser", name: fromUtf8(name) };
}

function issueAsset(symbol: string, decimals: number, supply: bigint, metadata: string): Payload {
  const texts = {
    symbol: fromUtf8(symbol),
    name: fromUtf8(`${symbol} <b>coin</b>`),
    metadata: fromUtf8(metadata),
  };
  return { kind: "issueAsset", decimals, supply, ...texts };
}

/** People, names that look alike, texts that a page must not run, and amounts that a double does not hold. */
function firstDay(senders: Senders): DecodedTransaction[] {
  return [
    senders.sign(alice, transfer(bob, 1n, "<script>alert(1)</script>")),
    senders.sign(alice, registerUser("alice@example.com"), 7n),
    senders.sign(lookAlike, registerUser(lookAlikeName)),
    senders.sign(bob, registerUser("bob@example.com")),
    senders.sign(alice, transfer(bob, 2n ** 53n + 1n, "more than a double holds"), 1_001n),
    senders.sign(alice, record("a \u0000 in the middle")),
    senders.sign(bob, record(new Uint8Array([0xff, 0xfe, 0, 0x80]))),
    senders.sign(alice, record("'); DROP TABLE blocks; --"), 3n),
    senders.sign(carol, transfer(carol, 5n, "to oneself")),
  ];
}

interface IssuedAssets {
  readonly gold: Uint8Array;
  readonly vast: Uint8Array;
}

function issues(senders: Senders): {
  readonly transactions: DecodedTransaction[];
  readonly assets: IssuedAssets;
} {
  const gold = senders.sign(
    bob,
    issueAsset("GOLD", 2, 1_000n, '{"vault":"<img src=x onerror=alert(1)>"}'),
    11n,
  );
  const vast = senders.sign(carol, issueAsset("VAST", 0, uint64Max, "all that fits"));
  const fine = senders.sign(carol, issueAsset("FINE", 18, uint64Max, "eighteen places"), 2n);
  return { transactions: [gold, vast, fine], assets: { gold: gold.id, vast: vast.id } };
}

function trades(senders: Senders, { gold, vast }: IssuedAssets): DecodedTransaction[] {
  return [
    senders.sign(bob, transfer(alice, 250n, "", gold), 5n),
    senders.sign(carol, transfer(alice, 2n ** 63n + 9n, "over 2^63", vast)),
    senders.sign(alice, transfer(bob, 2n ** 62n, "", vast), 1n),
    senders.sign(carol, registerUser("carol@example.com")),
    senders.sign(bob, transfer(carol, 3n, "paid to a name of the same block")),
  ];
}

/** Gives blocks to a chain that must take each as its head, or as a branch that it stores. */
async function give(
  open: Awaited<ReturnType<typeof openChain>>,
  blocks: readonly BuiltBlock[],
): Promise<void> {
  for (const block of blocks) {
    const outcome = await open.give(block);
    assert.ok(outcome === "head" || outcome === "side", `block ${block.record.header.height}: ${outcome}`);
  }
}

export interface LedgerWishes {
  /** Name of the network: another name is another chain. */
  readonly name?: string;
  /** Nobody's record and no pool's books in the file: what two exports can differ in. */
  readonly withoutObserved?: boolean;
}

function openJob(file: string, chain: Chain): ExportJob {
  return createExportJob({ file }, { source: chain, clock: systemClock, logger: silentLogger });
}

async function recordNodes(job: ExportJob, spec: ChainSpec, nodes: readonly KeyPair[], engine: number) {
  const records = nodes.map((node, index) =>
    signNodeRecord(
      {
        name: fromUtf8(`node ${index} <i>`),
        addresses: [
          fromUtf8(`/ip4/192.0.2.${index + 1}/tcp/4001`),
          fromUtf8(`/dns4/node${index}.example/tcp/4001`),
        ],
        chainId: spec.chainId,
        engine,
        role: engine === engineNumbers.pow ? nodeRoles.miner : nodeRoles.authority,
        height: index,
        timestampMs: genesisMs + index,
        software: fromUtf8("aurex test"),
      },
      node,
    ),
  );
  await job.recordNodes(records);
}

/**
 * Four authorities: one is voted in, one voted out, one slashed for two seals; blocks that leave the chain, and a final
 * block that only votes outside of the blocks prove.
 */
export async function writeAuthorityLedger(file: string, wishes: LedgerWishes = {}): Promise<ToldChain> {
  const changes: Partial<ChainSpecJson> = {
    name: wishes.name ?? "tampered-poa",
    allocations,
    blockReward: "2",
    halvingIntervalBlocks: 9,
    rewardMaturityBlocks: 2,
  };
  const told = new AuthorityChain(4, changes);
  const { builder } = told;
  const [a, b, c, slashed] = told.keys as [KeyPair, KeyPair, KeyPair, KeyPair];
  const [newcomer] = told.candidates as [KeyPair];
  const open = await openChain({ spec: builder.spec });
  const job = openJob(file, open.chain);
  const blocks: BuiltBlock[] = [told.genesis];
  const grow = async (on: ChildWishes = {}, certified = true): Promise<BuiltBlock> => {
    const parent = blocks.at(-1) as BuiltBlock;
    const certificate = certified && parent !== told.genesis ? { certificate: told.certificate(parent) } : {};
    const block = told.child(parent, { ...certificate, ...on });
    blocks.push(block);
    await give(open, [block]);
    return block;
  };
  const senders = new Senders(builder);
  await grow({ transactions: firstDay(senders) });
  const { transactions, assets } = issues(senders);
  await grow({ transactions });
  await job.catchUp();
  await grow({
    transactions: trades(senders, assets),
    ballots: [a, b, c].map((by) => ({ by, action: "add", authority: newcomer })),
  });
  for (let count = 0; count < 3; count += 1) await grow();
  await job.catchUp();
  // Two blocks that leave the chain again: longer branches win.
  const fork = blocks.length;
  const lost = senders.copy();
  await grow({ transactions: [lost.sign(alice, transfer(bob, 77n, "will be orphaned"))] }, false);
  await grow({ transactions: [lost.sign(late, registerUser("late@example.com"))] }, false);
  await job.catchUp();
  const parent = blocks[fork - 1] as BuiltBlock;
  const offence = told.doubleSeal(parent, slashed);
  const first = told.child(parent, {
    laterMs: 1,
    transactions: [senders.sign(alice, transfer(carol, 78n), 4n)],
  });
  const branch = [first, ...told.grow(first, 2)];
  await give(open, branch);
  blocks.splice(fork, 2, ...branch);
  assert.equal(open.chain.head.hashHex, branch.at(-1)?.record.hashHex, "the longer branch wins");
  await job.catchUp();
  await grow({ evidence: [offence] });
  await grow({
    ballots: [a, newcomer, c].map((by) => ({ by, action: "remove", authority: b })),
    transactions: [],
  });
  for (let count = 0; count < 4; count += 1) await grow();
  await grow({ transactions: [senders.sign(carol, transfer(bob, 6n, "the last block but one"), 9n)] });
  await grow({ transactions: [senders.sign(alice, record("the last block"), 1n)] });
  const head = blocks.at(-1) as BuiltBlock;
  await open.vote(...told.votes(head));
  await job.catchUp();
  if (!wishes.withoutObserved) await recordNodes(job, builder.spec, [a, c, newcomer], engineNumbers.poa);
  job.close();
  return { spec: builder.spec, chain: open.chain, blocks };
}

/** Miners and a pool, a difficulty that moves both ways, a reward that is halved and has to mature, and reorganizations. */
export async function writeWorkLedger(file: string, wishes: LedgerWishes = {}): Promise<ToldChain> {
  const spec = testSpec("pow", {
    name: wishes.name ?? "tampered-pow",
    allocations,
    blockReward: "50",
    halvingIntervalBlocks: 7,
    rewardMaturityBlocks: 3,
    targetBlockTimeMs: 5_000,
    retargetHalfLifeMs: 20_000,
  });
  const builder = new BlockBuilder(spec);
  const open = await openChain({ spec });
  const job = openJob(file, open.chain);
  const [pool, first, second] = ["the pool", "first miner", "second miner"].map(keyPairNamed) as [
    KeyPair,
    KeyPair,
    KeyPair,
  ];
  const blocks: BuiltBlock[] = [builder.genesis];
  const grow = async (producer: KeyPair, transactions: readonly DecodedTransaction[] = [], laterMs = 0) => {
    const block = builder.on(blocks.at(-1) as BuiltBlock, { producer, transactions, laterMs });
    blocks.push(block);
    await give(open, [block]);
    return block;
  };
  const senders = new Senders(builder);
  await grow(first, firstDay(senders));
  const { transactions, assets } = issues(senders);
  await grow(pool, transactions);
  await job.catchUp();
  await grow(second, trades(senders, assets), 9_000);
  for (let count = 0; count < 5; count += 1) await grow(pool);
  await job.catchUp();
  const payouts = [
    senders.sign(pool, transfer(first, 1_234_567_890n, "payout"), 100n),
    senders.sign(pool, transfer(second, 7n, "payout")),
  ];
  await grow(first, payouts);
  // Two reorganizations: a branch of two is left for one of three, and the first branch comes back.
  const fork = blocks.length;
  const lost = senders.copy();
  const kept: BuiltBlock[] = [];
  kept.push(await grow(first, [lost.sign(alice, transfer(bob, 77n, "orphaned, then back"))]));
  kept.push(await grow(second, [lost.sign(late, registerUser("late@example.com"))], 3_000));
  await job.catchUp();
  const parent = blocks[fork - 1] as BuiltBlock;
  const rival = builder.on(parent, {
    producer: second,
    laterMs: 1,
    transactions: [senders.sign(alice, transfer(carol, 78n))],
  });
  const branch = [rival, ...builder.branch(rival, 2, { producer: pool })];
  await give(open, branch);
  assert.equal(open.chain.head.hashHex, branch.at(-1)?.record.hashHex, "the heavier branch wins");
  await job.catchUp();
  const back = builder.branch(kept.at(-1) as BuiltBlock, 3, { producer: first });
  await give(open, back);
  blocks.push(...back);
  assert.equal(open.chain.head.hashHex, blocks.at(-1)?.record.hashHex, "the first branch comes back");
  await job.catchUp();
  // Slow blocks make it easier, fast ones harder.
  for (const laterMs of [40_000, 25_000, 0, 0, 0, 0]) await grow(laterMs > 0 ? second : pool, [], laterMs);
  await grow(first, [lost.sign(carol, transfer(bob, 6n, "the last block but one"), 9n)]);
  await grow(second, [lost.sign(alice, record("the last block"), 1n)]);
  await job.catchUp();
  if (!wishes.withoutObserved) {
    await recordNodes(job, spec, [first, second, pool], engineNumbers.pow);
    await job.recordPool(
      [first, second].map((member, index) => ({
        poolAccount: pool.publicKey,
        member: member.publicKey,
        sharesAccepted: 40 + index,
        sharesRejected: index,
        hashesPerSecond: 1_234.5,
        blocksFound: 3 + index,
        dueUnits: 2_000_000_000n + BigInt(index),
        paidUnits: index === 0 ? 1_234_567_890n : 7n,
        payoutTransaction: payouts[index]?.idHex ?? null,
      })),
    );
  }
  job.close();
  return { spec, chain: open.chain, blocks };
}

/** Both chains in one file. */
export async function writeMixedLedger(file: string): Promise<readonly ToldChain[]> {
  return [await writeAuthorityLedger(file), await writeWorkLedger(file)];
}

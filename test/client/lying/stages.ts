/** Two real nodes with chains on which everything happens that a client verifies: authorities that change, and work. */
import assert from "node:assert/strict";
import { fromUtf8, toHex } from "../../../src/base/bytes.ts";
import { addressOf } from "../../../src/protocol/identity.ts";
import type { KeyPair } from "../../../src/protocol/signing.ts";
import type { DecodedTransaction } from "../../../src/protocol/transaction.ts";
import { alice, BlockBuilder, type BuiltBlock, bob, testSpec } from "../../chain/block-builder.ts";
import { AuthorityChain, type ChildWishes } from "../../consensus/authority-chain.ts";
import { type ApiRig, openApiRig } from "../../http/api-rig.ts";

/** What is asked about, the same on both chains. */
export interface Stage {
  readonly rig: ApiRig;
  readonly chainId: string;
  /** A block with five transactions, and what its last one is. */
  readonly full: {
    readonly height: number;
    readonly hash: string;
    readonly id: string;
    readonly otherId: string;
  };
  readonly alice: string;
  readonly bob: string;
  readonly bobsName: string;
  readonly asset: string;
  /** What the node answered about bob when it was younger. */
  readonly early: { readonly balance: unknown; readonly head: unknown };
}

export interface AuthorityStage extends Stage {
  readonly authorities: AuthorityChain;
  /** Height of a block that no certificate is for; it is final by its descendants. */
  readonly uncertified: number;
}

export interface WorkStage extends Stage {
  readonly builder: BlockBuilder;
  readonly blocks: readonly BuiltBlock[];
  /** Blocks with true work beside the chain, not heavier than it. */
  readonly beside: readonly BuiltBlock[];
}

const bobsName = "bob@example.com";

function asking(rig: ApiRig) {
  return async (path: string): Promise<unknown> => {
    const response = await fetch(`${rig.url}${path}`);
    const answer = await response.json();
    assert.equal(response.status, 200, JSON.stringify(answer));
    return answer;
  };
}

/** The first block's: alice pays bob, bob takes a name, alice issues an asset. */
function firstTransactions(builder: BlockBuilder): DecodedTransaction[] {
  return [
    builder.transfer(alice, 0, bob, 500_000_000n),
    builder.sign(bob, 0, { kind: "registerUser", name: fromUtf8(bobsName) }),
    builder.sign(alice, 1, {
      kind: "issueAsset",
      symbol: fromUtf8("GOLD"),
      name: fromUtf8("Gold"),
      decimals: 2,
      supply: 1_000n,
      metadata: new Uint8Array(0),
    }),
  ];
}

/** Five of the second block. */
function moreTransactions(builder: BlockBuilder, asset: Uint8Array): DecodedTransaction[] {
  const gold = {
    kind: "transfer",
    to: bob.publicKey,
    assetId: asset,
    amount: 77n,
    memo: new Uint8Array(0),
  } as const;
  return [
    builder.sign(alice, 2, gold),
    builder.transfer(alice, 3, bob, 1n),
    builder.transfer(alice, 4, bob, 2n),
    builder.transfer(bob, 1, alice, 3n),
    builder.transfer(bob, 2, alice, 4n),
  ];
}

function partsOf(rig: ApiRig, full: BuiltBlock, asset: DecodedTransaction) {
  const { transactions, header, hashHex } = full.block;
  return {
    rig,
    chainId: toHex(rig.chain.spec.chainId),
    full: {
      height: header.height,
      hash: hashHex,
      id: transactions.at(-1)!.idHex,
      otherId: transactions[1]!.idHex,
    },
    alice: addressOf(alice.publicKey),
    bob: addressOf(bob.publicKey),
    bobsName,
    asset: asset.idHex,
  };
}

/**
 * @param closers is given what closes the node
 * @param salt 64 hex digits; another one makes another chain with the same contents
 */
export async function openAuthorityStage(
  closers: (() => Promise<void>)[],
  salt = "c0".repeat(32),
): Promise<AuthorityStage> {
  const authorities = new AuthorityChain(4, { salt });
  const { builder } = authorities;
  const rig = await openApiRig({ spec: builder.spec });
  closers.push(() => rig.close());
  const ask = asking(rig);
  let tip = authorities.genesis;
  const give = async (block: BuiltBlock) => {
    const imported = await rig.chain.importBlock(block.block);
    assert.ok(imported.ok, imported.ok ? "" : imported.fault.code);
    tip = block;
  };
  /** Blocks that each certify their parent. */
  const grow = async (length: number, wishes: ChildWishes = {}) => {
    for (let count = 0; count < length; count += 1) {
      const certificate = tip === authorities.genesis ? {} : { certificate: authorities.certificate(tip) };
      await give(authorities.child(tip, { ...certificate, ...(count === 0 ? wishes : {}) }));
    }
  };
  const change = async (action: "add" | "remove", authority: KeyPair) => {
    const members = authorities.membersOf(tip);
    const expiresAtHeight = tip.record.header.height + 100;
    const voters = members.slice(0, Math.floor(members.length / 2) + 1);
    await grow(1, { ballots: voters.map((by) => ({ by, action, authority, expiresAtHeight })) });
    await grow(3);
  };
  const first = firstTransactions(builder);
  await grow(1, { transactions: first });
  await grow(1, { transactions: moreTransactions(builder, first[2]!.id) });
  const full = tip;
  await grow(3);
  const bobs = addressOf(bob.publicKey);
  const early = {
    balance: await ask(`/v1/accounts/${bobs}/proof`),
    head: await ask("/v1/blocks/final/proof"),
  };
  // Blocks without certificates in them: those above them prove them final.
  for (let count = 0; count < 4; count += 1) await give(authorities.child(tip));
  const uncertified = tip.record.header.height - 2;
  const [, , third] = authorities.keys as [KeyPair, KeyPair, KeyPair];
  await change("add", authorities.candidates[0]!);
  await grow(2, { transactions: [builder.transfer(alice, 5, bob, 9n)] });
  await change("remove", third);
  const [offender] = authorities.membersOf(tip).filter((key) => key !== third);
  await grow(1, {
    evidence: [authorities.doubleSeal(authorities.genesis, offender!)],
    producer: authorities.membersOf(tip).find((key) => key !== offender)!,
  });
  await grow(5);
  return { ...partsOf(rig, full, first[2]!), early, authorities, uncertified };
}

/** As {@link openAuthorityStage}. */
export async function openWorkStage(
  closers: (() => Promise<void>)[],
  salt = "c0".repeat(32),
): Promise<WorkStage> {
  const builder = new BlockBuilder(testSpec("pow", { difficulty: 2, salt }));
  const rig = await openApiRig({ spec: builder.spec });
  closers.push(() => rig.close());
  const ask = asking(rig);
  const blocks: BuiltBlock[] = [];
  const grow = async (length: number, transactions: readonly DecodedTransaction[] = []) => {
    for (let count = 0; count < length; count += 1) {
      const block = builder.on(blocks.at(-1) ?? builder.genesis, count === 0 ? { transactions } : {});
      const imported = await rig.chain.importBlock(block.block);
      assert.ok(imported.ok, imported.ok ? "" : imported.fault.code);
      blocks.push(block);
    }
  };
  const first = firstTransactions(builder);
  await grow(1, first);
  await grow(1, moreTransactions(builder, first[2]!.id));
  const full = blocks.at(-1)!;
  await grow(4);
  const bobs = addressOf(bob.publicKey);
  const early = {
    balance: await ask(`/v1/accounts/${bobs}/proof`),
    head: await ask("/v1/blocks/head/proof"),
  };
  await grow(8, [builder.transfer(alice, 5, bob, 9n)]);
  const beside = builder.branch(blocks[5]!, 4, { laterMs: 1 });
  return { ...partsOf(rig, full, first[2]!), early, builder, blocks, beside };
}

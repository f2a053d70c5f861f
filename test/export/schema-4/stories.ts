/** Real chains whose ledgers of schema 4 lie beside this file as SQL: written by the program of before schema 5, from these very blocks. */
import { fromUtf8 } from "../../../src/base/bytes.ts";
import type { ChainSpec } from "../../../src/protocol/genesis.ts";
import type { KeyPair } from "../../../src/protocol/signing.ts";
import type { Payload } from "../../../src/protocol/transaction.ts";
import { alice, BlockBuilder, type BuiltBlock, bob, miner, testSpec } from "../../chain/block-builder.ts";
import { type OpenChain, openChain } from "../../chain/open-chain.ts";
import { AuthorityChain } from "../../consensus/authority-chain.ts";

export interface Schema4Story {
  readonly name: string;
  readonly spec: ChainSpec;
  /** Brings a chain to its head, and calls `follow` whenever the export of then was to follow it. */
  tell(follow: (node: OpenChain) => Promise<void>): Promise<OpenChain>;
}

const named = (name: string): Payload => ({ kind: "registerUser", name: fromUtf8(name) });
const issued = (symbol: string, supply: bigint): Payload => ({
  kind: "issueAsset",
  symbol: fromUtf8(symbol),
  name: fromUtf8(`${symbol} coin`),
  decimals: 2,
  supply,
  metadata: fromUtf8("about it"),
});

/** Names that come in the block that uses them, on both branches of a reorganization, for senders, receivers, miners and issuers. */
function workStory(): Schema4Story {
  const spec = testSpec("pow", { rewardMaturityBlocks: 2, blockReward: "5" });
  const builder = new BlockBuilder(spec);
  const first = builder.on(builder.genesis, {
    transactions: [
      builder.transfer(alice, 0, bob, 1_050_000_000n),
      builder.sign(bob, 0, named("bob@example.com")),
      builder.sign(alice, 1, issued("GOLD", 2n ** 64n - 1n), 7n),
      builder.sign(alice, 2, named("alice@example.com")),
      builder.transfer(alice, 3, bob, 3n),
    ],
  });
  const second = builder.on(first, { transactions: [builder.transfer(alice, 4, miner, 9n)] });
  const left = builder.branch(second, 1, {
    transactions: [builder.sign(miner, 0, named("miner@example.com")), builder.transfer(bob, 1, miner, 4n)],
  });
  left.push(builder.on(left[0] as BuiltBlock, { transactions: [builder.transfer(miner, 1, bob, 1n)] }));
  const taken = builder.branch(second, 1, {
    laterMs: 1,
    transactions: [builder.transfer(bob, 1, miner, 5n)],
  });
  taken.push(
    builder.on(taken[0] as BuiltBlock, {
      transactions: [
        builder.sign(miner, 0, named("digger@example.com")),
        builder.transfer(alice, 5, miner, 1n),
      ],
    }),
  );
  taken.push(builder.on(taken[1] as BuiltBlock));
  taken.push(builder.on(taken[2] as BuiltBlock));
  return {
    name: "pow",
    spec,
    async tell(follow) {
      const node = await openChain({ spec });
      for (const block of [first, second, ...left]) {
        await node.give(block);
        await follow(node);
      }
      for (const block of taken) await node.give(block);
      await follow(node);
      return node;
    },
  };
}

/** Authorities that come and leave by vote, one that evidence puts out, and a reorganization above what is final. */
function voteStory(): Schema4Story {
  const chain = new AuthorityChain(3);
  const [candidate] = chain.candidates as [KeyPair];
  const [a, b, c] = chain.keys as [KeyPair, KeyPair, KeyPair];
  const { spec } = chain.builder;
  const passed = chain.child(chain.genesis, {
    transactions: [chain.builder.sign(a, 0, named("office@example.com"))],
    ballots: [b, c].map((by) => ({ by, action: "add" as const, authority: candidate })),
  });
  const grown = [passed, ...chain.growCertified(passed, 2)];
  const asked = chain.child(grown[2] as BuiltBlock, {
    certificate: chain.certificate(grown[2] as BuiltBlock),
    ballots: [{ by: c, action: "remove", authority: c }],
  });
  const voted = [...grown, asked, ...chain.growCertified(asked, 2)];
  const last = voted.at(-1) as BuiltBlock;
  const aside = chain.child(last, { producer: a, laterMs: 3 });
  const slashing = chain.child(last, {
    certificate: chain.certificate(last),
    evidence: [chain.doubleVote(b)],
    producer: a,
  });
  const onward = chain.grow(slashing, 2);
  return {
    name: "poa",
    spec,
    async tell(follow) {
      const node = await openChain({ spec });
      for (const block of [...voted, aside]) await node.give(block);
      await follow(node);
      for (const block of [slashing, ...onward]) await node.give(block);
      await follow(node);
      return node;
    },
  };
}

/** Two of three authorities are gone; operators trust a block, and the third goes on from one above it. */
function recoveryStory(): Schema4Story {
  const three = new AuthorityChain(3, { salt: "0e".repeat(32) });
  const [a] = three.keys as [KeyPair];
  const { spec } = three.builder;
  const first = three.child(three.genesis);
  const certified = [first, ...three.growCertified(first, 3)];
  const alone = three.grow(certified[3] as BuiltBlock, 8, { producer: a });
  const trusted = alone[7] as BuiltBlock;
  const ahead = three.grow(trusted, 2, { producer: a });
  let effective = three.builder.restated(
    trusted,
    three.engine.authority!.recoveredState(trusted.record) as never,
  );
  for (const built of ahead) {
    const state = three.builder.advance({ ...built.block, ...built.block.header }, effective);
    if (!state.ok) throw new Error("the engine goes on");
    effective = three.builder.restated(built, state.value);
  }
  const next = three.child(effective, { laterMs: 60_000 });
  const onward = [next, ...three.growCertified(next, 2, { laterMs: 60_000 })];
  return {
    name: "recovery",
    spec,
    async tell(follow) {
      const before = await openChain({ spec });
      for (const block of [...certified, ...alone, ...ahead]) await before.give(block);
      const node = await openChain({ spec, trustRecovery: trusted.block.hash }, { disk: before.disk });
      // Blocks that were judged before operators declared one below them final have to come anew.
      for (const block of [...ahead, ...onward]) await node.give(block);
      await follow(node);
      return node;
    },
  };
}

export const schema4Stories: readonly Schema4Story[] = [workStory(), voteStory(), recoveryStory()];

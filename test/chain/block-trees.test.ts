/** Fork choice as a law: whatever tree of blocks there is, and in whatever order it comes, all chains end up equally good. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { toHex } from "../../src/base/bytes.ts";
import { compareHeads } from "../../src/consensus/engine.ts";
import {
  alice,
  authorities,
  BlockBuilder,
  type BlockWishes,
  type BuiltBlock,
  bob,
  testSpec,
} from "./block-builder.ts";
import { HonestTurns } from "./honest-turns.ts";
import { openChain, settled } from "./open-chain.ts";

/** A block of a tree: which earlier one it stands on (by chance), who seals it, and what is in it. */
interface Twig {
  readonly on: number;
  readonly producer: number;
  readonly transfers: boolean;
  readonly bad: boolean;
}

const twigs = fc.array(
  fc.record<Twig>({
    on: fc.nat({ max: 1_000 }),
    producer: fc.nat({ max: 2 }),
    transfers: fc.boolean(),
    bad: fc.nat({ max: 9 }).map((chance) => chance === 0),
  }),
  { minLength: 1, maxLength: 14 },
);

interface Tree {
  readonly blocks: readonly BuiltBlock[];
  /** The best of those that stand on good blocks only; with authorities the first of several that are as heavy stays. */
  readonly best: readonly BuiltBlock[];
}

function grow(builder: BlockBuilder, shape: readonly Twig[]): Tree {
  const grown: { built: BuiltBlock; isGood: boolean }[] = [{ built: builder.genesis, isGood: true }];
  const turns = new HonestTurns();
  const isPoa = builder.spec.consensus === "poa";
  for (const [index, twig] of shape.entries()) {
    // The newest third is the likeliest: long branches, not a bush.
    const recent = grown.slice(-Math.max(1, Math.ceil(grown.length / 2)));
    const { parent, producer } = isPoa
      ? turns.take(recent, ({ built }) => built, authorities, { parent: twig.on, producer: twig.producer })
      : { parent: recent[twig.on % recent.length]!, producer: undefined };
    const sequence = sequenceOfAlice(parent.built);
    const wishes: BlockWishes = {
      laterMs: index,
      ...(producer ? { producer } : {}),
      ...(twig.transfers
        ? { transactions: [builder.transfer(alice, sequence, bob, BigInt(index + 1))] }
        : {}),
      ...(twig.bad ? { header: { stateRoot: new Uint8Array(32).fill(index + 1) } } : {}),
    };
    grown.push({ built: builder.on(parent.built, wishes), isGood: parent.isGood && !twig.bad });
  }
  const good = grown.filter(({ isGood }) => isGood).map(({ built }) => built);
  const sorted = good.toSorted((a, b) => compareHeads(a.record, b.record));
  const heaviest = sorted[0]?.record.cumulativeWeight;
  const best = isPoa
    ? sorted.filter(({ record }) => record.cumulativeWeight === heaviest)
    : sorted.slice(0, 1);
  return { blocks: grown.slice(1).map(({ built }) => built), best };
}

function sequenceOfAlice({ entries }: BuiltBlock): number {
  const account = toHex(alice.publicKey);
  const found = entries.find((entry) => entry.type === "account" && entry.account === account);
  return found?.type === "account" ? found.sequence : 0;
}

function inOrder<Item>(items: readonly Item[], keys: readonly number[]): Item[] {
  return items
    .map((item, index) => ({ item, key: keys[index % keys.length]! }))
    .sort((a, b) => a.key - b.key)
    .map(({ item }) => item);
}

for (const consensus of ["pow", "poa"] as const) {
  describe(`any tree of ${consensus} blocks`, () => {
    const builder = new BlockBuilder(testSpec(consensus));
    const order = fc.array(fc.nat(), { minLength: 14, maxLength: 14 });

    it("gives an equally good head, and its ledger, in any order of arrival", async () => {
      await fc.assert(
        fc.asyncProperty(twigs, order, order, async (shape, oneOrder, otherOrder) => {
          const { blocks, best } = grow(builder, shape);
          const { spec } = builder;
          // The second chain reads the store for all but its newest blocks, and reorganizes deeper than its memory reaches.
          const few = { lineMax: 2, sideMax: 2 };
          for (const { keys, options } of [
            { keys: oneOrder, options: { spec } },
            { keys: otherOrder, options: { spec, treeLimits: few } },
          ]) {
            const { chain, give, headChanges, disk } = await openChain(options);
            for (const block of inOrder(blocks, keys)) await give(block);
            await settled();
            const head = best.find(({ block }) => block.hashHex === chain.head.hashHex);
            assert.ok(head, "the head is one of the best");
            assert.equal(chain.head.cumulativeWeight, head.record.cumulativeWeight);
            assert.equal(toHex(chain.ledger.stateRoot()), toHex(head.block.header.stateRoot));
            assertFollowable(headChanges, builder.genesis.block.hashHex);
            const again = await openChain({ spec: builder.spec }, { disk });
            assert.equal(again.chain.head.hashHex, head.block.hashHex);
          }
        }),
        { numRuns: 60 },
      );
    });
  });
}

/** The events alone lead from the genesis block to the head: each starts where the one before it ended. */
function assertFollowable(
  changes: Awaited<ReturnType<typeof openChain>>["headChanges"],
  genesisHash: string,
): void {
  const line = [genesisHash];
  for (const { previous, head, disconnected, connected } of changes) {
    assert.equal(previous.hashHex, line.at(-1));
    for (const block of disconnected) assert.equal(line.pop(), block.hashHex);
    for (const block of connected) {
      assert.equal(toHex(block.header.parentHash), line.at(-1));
      line.push(block.hashHex);
    }
    assert.equal(head.hashHex, line.at(-1));
  }
}

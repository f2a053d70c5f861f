/** Past a lost quorum: every node that is given the same hash goes on with the same authorities, and no other node does. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { toHex } from "../../src/base/bytes.ts";
import type { KeyPair } from "../../src/protocol/signing.ts";
import type { StoreError } from "../../src/store/chain-store.ts";
import { AuthorityChain, checkpointOf } from "../consensus/authority-chain.ts";
import type { BuiltBlock } from "./block-builder.ts";
import { type OpenChain, openChain } from "./open-chain.ts";

const three = new AuthorityChain(3);
const [a, b] = three.keys as [KeyPair, KeyPair];
const { spec } = three.builder;

const first = three.child(three.genesis);
/** The second is final, the third certified. */
const certified = [first, ...three.growCertified(first, 3)];
/** Two of three are gone: one alone makes blocks, but none of them final. */
const alone = three.grow(certified[3]!, 8, { producer: a });
const trusted = alone[7]!;
const history = [...certified, ...alone];
const recovered = three.builder.restated(trusted, three.engine.authority!.recoveredState(trusted.record)!);
// So late that it keeps the old authorities' times, too.
const next = three.child(recovered, { laterMs: 60_000 });
const second = three.child(next, { certificate: three.certificate(next), laterMs: 60_000 });
const third = three.child(second, { certificate: three.certificate(second) });
const trustRecovery = trusted.block.hash;

async function giveAll({ give }: OpenChain, blocks: readonly BuiltBlock[]): Promise<string[]> {
  const outcomes: string[] = [];
  for (const block of blocks) outcomes.push(await give(block));
  return outcomes;
}

/** A node that has lived through it all, opened again. */
async function reopened(blocks: readonly BuiltBlock[], trusts: Uint8Array | undefined) {
  const before = await openChain({ spec });
  await giveAll(before, blocks);
  return openChain(trusts ? { spec, trustRecovery: trusts } : { spec }, { disk: before.disk });
}

function assertRecovered({ chain }: OpenChain): void {
  assert.equal(chain.head.hashHex, third.block.hashHex);
  assert.deepEqual(chain.final, checkpointOf(next));
  assert.deepEqual(chain.engine.authority!.setAt(chain.head).map(toHex), [toHex(a.publicKey)]);
  assert.equal(toHex(chain.ledger.stateRoot()), toHex(third.block.header.stateRoot));
}

const refusedAs = (code: string) => (error: StoreError) => error.code === code && error.message.length > 0;

describe("trust recovery", () => {
  it("keeps those who sealed within the last two rounds, however few they are", () => {
    assert.deepEqual(three.namesOf(recovered), [toHex(a.publicKey)]);
    const state = three.finalityOf(recovered);
    assert.deepEqual([state.justified, state.finalized], [checkpointOf(trusted), checkpointOf(trusted)]);
    assert.deepEqual(state.sealedHeights, [trusted.record.header.height]);
    const soon = three.grow(certified[3]!, 2, { producer: a }).at(-1)!;
    const kept = three.engine.authority!.recoveredState(soon.record)!;
    assert.equal(
      three.engine.authority!.setAt({ ...soon.record, ...kept }).length,
      3,
      "they may just be slow",
    );
  });

  it("brings a node that has the block to the set that goes on", async () => {
    const node = await reopened(history, trustRecovery);
    assert.deepEqual(await giveAll(node, [next, second, third]), ["head", "head", "head"]);
    assertRecovered(node);
  });

  it("brings one that only hears of the block later to the same set", async () => {
    const node = await openChain({ spec, trustRecovery });
    await giveAll(node, [...history, next, second, third]);
    assertRecovered(node);
    const again = await openChain({ spec, trustRecovery }, { disk: node.disk });
    assertRecovered(again);
  });

  it("brings one that had gone on without the flag to the same set", async () => {
    const node = await reopened([...history, next], trustRecovery);
    await giveAll(node, [next, second, third]);
    assertRecovered(node);
  });

  it("leaves behind whoever is not told: its authorities are others", async () => {
    const node = await reopened(history, undefined);
    const outcomes = await giveAll(node, [next, second, third]);
    assert.deepEqual(outcomes, [
      "block/consensus-state-wrong",
      "block/parent-unknown",
      "block/parent-unknown",
    ]);
    assert.equal(node.chain.final?.height, 2);
  });

  it("goes on from blocks that the one who remains had sealed above it before, and may not seal again", async () => {
    const ahead = three.grow(trusted, 3, { producer: a });
    let effective = recovered;
    for (const built of ahead) {
      const state = three.builder.advance({ ...built.block, ...built.block.header }, effective);
      assert.ok(state.ok);
      effective = three.builder.restated(built, state.value);
    }
    const onward = three.grow(effective, 1, { laterMs: 60_000 });
    onward.push(...three.growCertified(onward[0]!, 2, { laterMs: 60_000 }));
    const restarted = await reopened([...history, ...ahead], trustRecovery);
    const late = await openChain({ spec, trustRecovery });
    for (const node of [restarted, late]) {
      const outcomes = await giveAll(node, [...history, ...ahead, ...onward]);
      assert.ok(!outcomes.includes("block/consensus-state-wrong"));
      assert.equal(node.chain.head.hashHex, onward.at(-1)!.block.hashHex);
      assert.deepEqual(node.chain.final, checkpointOf(onward[0]!));
      const again = await openChain({ spec, trustRecovery }, { disk: node.disk });
      assert.equal(again.chain.head.hashHex, onward.at(-1)!.block.hashHex);
    }
    const lying = { consensusStateHash: new Uint8Array(32) };
    const forged = three.builder.on(recovered, { producer: a, header: lying, laterMs: 7 });
    const fresh = await openChain({ spec, trustRecovery });
    await giveAll(fresh, history);
    assert.equal(await fresh.give(forged), "block/consensus-state-wrong");
  });

  it("does not let those who were left behind come back on a branch from before it", async () => {
    const asides = [a, b].map((producer) => three.child(trusted, { producer, laterMs: 5 }));
    const node = await reopened([...history, ...asides], trustRecovery);
    assert.equal(node.chain.head.hashHex, trusted.block.hashHex);
    for (const aside of asides) await giveAll(node, three.grow(aside, 6));
    assert.equal(node.chain.head.hashHex, trusted.block.hashHex);
    await giveAll(node, [next, second, third]);
    assertRecovered(node);
  });

  it("refuses a block on another branch, and one that is not above all that is final and certified, and changes nothing", async () => {
    const fork = three.child(first, { laterMs: 9, producer: b });
    const before = await openChain({ spec });
    await giveAll(before, [first, fork, ...history.slice(1)]);
    for (const hash of [fork.block.hash, first.block.hash, certified[2]!.block.hash]) {
      const opening = openChain({ spec, trustRecovery: hash }, { disk: before.disk });
      await assert.rejects(opening, refusedAs("store/wrong-chain"));
    }
    const again = await openChain({ spec }, { disk: before.disk });
    assert.equal(again.chain.head.hashHex, trusted.block.hashHex);
    assert.equal(again.chain.final?.height, 2);
  });

  it("refuses a block above which a vote stands that would be void, and names the block to take instead", async () => {
    const voted = three.child(trusted, {
      producer: a,
      laterMs: 30_000,
      ballots: [{ by: a, action: "remove", authority: b }],
    });
    const newest = three.child(voted, { producer: a });
    const before = await openChain({ spec });
    await giveAll(before, [...history, voted, newest]);
    await assert.rejects(openChain({ spec, trustRecovery }, { disk: before.disk }), (error: StoreError) => {
      assert.equal(error.code, "store/wrong-chain");
      assert.match(error.message, /it is no authority/);
      assert.match(error.next, new RegExp(`--trust-recovery ${newest.block.hashHex}`));
      return true;
    });
    const node = await openChain({ spec, trustRecovery: newest.block.hash }, { disk: before.disk });
    const restated = three.builder.restated(newest, three.engine.authority!.recoveredState(newest.record)!);
    assert.deepEqual(await giveAll(node, [three.child(restated, { laterMs: 60_000 })]), ["head"]);
  });

  it("takes blocks that were judged before for unknown until they come again, also after a restart without the flag", async () => {
    const ahead = three.grow(trusted, 3, { producer: a });
    const assertUnknown = ({ chain }: OpenChain) => {
      assert.equal(chain.head.hashHex, trusted.block.hashHex);
      for (const { block } of ahead) assert.equal(chain.headerOf(block.hash), undefined);
      for (const { block } of history) assert.ok(chain.headerOf(block.hash), "what is below stays known");
    };
    const node = await reopened([...history, ...ahead], trustRecovery);
    assertUnknown(node);
    const again = await openChain({ spec }, { disk: node.disk });
    assertUnknown(again);
    assert.deepEqual(await giveAll(again, ahead), ["head", "head", "head"]);
    for (const { block } of ahead) assert.ok(again.chain.headerOf(block.hash));
  });

  it("does nothing with a hash that nobody has", async () => {
    const node = await reopened(history, new Uint8Array(32).fill(7));
    assert.equal(node.chain.head.hashHex, trusted.block.hashHex);
    assert.equal(node.chain.engine.authority!.setAt(node.chain.head).length, 3);
  });
});

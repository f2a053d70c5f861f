/** Finality over the real chain and both stores: what is final stays, on disk, through forks, restarts and new authorities. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { toHex } from "../../src/base/bytes.ts";
import { systemClock } from "../../src/base/clock.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { encodeEvidence, offenderOf } from "../../src/protocol/evidence.ts";
import type { KeyPair } from "../../src/protocol/signing.ts";
import { type ChainStore, StoreError } from "../../src/store/chain-store.ts";
import { openLevelStore } from "../../src/store/level-store.ts";
import { AuthorityChain, checkpointOf } from "../consensus/authority-chain.ts";
import { createMemoryDisk } from "../support/memory-store.ts";
import { alice, BlockBuilder, type BuiltBlock, testSpec } from "./block-builder.ts";
import { type OpenChain, openChain } from "./open-chain.ts";

const three = new AuthorityChain(3);
const [a, b, c] = three.keys as [KeyPair, KeyPair, KeyPair];
const [candidate] = three.candidates as [KeyPair];
const { spec } = three.builder;

async function giveAll({ give }: OpenChain, blocks: readonly BuiltBlock[]): Promise<string[]> {
  const outcomes: string[] = [];
  for (const block of blocks) outcomes.push(await give(block));
  return outcomes;
}

function authorityEntry({ chain }: OpenChain, { publicKey }: KeyPair) {
  const entry = chain.ledger.authority(toHex(publicKey));
  return entry && [entry.sinceHeight, entry.removed];
}

/** Whether the head's ledger, set and root are those of a block. */
function assertAt({ chain }: OpenChain, block: BuiltBlock): void {
  assert.equal(chain.head.hashHex, block.block.hashHex);
  assert.equal(toHex(chain.ledger.stateRoot()), toHex(block.block.header.stateRoot));
  const inForce = block.entries.flatMap((entry) =>
    entry.type === "authority" && !entry.removed ? [entry.account] : [],
  );
  assert.deepEqual(chain.engine.authority!.setAt(chain.head).map(toHex), inForce.toSorted());
  assert.deepEqual(
    inForce.filter((account) => chain.ledger.authority(account)?.removed !== false),
    [],
  );
}

const levelDirectories: string[] = [];
after(async () => {
  for (const directory of levelDirectories) await rm(directory, { recursive: true });
});

const stores: Record<string, () => Promise<() => Promise<ChainStore>>> = {
  memory: async () => {
    const disk = createMemoryDisk();
    return async () => disk.open();
  },
  LevelDB: async () => {
    const directory = await mkdtemp(join(tmpdir(), "aurex-finality-"));
    levelDirectories.push(directory);
    return () =>
      openLevelStore({ directory, chainId: spec.chainId }, { logger: silentLogger, clock: systemClock });
  },
};

for (const [name, createDisk] of Object.entries(stores)) {
  describe(`finality over the ${name} store`, () => {
    it("is on disk when it is told, and there again after a restart", async () => {
      const open = await createDisk();
      const store = await open();
      const node = await openChain({ spec }, { store });
      assert.equal(node.chain.final?.height, 0);
      const first = three.child(three.genesis);
      const blocks = [first, ...three.growCertified(first, 3)];
      const onDisk: (number | undefined)[] = [];
      node.chain.events.on("finalChanged", () => onDisk.push(store.final?.height));
      assert.deepEqual(await giveAll(node, blocks), ["head", "head", "head", "head"]);
      assert.deepEqual(node.chain.final, checkpointOf(blocks[1]!));
      const [, , third, fourth] = blocks as [BuiltBlock, BuiltBlock, BuiltBlock, BuiltBlock];
      assert.deepEqual(await node.vote(three.vote(fourth, a), three.vote(fourth, c)), [
        "counted",
        "certified",
      ]);
      assert.deepEqual(node.finalChanges, [first, blocks[1]!, third].map(checkpointOf));
      assert.deepEqual(onDisk, [1, 2, 3]);
      await node.chain.close();
      await store.close();

      const again = await open();
      const restarted = await openChain({ spec }, { store: again });
      assert.deepEqual(restarted.chain.final, checkpointOf(third));
      assert.equal(
        await restarted.give(three.child(blocks[1]!, { laterMs: 1 })),
        "block/conflicts-with-final",
      );
      assert.deepEqual(restarted.chain.votes(), []);
      // Votes are gone with the restart; once they are here again, it goes on from where it was.
      assert.deepEqual(await restarted.vote(...three.votes(fourth, [a, c])), ["counted", "certified"]);
      const fifth = three.child(fourth, {
        certificate: restarted.chain.sectionOn(fourth.record).certificates[0]!,
      });
      assert.equal(await restarted.give(fifth), "head");
      await restarted.vote(...three.votes(fifth, [b, c]));
      assert.deepEqual(restarted.chain.final, checkpointOf(fourth));
      await again.close();
    });

    it("refuses every block that is not on the final one, however heavy, and forgets none of it on disk", async () => {
      const open = await createDisk();
      const store = await open();
      const node = await openChain({ spec }, { store });
      const first = three.child(three.genesis);
      const rival = three.child(three.genesis, { laterMs: 1 });
      const rivals = three.grow(rival, 6);
      await giveAll(node, [first, rival, ...rivals.slice(0, 1)]);
      await giveAll(node, three.growCertified(first, 2));
      assert.equal(node.chain.final?.height, 1);
      const { head } = node.chain;
      const outcomes = await giveAll(node, rivals.slice(1));
      assert.deepEqual([...new Set(outcomes)].sort(), ["block/conflicts-with-final", "block/parent-unknown"]);
      assert.equal(node.chain.head, head);
      assert.equal(store.headerRecord(rivals[1]!.block.hash), undefined);
      assert.equal(store.isInvalid(rivals[1]!.block.hash), false, "it is valid, only too late");
      await store.close();
    });

    it("goes back to a block that the operator trusts, once, and on from there", async () => {
      const open = await createDisk();
      const first = three.child(three.genesis);
      const certified = [first, ...three.growCertified(first, 2)];
      // Two of three are gone: one alone makes blocks, but none of them final.
      const alone = three.grow(certified[2]!, 9, { producer: a });
      const [trusted, dropped] = [alone[7]!, alone[8]!];
      const recovered = three.builder.restated(
        trusted,
        three.engine.authority!.recoveredState(trusted.record)!,
      );
      assert.deepEqual(three.namesOf(recovered), [toHex(a.publicKey)]);
      const begin = await open();
      const before = await openChain({ spec }, { store: begin });
      await giveAll(before, [...certified, ...alone]);
      assert.equal(before.chain.final?.height, 1);
      await begin.close();

      const trustRecovery = trusted.block.hash;
      for (let start = 0; start < 2; start += 1) {
        const store = await open();
        const { chain } = await openChain({ spec, trustRecovery }, { store });
        assert.equal(chain.head.hashHex, trusted.block.hashHex);
        assert.deepEqual(chain.final, checkpointOf(trusted));
        assert.equal(toHex(chain.ledger.stateRoot()), toHex(trusted.block.header.stateRoot));
        assert.equal(store.hashAtHeight(dropped.block.header.height), undefined);
        assert.deepEqual(chain.engine.authority!.setAt(chain.head).map(toHex), [toHex(a.publicKey)]);
        await store.close();
      }
      const store = await open();
      const node = await openChain({ spec, trustRecovery }, { store });
      const next = three.child(recovered, { laterMs: 5 });
      assert.equal(await node.give(next), "head");
      assert.deepEqual(await node.vote(three.vote(next, a)), ["certified"]);
      assert.deepEqual(await node.vote(three.vote(next, b)), ["vote/voter-not-authority"]);
      const second = three.child(next, { certificate: three.certificate(next) });
      assert.equal(await node.give(second), "head");
      await node.vote(three.vote(second, a));
      assert.deepEqual(node.chain.final, checkpointOf(next));
      assert.equal(await node.give(three.child(alone[6]!, { producer: b })), "block/conflicts-with-final");
      await store.close();
      // With the flag still there, or without it: the recovered block is behind it now.
      for (const options of [{ spec, trustRecovery }, { spec }]) {
        const again = await open();
        const { chain } = await openChain(options, { store: again });
        assert.equal(chain.head.hashHex, second.block.hashHex);
        assert.deepEqual(chain.final, checkpointOf(next));
        await again.close();
      }
    });
  });
}

describe("a chain with finality", () => {
  it("moves its head to the branch that votes show to be final, though its own is heavier", async () => {
    const node = await openChain({ spec });
    // The second authority votes on both: with it each branch has its quorum of two.
    const root = three.child(three.genesis);
    const trunk = [root, ...three.growCertified(root, 2)];
    const fork = trunk[2]!;
    const [early, ours] = three.grow(fork, 2) as [BuiltBlock, BuiltBlock];
    const oursCertified = three.child(ours, { certificate: three.certificate(ours, [a, b]) });
    const certificate = three.certificate(fork, [a, c]);
    const theirs = three.child(fork, { laterMs: 1, producer: a, certificate });
    const theirsCertified = three.child(theirs, { certificate: three.certificate(theirs, [b, c]) });
    const [middle, top] = three.grow(oursCertified, 2) as [BuiltBlock, BuiltBlock];
    await giveAll(node, [...trunk, early, ours, oursCertified, middle, top, theirs, theirsCertified]);
    assert.equal(node.chain.head.hashHex, top.block.hashHex);
    assert.ok(node.evidenceFound.some((evidence) => toHex(offenderOf(evidence)) === toHex(b.publicKey)));
    node.headChanges.length = 0;
    await node.vote(...three.votes(theirsCertified, [b, c]));
    assert.deepEqual(node.chain.final, checkpointOf(theirs));
    assertAt(node, theirsCertified);
    const [change] = node.headChanges;
    assert.equal(change?.disconnected.length, 5);
    assert.equal(change?.connected.length, 2);
    assert.equal(await node.give(three.child(top)), "block/conflicts-with-final");
    const again = await openChain({ spec }, { disk: node.disk });
    assert.deepEqual(again.chain.final, checkpointOf(theirs));
    assertAt(again, theirsCertified);
  });

  it("keeps the old final block where the disk refuses the new one, and settles it with the next chance", async () => {
    const node = await openChain({ spec });
    const first = three.child(three.genesis);
    const second = three.child(first, { certificate: three.certificate(first) });
    await giveAll(node, [first, second]);
    node.disk.failNextCommit(new StoreError("store/disk-full", "no space", "make room"));
    await node.vote(...three.votes(second, [a, b]));
    assert.equal(node.chain.final?.height, 0);
    assert.deepEqual(node.finalChanges, []);
    assert.equal(node.disk.open().final, undefined);
    const reopened = await openChain({ spec }, { disk: node.disk });
    assert.equal(reopened.chain.final?.height, 0);
    await reopened.vote(...three.votes(second, [a, b]));
    assert.equal(reopened.chain.final?.height, 1);
  });

  it("tells what makes the block final that is told as final, also while a higher one is written down", async () => {
    const store = createMemoryDisk().open();
    const node = await openChain({ spec }, { store });
    const first = three.child(three.genesis);
    const second = three.child(first, { certificate: three.certificate(first) });
    // No block carries the certificate of `second`, which makes `first` final: that of `third` is the higher one.
    const third = three.child(second);
    const fourth = three.child(third, { certificate: three.certificate(third) });
    await giveAll(node, [first, second, third]);
    await node.vote(...three.votes(second));
    await node.give(fourth);
    assert.deepEqual(node.chain.final, checkpointOf(first));
    const proof = node.chain.finalCertificate();
    assert.deepEqual(proof?.targetHash, second.record.hash);

    const meanwhile: unknown[] = [];
    const commit = store.commit.bind(store);
    store.commit = (batch) => {
      if (batch.final) meanwhile.push([node.chain.final, node.chain.finalCertificate()]);
      return commit(batch);
    };
    await node.vote(...three.votes(fourth));
    assert.deepEqual(meanwhile, [[checkpointOf(first), proof]]);
    assert.deepEqual(node.chain.final, checkpointOf(third));
    assert.deepEqual(node.chain.finalCertificate()?.targetHash, fourth.record.hash);
  });

  it("starts with what its own blocks show, where a kill came before that was noted", async () => {
    const disk = createMemoryDisk();
    const store = disk.open();
    // As after a kill: each block is there, and no note of what it made final.
    const commit = store.commit.bind(store);
    store.commit = ({ final: _lost, ...batch }) => commit(batch);
    const first = three.child(three.genesis);
    const blocks = [first, ...three.growCertified(first, 3)];
    await giveAll(await openChain({ spec }, { store }), blocks);
    assert.equal(disk.open().final, undefined);
    const restarted = await openChain({ spec }, { disk });
    assert.deepEqual(restarted.chain.final, checkpointOf(blocks[1]!));
    assert.equal(await restarted.give(three.child(first, { laterMs: 1 })), "block/conflicts-with-final");
  });

  it("follows a change of the authorities over a reorganization, in set and ledger alike", async () => {
    const node = await openChain({ spec });
    // Heavier at first, and without the change.
    const plain = three.grow(three.genesis, 6);
    const ballots = [a, b].map((by) => ({ by, action: "add", authority: candidate }) as const);
    const passed = three.child(three.genesis, { ballots, laterMs: 1 });
    const changed = [passed, ...three.growCertified(passed, 3)];
    await giveAll(node, plain);
    assertAt(node, plain.at(-1)!);
    assert.equal(authorityEntry(node, candidate), undefined);
    await giveAll(node, changed);
    assertAt(node, changed.at(-1)!);
    assert.deepEqual(authorityEntry(node, candidate), [3, false]);
    assert.equal(node.chain.engine.authority!.setAt(node.chain.head).length, 4);
    assertAt(await openChain({ spec }, { disk: node.disk }), changed.at(-1)!);
  });

  it("brings back over a reorganization whom only the other branch put out", async () => {
    const node = await openChain({ spec });
    const evidence = [three.doubleVote(c)];
    const out = [three.child(three.genesis, { producer: a, evidence })];
    out.push(...three.grow(out[0]!, 2));
    // What c seals weighs nothing from now on, so that two of three blocks count.
    const inTurn = three.grow(three.genesis, 7);
    await giveAll(node, out);
    assertAt(node, out.at(-1)!);
    assert.deepEqual(authorityEntry(node, c), [1, true]);
    assert.equal(await node.give(three.anyChild(out.at(-1)!, { producer: c })), "block/producer-unknown");
    await giveAll(node, inTurn);
    assertAt(node, inTurn.at(-1)!);
    assert.deepEqual(authorityEntry(node, c), [0, false]);
    // The evidence of the other branch is known, for the next block to tell; then c is out on this branch, too.
    assert.deepEqual(node.chain.evidence(), evidence);
    const section = node.chain.sectionOn(node.chain.head);
    assert.deepEqual(section.evidence, evidence.map(encodeEvidence));
    assert.equal(node.chain.hasEvidenceFor(node.chain.head), true);
    const told = three.child(inTurn.at(-1)!, { producer: a, evidence });
    assert.equal(await node.give(told), "head");
    assertAt(node, told);
    assert.deepEqual(node.chain.evidence(), []);
    assert.deepEqual(node.chain.sectionOn(node.chain.head).evidence, []);
    assert.equal(node.chain.hasEvidenceFor(node.chain.head), false);
  });

  it("finds two seals of one authority among the blocks that come", async () => {
    const node = await openChain({ spec });
    const [one, other] = [0, 1].map((laterMs) => three.child(three.genesis, { laterMs, producer: b }));
    await giveAll(node, [one!, three.child(three.genesis, { producer: a }), one!]);
    assert.deepEqual(node.evidenceFound, []);
    await node.give(other!);
    assert.deepEqual(
      node.evidenceFound.map(({ kind }) => kind),
      ["double-seal"],
    );
    assert.deepEqual(node.chain.evidence(), node.evidenceFound);
    // Votes, too.
    await node.vote(three.vote(one!, c), three.vote(other!, c));
    assert.equal(node.evidenceFound.length, 2);
  });

  it("offers the certificate of the head's own chain, and asks for empty blocks while somebody waits", async () => {
    const node = await openChain({ spec });
    assert.equal(node.chain.awaitsFinality, false);
    const idle = three.child(three.genesis);
    await node.give(idle);
    assert.equal(node.chain.awaitsFinality, false, "nobody waits for an empty block");
    const busy = three.child(idle, { transactions: [three.builder.transfer(alice, 0, alice, 1n)] });
    await node.give(busy);
    assert.equal(node.chain.awaitsFinality, true);
    assert.deepEqual(node.chain.sectionOn(node.chain.head).certificates, []);
    await node.vote(...three.votes(busy, [a, b]));
    const [certificate] = node.chain.sectionOn(node.chain.head).certificates;
    assert.equal(certificate?.targetHeight, 2);
    assert.deepEqual(node.chain.sectionOn(idle.record).certificates, []);
    const carrier = three.child(busy, { certificate: certificate! });
    await node.give(carrier);
    assert.equal(node.chain.awaitsFinality, true);
    await node.vote(...three.votes(carrier, [b, c]));
    assert.deepEqual(node.chain.final, checkpointOf(busy));
    assert.equal(node.chain.awaitsFinality, false);
    // A change in flight waits for more than votes: its certificates have to stand in blocks.
    const ballots = [a, b].map((by) => ({ by, action: "add", authority: candidate }) as const);
    let head = three.child(carrier, { ballots });
    for (let blocks = 0; blocks < 2; blocks += 1) {
      await node.give(head);
      assert.equal(node.chain.awaitsFinality, true);
      await node.vote(...three.votes(head, [a, b]));
      head = three.child(head, { certificate: node.chain.sectionOn(head.record).certificates[0]! });
    }
    await node.give(head);
    assert.equal(node.chain.engine.authority!.finality(node.chain.head)?.inFlight, undefined);
    assert.equal(three.setOf(head).length, 4);
    assert.equal(node.chain.awaitsFinality, false);
  });

  it("says on the head's own terms why a vote on authorities may not stand in a block", async () => {
    const node = await openChain({ spec });
    const wish = { by: a, action: "add", authority: candidate } as const;
    const vote = three.ballot(three.genesis, wish);
    assert.equal(node.chain.voteFault(vote), undefined);
    assert.equal(node.chain.voteFault(three.builder.sign(alice, 0)), undefined);
    const stranger = three.ballot(three.genesis, { ...wish, by: candidate });
    assert.equal(node.chain.voteFault(stranger)?.code, "transaction/voter-not-authority");
    await node.give(three.child(three.genesis, { ballots: [wish] }));
    assert.equal(node.chain.voteFault(vote)?.code, "transaction/vote-useless");
  });
});

describe("a chain of work", () => {
  it("has no finality, and takes no vote on authorities", async () => {
    const pow = new BlockBuilder(testSpec("pow"));
    const { chain, give } = await openChain({ spec: pow.spec, trustRecovery: new Uint8Array(32) });
    assert.deepEqual(
      [chain.final, chain.awaitsFinality, chain.votes(), chain.evidence()],
      [undefined, false, [], []],
    );
    const authority = alice.publicKey;
    const ballot = {
      kind: "authorityVote",
      action: 1,
      authority,
      expiresAtHeight: 9,
      consent: new Uint8Array(64),
    } as const;
    const vote = pow.sign(alice, 0, ballot);
    assert.equal(chain.voteFault(vote)?.code, "transaction/kind-not-open");
    assert.equal(await give(pow.on(pow.genesis, { transactions: [vote] })), "block/transaction-invalid");
    assert.deepEqual(chain.sectionOn(chain.head), { certificates: [], evidence: [] });
    assert.equal(chain.hasEvidenceFor(chain.head), false);
  });
});

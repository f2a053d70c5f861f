/** Networks that found themselves, in simulated time: any order of starts, dead founders, and chains that meet. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { toHex } from "../../src/base/bytes.ts";
import { founderRank } from "../../src/network/founding/founding-decision.ts";
import { type FoundingNode, FoundingStage } from "./founding-life.ts";

const seeds = 20;

function names(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `node-${index}`);
}

/** The nodes in the order in which they found. */
function inFoundingOrder(nodes: readonly FoundingNode[]): FoundingNode[] {
  const rank = ({ keyPair }: FoundingNode) => toHex(founderRank("lab", keyPair.publicKey));
  return [...nodes].sort((a, b) => (rank(a) < rank(b) ? -1 : 1));
}

function isOneChain(nodes: readonly FoundingNode[]): boolean {
  return nodes.every(({ chainId }) => chainId !== undefined && chainId === nodes[0]?.chainId);
}

async function staged(seed: number, play: (stage: FoundingStage) => Promise<void>): Promise<void> {
  const stage = new FoundingStage(seed);
  try {
    await play(stage);
  } finally {
    await stage.stop();
  }
  for (const { failure } of stage.nodes) assert.equal(failure, undefined);
}

describe("a network that founds itself", () => {
  for (const [order, gapMaxMs] of [
    ["all at once", 0],
    ["in any order, within 20 s", 20_000],
  ] as const) {
    it(`is one chain, ${order}: ${seeds} seeds`, async () => {
      for (let seed = 1; seed <= seeds; seed += 1) {
        await staged(seed, async (stage) => {
          const count = stage.random.between(2, 5);
          for (const name of names(count)) stage.add(`${seed} ${name}`);
          const starts = stage.random.shuffled(stage.nodes);
          for (const node of starts) {
            await stage.clock.advance(stage.random.between(0, gapMaxMs / count));
            node.start();
          }
          await stage.until(`seed ${seed}: one chain`, () => isOneChain(stage.nodes), 60_000);
          const ids = new Set(
            stage.lines.flatMap(({ message }) => (message.includes("founds") ? [message] : [])),
          );
          assert.ok(ids.size > 0);
          // Nobody leaves it again.
          const id = stage.nodes[0]?.chainId;
          await stage.clock.advance(30_000);
          assert.ok(stage.nodes.every(({ chainId }) => chainId === id));
          if (gapMaxMs === 0) {
            assert.deepEqual(
              stage.logged("founds network").map(({ node }) => node),
              [inFoundingOrder(stage.nodes)[0]?.name],
            );
          }
        });
      }
    });
  }

  it("goes on without a founder that dies while the others wait for it", async () => {
    await staged(1, async (stage) => {
      for (const name of names(4)) stage.add(name);
      for (const node of stage.nodes) node.start();
      const [founder, ...others] = inFoundingOrder(stage.nodes) as [FoundingNode, ...FoundingNode[]];
      await stage.clock.advance(3_000);
      founder.crash();
      await stage.until("the others have a chain", () => isOneChain(others));
      assert.deepEqual(
        stage.logged("founds network").map(({ node }) => node),
        [others[0]?.name],
      );
      founder.start();
      await stage.until("it joins when it is back", () => isOneChain(stage.nodes));
      assert.equal(stage.logged("founds network").length, 1);
    });
  });

  it("resumes the genesis that was pinned when its founder was killed before it ran", async () => {
    await staged(2, async (stage) => {
      for (const name of names(3)) stage.add(name);
      for (const node of stage.nodes) node.start();
      const [founder, ...others] = inFoundingOrder(stage.nodes) as [FoundingNode, ...FoundingNode[]];
      await stage.until("it is pinned", () => founder.pinned !== undefined);
      founder.crash();
      const id = founder.pinned && toHex(founder.pinned.spec.chainId);
      await stage.clock.advance(1_000);
      founder.start();
      await stage.until("all are on it", () => isOneChain(stage.nodes));
      assert.equal(others[0]?.chainId, id);
      assert.equal(stage.logged("founds network").length, 1);
    });
  });

  it("waits for as many as are expected", async () => {
    await staged(3, async (stage) => {
      for (const name of names(3)) stage.add(name, { expect: 3 });
      const [a, b, c] = stage.nodes as [FoundingNode, FoundingNode, FoundingNode];
      a.start();
      b.start();
      await stage.clock.advance(600_000);
      assert.equal(stage.logged("founds network").length, 0);
      assert.ok(stage.logged("2 of 3 expected candidates").length > 2, "and says so now and then");
      c.start();
      await stage.until("one chain", () => isOneChain(stage.nodes));
      assert.equal(stage.logged("founds network").length, 1);
    });
  });

  it("is never founded by a follower, which waits and then joins", async () => {
    await staged(4, async (stage) => {
      const follower = stage.add("follower", { authority: false });
      const candidate = stage.add("candidate");
      follower.start();
      await stage.clock.advance(300_000);
      assert.equal(follower.chainId, undefined);
      assert.ok(stage.logged("waiting for a chain of network lab").length > 2);
      candidate.start();
      await stage.until("one chain", () => isOneChain(stage.nodes));
    });
  });

  it("does not mix with others on the same LAN: five names, five chains", async () => {
    await staged(5, async (stage) => {
      for (const name of names(10)) {
        stage.add(name, { network: `lab-${stage.nodes.length % 5}` });
      }
      for (const node of stage.nodes) node.start();
      const groups = [0, 1, 2, 3, 4].map((group) => stage.nodes.filter((_, index) => index % 5 === group));
      await stage.until("each name has one chain", () => groups.every(isOneChain));
      await stage.clock.advance(60_000);
      assert.ok(groups.every(isOneChain));
      assert.equal(new Set(stage.nodes.map(({ chainId }) => chainId)).size, 5);
    });
  });

  it("stops in the middle of whatever it does", async () => {
    for (let stopMs = 0; stopMs <= 20_000; stopMs += 700) {
      await staged(6, async (stage) => {
        for (const name of names(2)) stage.add(name);
        for (const node of stage.nodes) node.start();
        await stage.clock.advance(stopMs);
        const [first] = stage.nodes as [FoundingNode];
        let hasStopped = false;
        void first.stop().then(() => {
          hasStopped = true;
        });
        await stage.until("it has stopped", () => hasStopped, 10_000);
      });
    }
  });
});

describe("two chains of one network that meet", () => {
  /** Two pairs, founded apart. */
  async function apart(stage: FoundingStage): Promise<[FoundingNode[], FoundingNode[]]> {
    for (const name of names(4)) stage.add(name);
    const [left, right] = [stage.nodes.slice(0, 2), stage.nodes.slice(2)];
    stage.network.partition([left.map(({ peerId }) => peerId), right.map(({ peerId }) => peerId)]);
    for (const node of stage.nodes) node.start();
    await stage.until("two chains", () => isOneChain(left) && isOneChain(right));
    assert.ok(!isOneChain(stage.nodes));
    return [left, right];
  }

  it("both provisional: the lower id stays, the other side sets its own aside and joins", async () => {
    await staged(7, async (stage) => {
      const [left, right] = await apart(stage);
      const ids = [left[0]!.chainId!, right[0]!.chainId!].sort() as [string, string];
      stage.network.heal();
      await stage.until("one chain", () => isOneChain(stage.nodes));
      assert.equal(left[0]!.chainId, ids[0]);
      const changed = stage.nodes.filter(({ aside }) => aside.length > 0);
      assert.equal(changed.length, 2);
      for (const { aside } of changed) {
        assert.deepEqual(
          aside.map(({ spec }) => toHex(spec.chainId)),
          [ids[1]],
        );
      }
    });
  });

  it("an established one stays, whichever id is lower", async () => {
    for (const seed of [8, 9, 10, 11]) {
      await staged(seed, async (stage) => {
        const [left, right] = await apart(stage);
        const founder = stage.nodes.find(
          (node) => node.pinned?.origin === "founded" && right.includes(node),
        )!;
        await founder.submitRecord("something to lose");
        const id = founder.chainId;
        stage.network.heal();
        await stage.until("one chain", () => isOneChain(stage.nodes));
        assert.equal(left[0]!.chainId, id);
        await stage.until("one head", () => new Set(stage.nodes.map(({ head }) => head)).size === 1);
      });
    }
  });

  it("both established: they stay apart, and both sides say both ids", async () => {
    await staged(12, async (stage) => {
      const [left, right] = await apart(stage);
      for (const side of [left, right]) {
        await side.find(({ pinned }) => pinned?.origin === "founded")!.submitRecord("something to lose");
      }
      const [ours, theirs] = [left[0]!.chainId, right[0]!.chainId];
      stage.network.heal();
      await stage.clock.advance(120_000);
      for (const node of stage.nodes) {
        assert.equal(node.chainId, left.includes(node) ? ours : theirs);
        const said = stage.logged("genesis mismatch", node.name).map(({ fields }) => fields);
        assert.ok(said.length > 0, `${node.name} says nothing`);
        const ids = said.map((fields) => [
          (fields as { ours: string }).ours,
          (fields as { theirs: string }).theirs,
        ]);
        for (const pair of ids) assert.deepEqual(pair, left.includes(node) ? [ours, theirs] : [theirs, ours]);
      }
    });
  });

  it("a chain that an operator named is never left", async () => {
    await staged(13, async (stage) => {
      const founder = stage.add("founder");
      founder.start();
      await stage.until("it has founded", () => founder.chainId !== undefined);
      await founder.submitRecord("something to lose");
      // The same chain name and network, and provisional: a founded one would give way.
      const other = new FoundingStage(99);
      const elsewhere = other.add("given");
      elsewhere.start();
      await other.until("it has founded", () => elsewhere.chainId !== undefined);
      const spec = elsewhere.pinned?.spec;
      await other.stop();
      const given = stage.add("given", { spec });
      given.start();
      await stage.clock.advance(60_000);
      assert.equal(given.chainId, spec && toHex(spec.chainId));
      assert.ok(stage.logged("genesis mismatch", "given").length > 0);
    });
  });
});

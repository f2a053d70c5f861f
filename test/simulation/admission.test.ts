/** Keys that ask to be authorities and then do nothing, against whole nodes in simulated time: finality goes on. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { authoritiesOf } from "../../src/consensus/engine.ts";
import { addressOf } from "../../src/protocol/identity.ts";
import { type FoundingNode, FoundingStage } from "./founding-life.ts";

const seeds = [1, 2];

function setOf(node: FoundingNode): string[] {
  const { core } = node;
  return core ? authoritiesOf(core.chain.engine, core.chain.head).map(addressOf) : [];
}

function isIn(node: FoundingNode, at: FoundingNode): boolean {
  return setOf(at).includes(addressOf(node.keyPair.publicKey));
}

/** It asks to be admitted, follows the chain, and signs nothing once it is in. */
async function joinsSilently(node: FoundingNode, stage: FoundingStage): Promise<void> {
  node.start();
  await stage.until(`${node.name} has the chain`, () => node.core !== undefined);
  void node.core?.stopProducing();
}

async function pairOf(stage: FoundingStage): Promise<[FoundingNode, FoundingNode]> {
  const pair: [FoundingNode, FoundingNode] = [stage.add("alpha"), stage.add("beta")];
  for (const node of pair) node.start();
  await stage.until("a set of two", () => setOf(pair[0]).length === 2);
  return pair;
}

/** By the founder: nobody else can pay a fee. */
async function recordBecomesFinal(stage: FoundingStage, text: string): Promise<void> {
  const node = stage.nodes.find(({ pinned }) => pinned?.origin === "founded");
  assert.ok(node);
  await node.submitRecord(text);
  const height = node.core?.chain.head.header.height ?? 0;
  await stage.until(`${text} is final`, () => (node.core?.chain.final?.height ?? 0) >= height);
}

describe("open-lan, a set of two", () => {
  it("lets silent keys in one at a time, votes each out, and an honest newcomer comes in after them", async () => {
    for (const seed of seeds) {
      const stage = new FoundingStage(seed);
      try {
        const [alpha, beta] = await pairOf(stage);
        const silent = [stage.add("silent 1"), stage.add("silent 2")];
        for (const node of silent) await joinsSilently(node, stage);
        const gamma = stage.add("gamma");
        gamma.start();
        let largest = 0;
        const watched = (isSo: () => boolean) => () => {
          const idle = silent.filter((node) => isIn(node, alpha)).length;
          largest = Math.max(largest, idle);
          return isSo();
        };
        await stage.until(
          `seed ${seed}: gamma is in, and no silent key`,
          watched(() => isIn(gamma, alpha) && !silent.some((node) => isIn(node, alpha))),
          600_000,
        );
        assert.ok(stage.logged("voted to remove an authority that has neither sealed nor voted").length >= 2);
        assert.equal(largest, 1, "never two silent keys at once");
        await recordBecomesFinal(stage, `after seed ${seed}`);
        assert.ok(isIn(beta, alpha) && isIn(alpha, beta));
      } finally {
        await stage.stop();
      }
    }
  });

  it("grows to five by honest newcomers that come together, and nobody is voted out", async () => {
    const stage = new FoundingStage(4);
    try {
      const [alpha] = await pairOf(stage);
      for (const name of ["gamma", "delta", "epsilon"]) stage.add(name).start();
      await stage.until("a set of five", () => setOf(alpha).length === 5, 300_000);
      assert.deepEqual(stage.logged("voted to remove"), []);
      await recordBecomesFinal(stage, "by five");
    } finally {
      await stage.stop();
    }
  });
});

/** An authority whose clock is off: it says so and signs nothing, the others go on, and it comes back when the clock is set. */

import assert from "node:assert/strict";
import { afterEach, it } from "node:test";
import type { Block } from "../../src/protocol/block.ts";
import { createMemoryNetwork } from "../support/network/memory-network.ts";
import { createSimulatedClock } from "../support/simulated-clock.ts";
import { keyPairNamed, simulatedSpec, simulationStartMs } from "./chains.ts";
import { createSeededRandom } from "./random.ts";
import { memoryAddress, SimulatedNode } from "./simulated-node.ts";

const keys = ["a", "b", "c"].map(keyPairNamed);
const spec = simulatedSpec("poa", keys, []);
const nodes: SimulatedNode[] = [];

afterEach(async () => {
  for (const node of nodes.splice(0)) await node.stop();
});

for (const wrongByMs of [5_000, -5_000]) {
  it(`a clock of ${wrongByMs} ms: one pauses, two go on, three again when it is set right`, async () => {
    const clock = createSimulatedClock(simulationStartMs);
    const random = createSeededRandom(1);
    const network = createMemoryNetwork({ latencyMs: [5, 20], loss: 0 }, { clock, random: random.next });
    const sealed: { node: SimulatedNode; block: Block }[] = [];
    const observer = {
      sealed: (node: SimulatedNode, block: Block) => sealed.push({ node, block }),
      headMoved: () => {},
      finalMoved: () => {},
    };
    for (const [index, keyPair] of keys.entries()) {
      const bootstrap = nodes.map(({ peerId }) => memoryAddress(peerId));
      const node = new SimulatedNode(
        { name: `authority ${index}`, spec, keyPair, bootstrap, rulesOff: {} },
        { clock, network, observer },
      );
      nodes.push(node);
      await node.start();
    }
    const [wrong, ...right] = nodes as [SimulatedNode, ...SimulatedNode[]];
    const reasons = () => nodes.map(({ core }) => core?.producer?.notSealingBecause);
    const sealers = () => new Set(sealed.splice(0).map(({ node }) => node));
    await clock.advance(90_000);
    assert.equal(sealers().size, 3, "all take their turns");

    wrong.setClockWrongBy(wrongByMs);
    await clock.advance(20_000);
    assert.deepEqual(
      reasons().map((reason) => reason === "clock off"),
      [true, false, false],
    );
    sealed.length = 0;
    const finalBefore = right[0]?.core?.chain.final?.height ?? 0;
    await clock.advance(90_000);
    assert.deepEqual(sealers(), new Set(right), "two go on");
    assert.ok((right[0]?.core?.chain.final?.height ?? 0) > finalBefore, "and blocks become final");

    wrong.setClockWrongBy(0);
    await clock.advance(90_000);
    assert.ok(!reasons().includes("clock off"));
    assert.equal(sealers().size, 3, "all take their turns again");
  });
}

/** An authority that comes back from a backup, without its journals or alone: it signs nothing before it has heard another one. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import type { Block } from "../../src/protocol/block.ts";
import { createMemoryNetwork, type MemoryNetwork } from "../support/network/memory-network.ts";
import { createSimulatedClock, type SimulatedClock, simulatedUntil } from "../support/simulated-clock.ts";
import { keyPairNamed, simulatedSpec, simulationStartMs } from "./chains.ts";
import { createSeededRandom } from "./random.ts";
import { memoryAddress, SimulatedNode, type SimulatedNodeOptions } from "./simulated-node.ts";

const hourMs = 3_600_000;
const wait = "no other authority heard";

describe("an authority after its start", () => {
  let clock: SimulatedClock;
  let network: MemoryNetwork;
  const nodes: SimulatedNode[] = [];
  const sealed: { node: SimulatedNode; block: Block }[] = [];

  beforeEach(() => {
    clock = createSimulatedClock(simulationStartMs);
    const random = createSeededRandom(3);
    network = createMemoryNetwork({ latencyMs: [5, 20], loss: 0 }, { clock, random: random.next });
    sealed.length = 0;
  });
  afterEach(async () => {
    for (const node of nodes.splice(0)) await node.stop();
  });

  /** Authorities, each of which dials those before it, and followers that sign nothing. */
  async function stage(authorities: number, followers = 0, changes: Partial<SimulatedNodeOptions> = {}) {
    const keys = Array.from({ length: authorities }, (_, index) => keyPairNamed(`authority ${index}`));
    const spec = simulatedSpec("poa", keys, []);
    const observer = {
      sealed: (node: SimulatedNode, block: Block) => sealed.push({ node, block }),
      headMoved: () => {},
      finalMoved: () => {},
    };
    const started: SimulatedNode[] = [];
    for (let index = 0; index < authorities + followers; index += 1) {
      const keyPair = keys[index] ?? keyPairNamed(`follower ${index}`);
      const bootstrap = started.map(({ peerId }) => memoryAddress(peerId));
      const role = index < authorities ? {} : ({ follows: true } as const);
      const options = { name: `node ${index}`, spec, keyPair, bootstrap, rulesOff: {}, ...role, ...changes };
      const node = new SimulatedNode(options, { clock, network, observer });
      nodes.push(node);
      started.push(node);
      await node.start();
    }
    return started;
  }

  const heightOf = (node: SimulatedNode) => node.core?.chain.head.header.height ?? -1;
  const finalOf = (node: SimulatedNode) => node.core?.chain.final?.height ?? -1;
  const reasonOf = (node: SimulatedNode) => node.core?.producer?.notSealingBecause;
  const blocksOf = (node: SimulatedNode) => sealed.filter((each) => each.node === node).length;
  const bannedOf = (node: SimulatedNode) => {
    const chain = node.core?.chain;
    return chain?.engine.authority?.finality(chain.head).banned.length;
  };

  const until = (what: string, isSo: () => boolean, limitMs = 120_000) =>
    simulatedUntil(clock, what, isSo, limitMs);

  it("was restored from a backup and finds nobody: it signs nothing for an hour, then goes on with the others", async () => {
    const [restored, ...others] = (await stage(4)) as [SimulatedNode, ...SimulatedNode[]];
    await until("all seal", () => nodes.every((node) => blocksOf(node) > 1));
    const restore = await restored.backup();
    const backupHeight = heightOf(restored);
    await until(
      "it seals more, which the backup lacks",
      () => heightOf(restored) > backupHeight + 12,
      600_000,
    );
    restored.crash();
    restore();
    network.partition([[restored.peerId]]);
    const before = blocksOf(restored);
    await restored.start();
    await clock.advance(hourMs);
    assert.equal(reasonOf(restored), wait);
    assert.equal(blocksOf(restored), before, "no block in an hour");
    assert.equal(heightOf(restored), backupHeight);
    network.heal();
    await until("it seals again", () => blocksOf(restored) > before, 600_000);
    await clock.advance(60_000);
    for (const node of [restored, ...others]) assert.equal(bannedOf(node), 0, "nobody is slashed");
    const finals = finalOf(restored);
    await until("its votes count", () => finalOf(restored) > finals);
  });

  it("is slashed if the operator lets a restored one sign alone: what the flag's help warns of", async () => {
    const [restored, other] = (await stage(2, 0, { signsAlone: true })) as [SimulatedNode, SimulatedNode];
    await until("both seal", () => nodes.every((node) => blocksOf(node) > 1));
    const restore = await restored.backup();
    const backupHeight = heightOf(restored);
    await until("it seals more", () => heightOf(restored) > backupHeight + 6, 600_000);
    restored.crash();
    restore();
    network.partition([[restored.peerId]]);
    await restored.start();
    await clock.advance(120_000);
    network.heal();
    await until("the other one has the evidence on its chain", () => bannedOf(other) === 1, 600_000);
  });

  it("has lost its journals: the same", async () => {
    const [bare, ...others] = (await stage(2)) as [SimulatedNode, ...SimulatedNode[]];
    await until("both seal", () => nodes.every((node) => blocksOf(node) > 1));
    bare.crash();
    bare.loseJournals();
    bare.loseDisk();
    for (const other of others) network.partition([[other.peerId]]);
    const before = blocksOf(bare);
    await bare.start();
    await clock.advance(hourMs);
    assert.deepEqual([reasonOf(bare), blocksOf(bare), heightOf(bare)], [wait, before, 0]);
    network.heal();
    await until("it seals again", () => blocksOf(bare) > before, 600_000);
    await clock.advance(60_000);
    for (const node of nodes) assert.equal(bannedOf(node), 0);
    const final = finalOf(bare);
    await until("blocks become final", () => finalOf(bare) > final);
  });

  it("hears only a follower, which is not enough", async () => {
    const [restored, ...rest] = (await stage(2, 1)) as [SimulatedNode, SimulatedNode, SimulatedNode];
    const [other, follower] = rest as unknown as [SimulatedNode, SimulatedNode];
    await until("both seal", () => blocksOf(restored) > 1 && blocksOf(other) > 1);
    const restore = await restored.backup();
    await clock.advance(30_000);
    restored.crash();
    // The follower has been cut off with the backup: it knows nothing of what came later.
    other.crash();
    restore();
    const before = blocksOf(restored);
    await restored.start();
    await until("they are connected", () => (restored.core?.network.peerCount ?? 0) > 0);
    await clock.advance(hourMs);
    assert.equal(reasonOf(restored), wait);
    assert.equal(blocksOf(restored), before);
    assert.ok(follower.core);
    await other.start();
    await until("it seals again", () => blocksOf(restored) > before, 600_000);
    for (const node of nodes) assert.equal(bannedOf(node), 0);
  });

  it("needs no direct connection: what a follower passes on of another authority counts", async () => {
    const [a, b] = (await stage(2, 1)) as [SimulatedNode, SimulatedNode, SimulatedNode];
    const follower = nodes[2] as SimulatedNode;
    await until("both seal", () => blocksOf(a) > 1 && blocksOf(b) > 1);
    network.setLink(a.peerId, b.peerId, { latencyMs: [5, 20], loss: 1 });
    a.crash();
    b.crash();
    await clock.advance(30_000);
    const before = [blocksOf(a), blocksOf(b)];
    for (const node of [a, b]) await node.start();
    await until("both seal again", () => blocksOf(a) > before[0]! && blocksOf(b) > before[1]!, 600_000);
    assert.ok(follower.core);
  });

  for (const count of [2, 4]) {
    it(`goes on within seconds where all ${count} were restarted at once`, async () => {
      await stage(count);
      await until("all seal", () => nodes.every((node) => blocksOf(node) > 1));
      for (const node of nodes) node.crash();
      await clock.advance(30_000);
      const before = nodes.map(blocksOf);
      for (const node of nodes) await node.start();
      const listening = 2 * 2_000 + count * 1_000;
      await until(
        "nobody waits for another",
        () => nodes.every((node) => reasonOf(node) !== wait),
        listening,
      );
      await until("all seal again", () => nodes.every((node, index) => blocksOf(node) > before[index]!));
      const final = finalOf(nodes[0]!);
      await until("blocks become final", () => finalOf(nodes[0]!) > final);
    });
  }

  it("goes on through a partition that comes later", async () => {
    const [a, b] = (await stage(2)) as [SimulatedNode, SimulatedNode];
    await until("both seal", () => blocksOf(a) > 1 && blocksOf(b) > 1);
    network.partition([[a.peerId], [b.peerId]]);
    const before = blocksOf(a);
    await until("it seals alone", () => blocksOf(a) > before + 3, 600_000);
  });

  it("signs alone if its operator says so", async () => {
    const [alone] = (await stage(3, 0, { signsAlone: true })) as [SimulatedNode];
    for (const node of nodes.slice(1)) node.crash();
    alone.crash();
    const before = blocksOf(alone);
    await alone.start();
    await until("it seals", () => blocksOf(alone) > before, 600_000);
  });

  it("needs nobody as the only one of its set", async () => {
    const [lone] = (await stage(1, 1)) as [SimulatedNode];
    await until("it seals", () => blocksOf(lone) > 1);
    lone.crash();
    nodes[1]?.crash();
    const before = blocksOf(lone);
    await lone.start();
    await until("it seals again", () => blocksOf(lone) > before);
  });
});

/** Blocks that are withheld and come late: where they are heavier all go over to them at once, where not nobody does. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { toHex } from "../../src/base/bytes.ts";
import { workOf } from "../../src/consensus/pow/work-rule.ts";
import type { HeaderRecord } from "../../src/protocol/block.ts";
import type { DecodedTransaction } from "../../src/protocol/transaction.ts";
import { coreOf, MiningWorld, withMiningSeed } from "./mining-world.ts";
import type { SimulatedNode } from "./simulated-node.ts";
import { Withholder } from "./withholder.ts";

const sizes = [2, 3, 5, 8, 13, 20];
const honestRates = [30, 30, 30];
const settlingMs = 400_000;
/** Within this a miner has noticed that its hash rate is another one. */
const redraftMs = 1_500;
const roundMaxMs = 1_200_000;

/** One that finds blocks much faster than all others together, and one that finds them much slower. */
const strengths = [
  { name: "a heavier branch", selfishRate: 450, wins: true },
  { name: "a lighter branch", selfishRate: 20, wins: false },
];

function isCommitted(node: SimulatedNode, { id }: DecodedTransaction): boolean {
  return coreOf(node).chain.transaction(id) !== undefined;
}

/** By more than a block: the other branch needs two to make up for it, which no moment is long enough for. */
function isAhead(a: HeaderRecord, b: HeaderRecord): boolean {
  return a.cumulativeWeight - b.cumulativeWeight > workOf(b.header.target) + workOf(b.header.target) / 2n;
}

function leads(a: SimulatedNode, b: SimulatedNode): boolean {
  return isAhead(coreOf(a).chain.head, coreOf(b).chain.head);
}

function headOf(node: SimulatedNode): string {
  return coreOf(node).chain.head.hashHex;
}

for (const { name, selfishRate, wins } of strengths) {
  describe(`${name} that was withheld`, () => {
    it("by a miner that was cut off", () =>
      withMiningSeed(async (seed) => {
        const world = await MiningWorld.start(seed, [30, ...honestRates]);
        const { clock, network, miners, wallets } = world;
        const [selfish, ...honest] = world.nodes as [SimulatedNode, ...SimulatedNode[]];
        const { rig } = miners[0]!;
        const sent: DecodedTransaction[] = [];
        await clock.advance(settlingMs);
        for (const [round, size] of sizes.entries()) {
          const fork = await world.advanceToOneHead();
          network.partition([[selfish.peerId]]);
          rig.hashesPerSecond = selfishRate;
          const [ours, theirs] = wallets.map((wallet) => world.transfer(wallet, round));
          assert.ok((await coreOf(honest[0]!).submit(ours!)).ok);
          assert.ok((await coreOf(selfish).submit(theirs!)).ok);
          sent.push(ours!, theirs!);
          const { chain } = coreOf(selfish);
          const isWanted = () =>
            chain.head.header.height - fork.header.height >= size &&
            leads(wins ? selfish : honest[0]!, wins ? honest[0]! : selfish) &&
            isCommitted(selfish, theirs!) &&
            isCommitted(honest[0]!, ours!);
          await world.advanceUntil(isWanted, roundMaxMs);
          // Everybody rests until the two branches have met: what is released is what was withheld.
          for (const miner of miners) miner.rig.hashesPerSecond = 0;
          await clock.advance(redraftMs);
          const before = (await world.advanceToOneHead(honest)).hashHex;
          assert.ok(isWanted(), "nobody catches up within a moment");
          const expected = wins ? chain.head.hashHex : before;
          network.heal();
          await world.advanceUntil(() => world.nodes.every((node) => headOf(node) === expected), 120_000);
          // The selfish miner finds nothing more: what left its branch has to reach the others.
          for (const { rig: resumed } of miners.slice(1)) resumed.hashesPerSecond = 30;
          await world.advanceUntil(
            () => world.nodes.every((node) => sent.every((one) => isCommitted(node, one))),
            300_000,
          );
        }
        await world.advanceUntil(() => world.isMeshed, 120_000);
        world.assertNobodyLost();
        await world.stop();
      }));

    it("by a miner that stayed connected and announces it all at once", () =>
      withMiningSeed(async (seed) => {
        const world = await MiningWorld.start(seed, [0, ...honestRates]);
        const { clock, wallets } = world;
        const [selfish, ...honest] = world.nodes as [SimulatedNode, ...SimulatedNode[]];
        const secret = new Withholder(
          selfish,
          { hashesPerSecond: selfishRate },
          { clock, random: world.random.next },
        );
        const sent: DecodedTransaction[] = [];
        await clock.advance(settlingMs);
        for (const [round, size] of sizes.entries()) {
          await world.advanceToOneHead();
          await secret.begin();
          const transaction = world.transfer(wallets[0], round);
          assert.ok((await coreOf(honest[0]!).submit(transaction)).ok);
          sent.push(transaction);
          const isWanted = () =>
            secret.withheld.length >= size &&
            honest
              .map((node) => coreOf(node).chain.head)
              .every((head) => (wins ? isAhead(secret.head, head) : isAhead(head, secret.head)));
          await world.advanceUntil(isWanted, roundMaxMs);
          const tip = (await secret.release()).at(-1)!;
          // Longer than any message takes, shorter than anybody asks anybody anything.
          await clock.advance(500);
          for (const node of honest) {
            const { chain } = coreOf(node);
            const record = chain.headerOf(tip.hash);
            // A branch that loses is relayed by nobody: who has it, has it beside the chain.
            assert.ok(record || !wins, `${node.name} has the branch of ${size}`);
            if (record) assert.equal(chain.isCanonical(record), wins, `${node.name}, ${toHex(tip.hash)}`);
          }
          await world.advanceUntil(
            () => world.nodes.every((node) => sent.every((one) => isCommitted(node, one))),
            300_000,
          );
        }
        await secret.giveUp();
        world.assertNobodyLost();
        await world.stop();
      }));
  });
}

it("the transactions of a branch that loses reach the others, however long its node takes to come over", () =>
  withMiningSeed(async (seed) => {
    const world = await MiningWorld.start(seed, [20, 200]);
    const { clock, network, miners, wallets } = world;
    const [loser, winner] = world.nodes as [SimulatedNode, SimulatedNode];
    network.setLink(loser.peerId, winner.peerId, { latencyMs: [700, 900], loss: 0 });
    await clock.advance(settlingMs);
    network.partition([[loser.peerId]]);
    const transaction = world.transfer(wallets[0], 0);
    assert.ok((await coreOf(loser).submit(transaction)).ok);
    await world.advanceUntil(() => isCommitted(loser, transaction), roundMaxMs);
    await clock.advance(100_000);
    miners[0]!.rig.hashesPerSecond = 0;
    network.heal();
    await world.advanceUntil(() => isCommitted(winner, transaction), 300_000);
    world.assertNobodyLost();
    await world.stop();
  }));

/** A flood of votes with which nothing can be done: it is charged, and dropped before it counts as seen; other votes are not. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { afterEach, beforeEach, it } from "node:test";
import { silentLogger } from "../../src/base/logger.ts";
import { FinalityGossip, type FinalityGossipModules } from "../../src/network/gossip/votes.ts";
import { encodeFinalityMessage } from "../../src/network/messages.ts";
import type { TopicOptions } from "../../src/network/peer-host.ts";
import type { KeyPair } from "../../src/protocol/signing.ts";
import { signVote } from "../../src/protocol/vote.ts";
import { authorities, BlockBuilder, keyPairNamed, testSpec } from "../chain/block-builder.ts";
import { createSimulatedClock } from "../support/simulated-clock.ts";
import { memoryNetworkRig, TestNetwork } from "./network-rigs.ts";

const poa = new BlockBuilder(testSpec("poa"));
const [authority] = authorities as [KeyPair];

function voteOf(keyPair: KeyPair, height = 9): Uint8Array {
  const source = { height: 0, hash: randomBytes(32) };
  const target = { height, hash: randomBytes(32) };
  return encodeFinalityMessage({ kind: "vote", vote: signVote(poa.spec.chainId, source, target, keyPair) });
}

let stage: TestNetwork;
beforeEach(() => {
  stage = new TestNetwork(memoryNetworkRig());
});
afterEach(() => stage.stop());

const stranger = keyPairNamed("stranger");
const useless: readonly [string, () => Uint8Array][] = [
  ["votes of strangers", () => voteOf(stranger)],
  ["votes of an authority for what is final", () => voteOf(authority, 0)],
];

for (const [what, make] of useless)
  it(`charges a flood of ${what}, and drops them before they count as seen`, async () => {
    const { core } = await stage.node("a", poa.spec);
    const clock = createSimulatedClock(0);
    const told: { options?: TopicOptions; offences: string[] } = { offences: [] };
    const host = {
      serve() {},
      subscribe(_topic: string, options: TopicOptions) {
        told.options = options;
      },
      report(_peer: string, offence: string) {
        told.offences.push(offence);
      },
    };
    const modules = { host, chain: core.chain, clock, logger: silentLogger };
    const gossip = new FinalityGossip(modules as unknown as FinalityGossipModules);
    gossip.start();
    const { hasRoomFor, judge } = told.options as Required<TopicOptions>;

    for (let index = 0; index < 32; index += 1) {
      assert.ok(hasRoomFor(make(), "flood"), "a few are not looked at twice");
      assert.equal(await judge(make(), "flood"), "ignore");
    }
    assert.equal(await judge(make(), "flood"), "ignore");
    assert.ok(!hasRoomFor(make(), "flood"));
    assert.ok(hasRoomFor(voteOf(authority), "flood"));
    assert.ok(hasRoomFor(randomBytes(40), "flood"), "what is malformed is for the judge");
    assert.ok(hasRoomFor(make(), "honest"));

    assert.deepEqual(told.offences, []);
    for (let index = 0; index < 64; index += 1) hasRoomFor(make(), "flood");
    assert.ok(told.offences.length > 0);
    assert.deepEqual([...new Set(told.offences)], ["useless vote"]);

    await clock.advance(60_000);
    assert.ok(hasRoomFor(make(), "flood"), "it is forgotten");
    gossip.close();
  });

/** What gossipsub remembers of messages is bounded in number. */
import assert from "node:assert/strict";
import { it } from "node:test";
import type { GossipSub } from "@chainsafe/libp2p-gossipsub";
import { boundMemory, type GossipMemory } from "../../src/network/libp2p/gossip-memory.ts";
import { idleGossip } from "./host-rigs.ts";

const max = 100;

it("forgets the oldest message where there would be one too many", async () => {
  const gossip = (await idleGossip()) as GossipSub & GossipMemory;
  boundMemory(gossip, max);
  const { seenCache, score } = gossip;
  for (let index = 0; index < 3 * max; index += 1) {
    assert.equal(seenCache.put(`${index}`), false, "it is new");
    assert.equal(seenCache.put(`${index}`), true, "it was seen");
    score.deliveryRecords.ensureRecord(`${index}`);
    score.deliveryRecords.ensureRecord(`${index}`);
  }
  const newest = Array.from({ length: max }, (_, index) => `${2 * max + index}`);
  assert.deepEqual([...seenCache.entries.keys()], newest);
  assert.deepEqual([...score.deliveryRecords.records.keys()], newest);
});

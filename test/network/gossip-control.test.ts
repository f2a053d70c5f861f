/** However many large messages come, this node tells its neighbours of few that it does not want them. */
import assert from "node:assert/strict";
import { it } from "node:test";
import type { GossipSub } from "@chainsafe/libp2p-gossipsub";
import { defaultPeerLimits } from "../../src/network/host/peer-limits.ts";
import { boundControl, type GossipControl } from "../../src/network/libp2p/gossip-control.ts";
import { createSimulatedClock } from "../support/simulated-clock.ts";
import { idleGossip } from "./host-rigs.ts";

const topic = "/aurex/test/1";

interface Sending extends GossipSub, GossipControl {
  readonly mesh: Map<string, Set<string>>;
  sendRpcInBatch(peers: Set<string>, rpc: unknown): void;
}

it("sends a bounded number of IDONTWANT, far below the line at which a neighbour hangs up", async () => {
  const gossip = (await idleGossip()) as Sending;
  let sent = 0;
  gossip.mesh.set(topic, new Set());
  gossip.sendRpcInBatch = () => {
    sent += 1;
  };
  const clock = createSimulatedClock(0);
  boundControl(gossip, clock);
  const flood = (count: number) => {
    for (let index = 0; index < count; index += 1)
      gossip.sendIDontWants(new Uint8Array([index]), topic, "flood");
  };
  flood(3);
  assert.equal(sent, 3, "a few are sent");
  flood(5_000);
  assert.ok(sent < defaultPeerLimits.gossipControlBurst / 4, `${sent} at once`);
  const atOnce = sent;
  await clock.advance(1_000);
  flood(5_000);
  assert.ok(sent > atOnce, "it goes on");
  assert.ok(sent - atOnce < defaultPeerLimits.gossipControlPerSecond / 2, `${sent - atOnce} in a second`);
});

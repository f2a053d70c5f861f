/** What a node's log says of peers and blocks at info, over either host. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { chainTopics } from "../../src/network/messages.ts";
import { BlockBuilder, testSpec } from "../chain/block-builder.ts";
import { suiteMaxMs } from "../support/patience.ts";
import { headIs, libp2pNetworkRig, memoryNetworkRig, type NetworkRig, TestNetwork } from "./network-rigs.ts";

for (const [name, makeRig] of [
  ["in memory", memoryNetworkRig],
  ["over libp2p", libp2pNetworkRig],
] as const) {
  describe(`log lines ${name}`, { timeout: suiteMaxMs }, () => {
    const pow = new BlockBuilder(testSpec("pow"));
    let rig: NetworkRig;
    let stage: TestNetwork;
    beforeEach(() => {
      rig = makeRig();
      stage = new TestNetwork(rig);
    });
    afterEach(() => stage.stop());

    it("name who comes, what comes from whom, to how many it goes, and who goes", async () => {
      const a = await stage.node("a", pow.spec);
      const b = await stage.node("b", pow.spec);
      const said = (start: string) =>
        a.lines
          .filter(({ message }) => message.startsWith(start))
          .map(({ message, fields }) => ({ message, fields: fields as Record<string, unknown> }));
      const { blocks } = chainTopics(pow.spec.chainId);
      await stage.connect(b.host, a.host);
      await rig.until(() => said("peer connected").length === 1, "a names b");
      const connected = said("peer connected")[0]?.fields;
      assert.deepEqual([connected?.node, connected?.direction, connected?.peers], ["b", "inbound", 1]);
      assert.equal(connected?.peer, b.host.peerId.slice(-8));

      const block = pow.on(pow.genesis);
      await b.has(block);
      await rig.until(() => b.host.meshPeers(blocks).length === 1, "the mesh has formed");
      b.core.network.announceBlock(block.block);
      await rig.until(headIs(a, block), "a has the block");
      await rig.until(() => said("Block validation").length === 1, "a says so");
      const imported = said("Block validation")[0];
      assert.match(imported?.message ?? "", /^Block validation: ✅/);
      const { height, hash, transactions, from, relayed, ms, producer } = imported?.fields ?? {};
      assert.deepEqual([height, hash, transactions], [1, block.block.hashHex, 0]);
      assert.deepEqual([from, relayed], ["b", "0/0 peers"]);
      assert.ok(typeof ms === "number" && ms >= 0);
      assert.match(`${producer}`, /^aurex1/);

      a.core.network.announceBlock(block.block);
      await rig.until(() => said("Broadcast").length === 1, "a says to how many it went");
      assert.match(said("Broadcast")[0]?.message ?? "", /^Broadcast: \d\/1 peers$/);

      await rig.drive(b.host.ban(a.host.peerId, 60_000, "for the test"));
      await rig.until(() => said("peer disconnected").length === 1, "a says that b has gone");
      assert.deepEqual(said("peer disconnected")[0]?.fields, {
        node: "b",
        peer: b.host.peerId.slice(-8),
        reason: "it left, or the connection was lost",
        peers: 0,
      });
    });
  });
}

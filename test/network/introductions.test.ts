/** Nodes that know only one and the same peer get to know each other, over either host: node list, notices, and limits. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { fromUtf8, toHex } from "../../src/base/bytes.ts";
import { chainTopics, nodeListProtocol } from "../../src/network/messages.ts";
import { signConsent } from "../../src/protocol/authority-consent.ts";
import {
  type CandidacyNotice,
  encodeCandidacyNotice,
  signCandidacyNotice,
} from "../../src/protocol/candidacy-notice.ts";
import { engineNumbers } from "../../src/protocol/genesis.ts";
import { nodeIdOf } from "../../src/protocol/identity.ts";
import {
  encodeNodeRecord,
  nodeRoles,
  openNodeRecord,
  signNodeRecord,
} from "../../src/protocol/node-record.ts";
import { BlockBuilder, keyPairNamed, testSpec } from "../chain/block-builder.ts";
import { suiteMaxMs } from "../support/patience.ts";
import {
  ask,
  isConnected,
  libp2pNetworkRig,
  memoryNetworkRig,
  type NetworkRig,
  TestNetwork,
} from "./network-rigs.ts";

const pow = new BlockBuilder(testSpec("pow"));
const otherPow = new BlockBuilder(testSpec("pow", { salt: "09".repeat(32) }));
const poa = new BlockBuilder(testSpec("poa"));

for (const [name, makeRig] of [
  ["in memory", memoryNetworkRig],
  ["over libp2p", libp2pNetworkRig],
] as const) {
  describe(`introductions ${name}`, { timeout: suiteMaxMs }, () => {
    let rig: NetworkRig;
    let stage: TestNetwork;
    beforeEach(() => {
      rig = makeRig();
      stage = new TestNetwork(rig);
    });
    afterEach(() => stage.stop());

    it("connect two nodes that both know only a third one", async () => {
      const a = await stage.node("a", pow.spec);
      const b = await stage.node("b", pow.spec);
      const c = await stage.node("c", pow.spec);
      await stage.connect(b.host, a.host);
      await rig.until(() => a.core.network.directory.records().length >= 2, "a has heard of b");
      await stage.connect(c.host, a.host);
      await rig.until(() => isConnected(b.host, c.host) && isConnected(c.host, b.host), "b and c have met");
    });

    it("serve the records that a node knows, its own among them, each signed", async () => {
      const a = await stage.node("a", pow.spec);
      const asking = await stage.stranger("asking");
      await stage.connect(asking, a.host);
      const answer = await ask(rig, asking, a.host, nodeListProtocol, new Uint8Array(0));
      assert.ok(Array.isArray(answer), `${answer}`);
      const records = answer.map((bytes) => openNodeRecord(bytes));
      assert.ok(records.some((record) => record.ok && nodeIdOf(record.value.publicKey) === a.host.peerId));
    });

    it("dial nobody of another chain, nor whom a record with a wrong signature names", async () => {
      const a = await stage.node("a", pow.spec);
      const victim = await stage.stranger("victim");
      const liar = await stage.stranger("liar", ["/aurex/nodes/1"]);
      await stage.connect(liar, a.host);
      await rig.until(() => liar.topicPeers("/aurex/nodes/1").length > 0, "the liar is heard");
      const record = (key: string, chainId: Uint8Array) =>
        signNodeRecord(
          {
            name: fromUtf8(key),
            addresses: victim.addresses().map(fromUtf8),
            chainId,
            engine: engineNumbers.pow,
            role: nodeRoles.follower,
            height: 0,
            timestampMs: rig.clock.nowMs(),
            software: fromUtf8("test"),
          },
          keyPairNamed(key),
        );
      const ofOtherChain = record("victim", otherPow.spec.chainId);
      await rig.drive(liar.publish("/aurex/nodes/1", encodeNodeRecord(ofOtherChain)));
      const forged = { ...record("victim", pow.spec.chainId), height: 7 };
      await rig.drive(liar.publish("/aurex/nodes/1", encodeNodeRecord(forged)));
      await rig.until(() => a.core.network.directory.records().length >= 2, "the first one is known");
      await rig.pass(4_000);
      assert.equal(isConnected(a.host, victim), false);
    });

    for (const bad of ["signature", "consent"]) {
      it(`carry a candidate's notice to nodes that are not connected with it, and none with a bad ${bad}`, async () => {
        const { candidates } = chainTopics(poa.spec.chainId);
        const [a, b] = [await stage.node("a", poa.spec), await stage.node("b", poa.spec)];
        const candidate = await stage.stranger("candidate", [candidates]);
        const heard: CandidacyNotice[] = [];
        b.core.network.events.on("candidacyNotice", (notice) => heard.push(notice));
        await stage.connect(a.host, b.host);
        await stage.connect(candidate, a.host);
        await rig.until(
          () => candidate.topicPeers(candidates).length > 0 && a.host.topicPeers(candidates).length > 1,
          "all listen",
        );
        const keyPair = keyPairNamed("candidate");
        const { chainId } = poa.spec;
        const notice = (height: number, ageMs = 0, consentOf = keyPair) =>
          signCandidacyNotice(
            chainId,
            {
              name: fromUtf8("candidate"),
              height,
              timestampMs: rig.clock.nowMs() - ageMs,
              expiresAtHeight: 1_000,
              consent: signConsent(chainId, 1_000, consentOf),
            },
            keyPair,
          );
        const publish = (said: CandidacyNotice) =>
          rig.drive(candidate.publish(candidates, encodeCandidacyNotice(said)));
        await publish(notice(1, 120_000));
        await publish(
          bad === "consent" ? notice(4, 0, keyPairNamed("another")) : { ...notice(2), height: 3 },
        );
        await publish(notice(5));
        await rig.until(() => heard.length > 0, "b has heard of the candidate");
        // A second one so soon is one too many.
        await publish(notice(6));
        await rig.pass(500);
        assert.deepEqual(
          heard.map(({ height, publicKey }) => [height, toHex(publicKey)]),
          [[5, toHex(keyPair.publicKey)]],
        );
      });
    }
  });
}

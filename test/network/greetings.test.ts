/** What connected nodes tell each other about themselves, how often, and what a node of another version is told. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { silentLogger } from "../../src/base/logger.ts";
import { foundOrJoin } from "../../src/network/founding/founding.ts";
import {
  CandidacyMessageType,
  candidacyProtocol,
  chainTopics,
  HandshakeType,
  handshakeProtocol,
  oldHelloProtocol,
  PresenceMessageType,
  presenceProtocol,
  StatusType,
  statusProtocol,
} from "../../src/network/messages.ts";
import type { PeerHost } from "../../src/network/peer-host.ts";
import { CandidacyExchange } from "../../src/network/peers/candidacy-exchange.ts";
import { signPresence } from "../../src/protocol/presence.ts";
import { BlockBuilder, keyPairNamed, testSpec } from "../chain/block-builder.ts";
import { handshakeOf, serveGreeting, serving, statusOf } from "./greeting-words.ts";
import { ask, headIs, isConnected, memoryNetworkRig, type NetworkRig, TestNetwork } from "./network-rigs.ts";

const poa = new BlockBuilder(testSpec("poa"));

describe("greeting", () => {
  let rig: NetworkRig;
  let network: TestNetwork;
  beforeEach(() => {
    rig = memoryNetworkRig();
    network = new TestNetwork(rig);
  });
  afterEach(() => network.stop());

  /** A stranger of our chain that counts what it is asked, in the order of the protocols. */
  async function counting(name: string) {
    const host = await network.stranger(name);
    const asked = { handshakes: 0, statuses: 0, bytes: 0 };
    host.serve(handshakeProtocol, {
      ...serving,
      handle: () => {
        asked.handshakes += 1;
        return [HandshakeType.serialize(handshakeOf(name, {}, poa))];
      },
    });
    host.serve(statusProtocol, {
      ...serving,
      handle: (status) => {
        asked.statuses += 1;
        asked.bytes = status.length;
        return [StatusType.serialize(statusOf([], {}, poa))];
      },
    });
    return { host, asked };
  }

  it("shakes hands once for each connection, and says where its chain stands again and again", async () => {
    const node = await network.node("node", poa.spec);
    const { host, asked } = await counting("stranger");
    await network.connect(node.host, host);
    await rig.pass(60_000);
    assert.equal(asked.handshakes, 1);
    assert.ok(asked.statuses >= 8, `${asked.statuses} statuses`);
    assert.equal(
      asked.bytes,
      129,
      "every eight seconds; the hello that held everything had 215 and the names",
    );
    await rig.drive(node.host.disconnect(host.peerId));
    await rig.until(
      () => node.core.network.directory.identified(host.peerId) === undefined,
      "it is forgotten",
    );
    await network.connect(node.host, host);
    await rig.pass(10_000);
    assert.equal(asked.handshakes, 2);
    assert.ok(node.core.network.directory.peer(host.peerId)?.sameChain);
  });

  it("asks one peer after another in a round, and not all of them in one moment", async () => {
    const node = await network.node("node", poa.spec);
    const askedMs: number[] = [];
    const strangers = 20;
    for (let index = 0; index < strangers; index += 1) {
      const name = `stranger ${index}`;
      const host = await network.stranger(name);
      serveGreeting(host, handshakeOf(name, {}, poa), () => {
        askedMs.push(rig.clock.monotonicMs());
        return statusOf([], {}, poa);
      });
      await network.connect(node.host, host);
    }
    // What comes with a new connection is over, and so are the first rounds.
    await rig.pass(30_000);
    askedMs.length = 0;
    await rig.pass(16_000);
    assert.ok(askedMs.length >= strangers, `${askedMs.length} statuses`);
    const inOneMoment = Map.groupBy(askedMs, (ms) => Math.floor(ms / 10));
    for (const each of inOneMoment.values()) assert.ok(each.length <= 2, `${each.length} in one moment`);
  });

  it("takes no status from a peer whose handshake has not come", async () => {
    const node = await network.node("node", poa.spec);
    const silent = await network.stranger("silent");
    await network.connect(silent, node.host);
    const status = StatusType.serialize(statusOf([], { height: 1e6 }, poa));
    assert.equal((await ask(rig, silent, node.host, statusProtocol, status)).length, 1, "it is answered");
    assert.equal(node.core.network.directory.peer(silent.peerId), undefined);
    const candidacy = CandidacyMessageType.serialize({ height: 0, candidacy: [] });
    node.core.network.events.on("candidacy", () => assert.fail("nobody knows who that is"));
    assert.equal((await ask(rig, silent, node.host, candidacyProtocol, candidacy)).length, 1);
  });

  it("tells once that a wish to become an authority has ended", async () => {
    const node = await network.node("node", poa.spec);
    const stranger = await network.stranger("stranger");
    const said: number[] = [];
    stranger.serve(candidacyProtocol, {
      ...serving,
      handle: (message) => {
        said.push(CandidacyMessageType.deserialize(message).candidacy.length);
        return [CandidacyMessageType.serialize({ height: 0, candidacy: [] })];
      },
    });
    await network.connect(node.host, stranger);
    let candidacy: { expiresAtHeight: number; consent: Uint8Array } | undefined;
    const exchange = new CandidacyExchange({
      host: node.host,
      chain: node.core.chain,
      clock: rig.clock,
      logger: silentLogger,
      candidacy: () => candidacy,
      heard: () => {},
    });
    for (const wish of [
      undefined,
      { expiresAtHeight: 9, consent: new Uint8Array(64) },
      undefined,
      undefined,
    ]) {
      candidacy = wish;
      exchange.tell(stranger.peerId);
      await rig.pass(100);
    }
    assert.deepEqual(said, [1, 0]);
  });

  it("tells each of two processes with one key of the other as soon as the second one is heard", async () => {
    // This node signs nothing itself: any peer protects those that do.
    const node = await network.node("node", poa.spec);
    const keyPair = keyPairNamed("twice");
    const presenceOf = (instance: number) => {
      const nowMs = rig.clock.nowMs();
      const said = { instance: new Uint8Array(32).fill(instance), startedMs: nowMs, timestampMs: nowMs };
      return signPresence(poa.spec.chainId, said, keyPair);
    };
    const twice = await network.stranger("twice");
    serveGreeting(twice, handshakeOf("twice", {}, poa), () => statusOf([], {}, poa));
    const asked: number[] = [];
    twice.serve(presenceProtocol, {
      ...serving,
      handle: (message) => {
        const { own, twin } = PresenceMessageType.deserialize(message);
        assert.equal(own.length, 0);
        asked.push(twin[0]?.instance[0] ?? 0);
        // The older process happens to answer.
        return [PresenceMessageType.serialize({ own: [presenceOf(1)], twin: [] })];
      },
    });
    await network.connect(node.host, twice);
    await rig.until(() => node.core.network.directory.identified(twice.peerId) !== undefined, "it is known");
    const tell = async (instance: number) => {
      const request = PresenceMessageType.serialize({ own: [presenceOf(instance)], twin: [] });
      const answer = await ask(rig, twice, node.host, presenceProtocol, request);
      assert.ok(Array.isArray(answer));
      return PresenceMessageType.deserialize(answer[0]!).twin[0]?.instance[0];
    };
    assert.equal(await tell(1), undefined);
    await rig.pass(30_000);
    assert.deepEqual(asked, [], "a node that signs nothing asks nobody");
    assert.equal(await tell(2), 1, "the newer process hears of the older one in the answer");
    await rig.pass(100);
    assert.deepEqual(asked, [1], "and whichever answers is asked at once");
    assert.equal(await tell(2), 1);
  });

  it("keeps what a peer begins for its own next word: of two authorities one asks, both are heard", async () => {
    const node = await network.node("node", poa.spec, { instance: new Uint8Array(32).fill(1) });
    const signing = await network.stranger("signing");
    serveGreeting(signing, handshakeOf("signing", {}, poa), () => statusOf([], {}, poa));
    let asked = 0;
    signing.serve(presenceProtocol, {
      ...serving,
      handle: () => {
        asked += 1;
        return [PresenceMessageType.serialize({ own: [], twin: [] })];
      },
    });
    await network.connect(node.host, signing);
    await rig.pass(20_000);
    const [said, instance] = [rig.clock.nowMs(), new Uint8Array(32).fill(2)];
    const own = signPresence(
      poa.spec.chainId,
      { instance, startedMs: said, timestampMs: said },
      keyPairNamed("signing"),
    );
    const request = PresenceMessageType.serialize({ own: [own], twin: [] });
    asked = 0;
    for (let round = 0; round < 5; round += 1) {
      const answer = await ask(rig, signing, node.host, presenceProtocol, request);
      assert.ok(Array.isArray(answer));
      assert.equal(
        PresenceMessageType.deserialize(answer[0]!).own.length,
        1,
        "the answer has the node's word",
      );
      await rig.pass(7_500);
    }
    assert.ok(asked <= 1, `asked ${asked} times`);
    await rig.pass(40_000);
    assert.ok(asked >= 4, `asked ${asked} times after the peer fell silent`);
  });
});

describe("a peer of another version", () => {
  const topic = chainTopics(poa.spec.chainId).blocks;
  let rig: NetworkRig;
  let network: TestNetwork;
  beforeEach(() => {
    rig = memoryNetworkRig();
    network = new TestNetwork(rig);
  });
  afterEach(() => network.stop());

  /** Answers a hello as Aurex did when one message held everything: by a reset where the first byte is not 2. */
  function speakOldHello(host: PeerHost): number[] {
    const versions: number[] = [];
    host.serve(oldHelloProtocol, {
      ...serving,
      handle: (hello) => {
        versions.push(hello[0]!);
        throw new Error(`codec/malformed hello: version ${hello[0]}`);
      },
    });
    return versions;
  }

  it("that is older is named once, told so in its own protocol, and stays connected", async () => {
    const node = await network.node("node", poa.spec);
    const older = await network.stranger("older", [topic]);
    const versions = speakOldHello(older);
    await network.connect(older, node.host);
    const oldHello = new Uint8Array(300);
    oldHello[0] = 2;
    const answer = await ask(rig, older, node.host, oldHelloProtocol, oldHello);
    assert.ok(Array.isArray(answer));
    assert.deepEqual([...answer[0]!], [3], "a version that the older node does not know, and nothing else");
    await rig.pass(60_000);
    const named = node.warnings.filter(({ message }) => message.includes("older Aurex"));
    assert.equal(named.length, 1);
    assert.match(named[0]!.message, /\/aurex\/hello\/1.*update the peer's node/);
    assert.equal((named[0]!.fields as { peer?: string }).peer, older.peerId);
    assert.ok(versions.length <= 1, "asked once at most");
    assert.equal(node.core.network.directory.identified(older.peerId), undefined);
    assert.ok(isConnected(node.host, older));
    const block = poa.on(poa.genesis);
    await rig.drive(older.publish(topic, block.block.bytes));
    await rig.until(headIs(node, block), "its blocks still come by gossip");
  });

  it("that only answers is asked in the old protocol, so that its log names the version, too", async () => {
    const node = await network.node("node", poa.spec);
    const older = await network.stranger("older");
    const versions = speakOldHello(older);
    await network.connect(node.host, older);
    await rig.pass(30_000);
    assert.deepEqual(versions, [3]);
    assert.equal(node.warnings.filter(({ message }) => message.includes("older Aurex")).length, 1);
  });

  it("that speaks neither is named as newer", async () => {
    const node = await network.node("node", poa.spec);
    const newer = await network.stranger("newer");
    await network.connect(node.host, newer);
    await rig.pass(30_000);
    const named = node.warnings.filter(({ message }) => message.includes("newer Aurex"));
    assert.equal(named.length, 1);
    assert.match(named[0]!.message, /update this node/);
  });

  it("is named by a node that has no chain yet", async () => {
    const older = await network.stranger("older");
    speakOldHello(older);
    const host = await rig.makeHost("founding");
    const messages: string[] = [];
    const stopping = new AbortController();
    const founding = foundOrJoin(
      {
        network: "test",
        name: "founding",
        publicKey: keyPairNamed("founding").publicKey,
        authority: false,
        expect: 1,
        admission: "vote",
      },
      {
        host,
        clock: rig.clock,
        logger: { ...silentLogger, warn: (_fields, message) => void messages.push(message) },
        salt: () => new Uint8Array(32),
      },
      stopping.signal,
    );
    await rig.pass(100);
    await network.connect(host, older);
    await rig.pass(10_000);
    stopping.abort();
    assert.equal(await rig.drive(founding), undefined);
    assert.equal(messages.filter((message) => message.includes("older Aurex")).length, 1);
  });
});

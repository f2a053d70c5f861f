/** What the network must do over either host: run against both twins by network-twins.test.ts. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { toHex } from "../../src/base/bytes.ts";
import {
  type CandidacyMessage,
  CandidacyMessageType,
  candidacyProtocol,
  chainProtocols,
  chainTopics,
  encodeAnnouncement,
  encodeFinalityMessage,
  encodeTransactionsMessage,
  genesisProtocol,
  HandshakeType,
  handshakeProtocol,
  nodesTopic,
  presenceProtocol,
  RangeRequestType,
  StatusType,
  statusProtocol,
} from "../../src/network/messages.ts";
import type { ConnectedPeer } from "../../src/network/peer-host.ts";
import { noStatus } from "../../src/network/peers/status.ts";
import { decodeBlock } from "../../src/protocol/block.ts";
import { decodeGenesis, engineNumbers } from "../../src/protocol/genesis.ts";
import { sha256 } from "../../src/protocol/hashing.ts";
import { nodeIdOf } from "../../src/protocol/identity.ts";
import {
  alice,
  authorities,
  BlockBuilder,
  type BuiltBlock,
  bob,
  keyPairNamed,
  testSpec,
} from "../chain/block-builder.ts";
import { suiteMaxMs } from "../support/patience.ts";
import { doubleVote, voteFor } from "./finality-messages.ts";
import { handshakeOf, serveGreeting, serving, statusOf } from "./greeting-words.ts";
import { ask, headIs, isConnected, type NetworkRig, TestNetwork, type TestNode } from "./network-rigs.ts";

const pow = new BlockBuilder(testSpec("pow"));
const poa = new BlockBuilder(testSpec("poa"));
const topics = chainTopics(pow.spec.chainId);
const protocols = chainProtocols(pow.spec.chainId);
const poaTopics = chainTopics(poa.spec.chainId);
const junk = new Uint8Array(200).fill(7);

/** What a node said about other chains. */
function mismatches({ warnings }: TestNode): object[] {
  return warnings.filter(({ message }) => message.startsWith("genesis mismatch")).map(({ fields }) => fields);
}

export function networkContract(name: string, makeRig: () => NetworkRig): void {
  describe(`network: ${name}`, { timeout: suiteMaxMs }, () => {
    let rig: NetworkRig;
    let network: TestNetwork;
    beforeEach(() => {
      rig = makeRig();
      network = new TestNetwork(rig);
    });
    afterEach(() => network.stop());

    /** Nodes in a row, each connected to the next, greeted and seeing each other in the block topic. */
    async function row(count: number, builder = pow): Promise<TestNode[]> {
      const nodes: TestNode[] = [];
      for (let index = 0; index < count; index += 1) {
        // Introduced to each other they would soon be no row any more.
        nodes.push(await network.node(`node ${index}`, builder.spec, { introductions: false }));
        if (index > 0) await network.connect(nodes[index - 1]!.host, nodes[index]!.host);
      }
      const { blocks, transactions, votes } = chainTopics(builder.spec.chainId);
      const shared = [blocks, transactions, nodesTopic, ...(builder === poa ? [votes] : [])];
      await rig.until(
        () =>
          nodes.every(({ host, core }, index) => {
            const neighbours = index === 0 || index === count - 1 ? 1 : 2;
            const seen = shared.map((topic) => host.topicPeers(topic).length);
            return (
              seen.every((peers) => peers === neighbours) &&
              core.network.directory.peersOnChain().length === neighbours
            );
          }),
        "all have greeted their neighbours",
      );
      // A mesh over libp2p forms with its heartbeat.
      await rig.pass(1_500);
      return nodes;
    }

    it("carries blocks and transactions over three hops", async () => {
      const nodes = await row(4);
      const [first] = nodes;
      const sent = pow.transfer(alice, 0, bob, 5n);
      assert.ok((await rig.drive(first!.core.submit(sent))).ok);
      await rig.until(
        () => nodes.every(({ core }) => core.mempool.has(sent.idHex)),
        "the transaction is in every mempool",
      );
      const block = pow.on(pow.genesis, { transactions: [sent] });
      await first!.has(block);
      first!.core.network.announceBlock(block.block);
      for (const node of nodes) {
        await rig.until(headIs(node, block), "the block is everybody's head");
        assert.equal(node.core.mempool.count, 0);
        assert.equal(node.core.chain.ledger.account(toHex(bob.publicKey))?.balance, 5n);
      }
    });

    it("names a genesis mismatch on both sides, and parts where nobody decides between the chains", async () => {
      const other = new BlockBuilder(testSpec("pow", { salt: "dd".repeat(32) }));
      const ours = await network.node("ours", pow.spec);
      const theirs = await network.node("theirs", other.spec);
      // Who merely listens decides nothing.
      ours.core.network.events.on("otherChain", () => assert.fail("it is refused at once"));
      await network.connect(ours.host, theirs.host);
      await rig.until(() => !isConnected(ours.host, theirs.host), "they part");
      const [a, b] = [toHex(pow.spec.chainId), toHex(other.spec.chainId)];
      assert.deepEqual(mismatches(ours)[0], { peer: theirs.host.peerId, ours: a, theirs: b });
      assert.deepEqual(mismatches(theirs)[0], { peer: ours.host.peerId, ours: b, theirs: a });
    });

    it("stays with a peer of another chain while somebody decides, and parts when told", async () => {
      const other = new BlockBuilder(testSpec("poa", { salt: "dd".repeat(32) }));
      const ours = await network.node("ours", poa.spec, { otherChains: "report" });
      const theirs = await network.node("theirs", other.spec, { otherChains: "report" });
      const told: [string, string][] = [];
      for (const { core } of [ours, theirs]) {
        core.network.events.on("otherChain", ({ peerId, handshake }) =>
          told.push([peerId, toHex(handshake.chainId)]),
        );
      }
      await network.connect(ours.host, theirs.host);
      const isTold = ({ host }: TestNode, { spec }: BlockBuilder) =>
        told.some(([peer, chainId]) => peer === host.peerId && chainId === toHex(spec.chainId));
      await rig.until(() => isTold(theirs, other) && isTold(ours, poa), "both are told");
      await rig.pass(2_000);
      assert.ok(isConnected(ours.host, theirs.host));
      assert.equal(ours.core.network.directory.peersOnChain().length, 0);
      ours.core.network.refuseChain(theirs.host.peerId);
      await rig.until(() => !isConnected(ours.host, theirs.host), "they part");
      assert.equal(mismatches(ours).length, 1);
    });

    it("keeps a peer without a chain, and serves it the genesis", async () => {
      const node = await network.node("node", poa.spec, { otherChains: "report" });
      let decisions = 0;
      node.core.network.events.on("otherChain", () => {
        decisions += 1;
      });
      const founding = await network.stranger("founding");
      await network.connect(founding, node.host);
      const none = new Uint8Array(32);
      const own = HandshakeType.serialize(handshakeOf("founding", { chainId: none, mayFound: 1 }, poa));
      const answer = await ask(rig, founding, node.host, handshakeProtocol, own);
      assert.ok(Array.isArray(answer));
      const { chainId } = HandshakeType.deserialize(answer[0]!);
      assert.equal(toHex(chainId), toHex(poa.spec.chainId));
      const stand = await ask(rig, founding, node.host, statusProtocol, StatusType.serialize(noStatus));
      assert.ok(Array.isArray(stand));
      const { established } = StatusType.deserialize(stand[0]!);
      assert.equal(established, 1, "a chain of several authorities is no provisional one");
      assert.equal((await ask(rig, founding, node.host, genesisProtocol, chainId)).length, 1);
      await rig.pass(2_000);
      assert.ok(isConnected(founding, node.host));
      assert.equal(decisions, 0);
    });

    it("bans a peer whose handshake names another key than its own", async () => {
      // Also in memory a peer id that is made of a key.
      const name = nodeIdOf(keyPairNamed("itself").publicKey);
      const node = await network.node("node", pow.spec);
      const bans = () => node.warnings.filter(({ message }) => message.includes("is banned")).length;
      for (const [at, says] of ["asking", "asked"].entries()) {
        const stranger = await network.stranger(at === 0 ? name : nodeIdOf(keyPairNamed("second").publicKey));
        const handshake = handshakeOf("somebody else");
        if (says === "asked") serveGreeting(stranger, handshake, () => statusOf([]));
        // Only dialled: the node may hang up before the stranger's side of the connection is ready.
        await rig.drive(stranger.dial(node.host.addresses()[0]!)).catch(() => {});
        if (says === "asking") {
          const answer = await ask(
            rig,
            stranger,
            node.host,
            handshakeProtocol,
            HandshakeType.serialize(handshake),
          );
          // The ban closes the connection: the stranger sees a reset, or an end before any chunk, whichever comes first.
          assert.ok(answer === "request/reset" || answer.length === 0, `it is answered: ${answer}`);
        }
        await rig.until(() => bans() > at && !isConnected(node.host, stranger), `it is banned when ${says}`);
        assert.equal(node.core.network.directory.peer(stranger.peerId), undefined);
      }
      assert.equal(bans(), 2);
    });

    it("tells of each candidacy on our chain, with the address it came over", async () => {
      const node = await network.node("node", poa.spec);
      const candidate = await network.stranger("candidate");
      serveGreeting(candidate, handshakeOf("candidate", {}, poa), () => statusOf([], {}, poa));
      const heard: [ConnectedPeer, CandidacyMessage][] = [];
      node.core.network.events.on("candidacy", (peer, _who, said) => heard.push([peer, said]));
      await network.connect(node.host, candidate);
      const { directory } = node.core.network;
      const { publicKey } = keyPairNamed("candidate");
      const isHeard = () => directory.heardWithin([publicKey], 1e6, rig.clock.monotonicMs()).length === 1;
      await rig.until(isHeard, "it has answered with its status");
      const consent = new Uint8Array(64).fill(1);
      for (const candidacy of [[{ expiresAtHeight: 9, consent }], [{ expiresAtHeight: 9, consent }], []]) {
        const said = CandidacyMessageType.serialize({ height: 3, candidacy });
        const answer = await ask(rig, candidate, node.host, candidacyProtocol, said);
        assert.ok(Array.isArray(answer));
        assert.deepEqual(CandidacyMessageType.deserialize(answer[0]!), { height: 0, candidacy: [] });
      }
      assert.deepEqual(
        heard.map(([, { height, candidacy }]) => [height, candidacy[0]?.expiresAtHeight]),
        [
          [3, 9],
          [3, 9],
          [3, undefined],
        ],
      );
      for (const [peer] of heard) {
        assert.equal(peer.peerId, candidate.peerId);
        assert.equal(peer.address.split("/p2p/")[0], candidate.addresses()[0]?.split("/p2p/")[0]);
      }
    });

    it("parts from another network quietly", async () => {
      const ours = await network.node("ours", pow.spec);
      const theirs = await network.node("theirs", pow.spec, { network: "another" });
      await network.connect(ours.host, theirs.host);
      await rig.until(() => !isConnected(ours.host, theirs.host), "they part");
      assert.deepEqual(mismatches(ours), []);
    });

    it("carries votes and evidence over three hops", async () => {
      const nodes = await row(4, poa);
      const block = poa.on(poa.genesis);
      for (const node of nodes) await node.has(block);
      const [first, second] = authorities.map((keyPair) => voteFor(poa, block, keyPair));
      const [node] = nodes;
      assert.ok(node?.core.chain.addVote(first!).ok);
      node.core.network.announceVote(first!);
      await rig.until(() => nodes.every(({ core }) => core.chain.votes().length === 1), "all have the vote");
      const evidence = doubleVote(poa, authorities[2]!);
      assert.ok(node.core.chain.addEvidence(evidence).ok);
      await rig.until(
        () => nodes.every(({ core }) => core.chain.evidence().length === 1),
        "the chain says that evidence was found, and all have it",
      );
      const last = nodes.at(-1)!;
      assert.ok(last.core.chain.addVote(second!).ok);
      last.core.network.announceVote(second!);
      await rig.until(() => nodes.every(({ core }) => core.chain.votes().length === 2), "and back again");
      const { directory } = node.core.network;
      const heard = directory.heardWithin([second!.voter], 1e6, rig.clock.monotonicMs());
      assert.equal(heard.length, 1);
    });

    it("asks for the votes and the evidence that it missed", async () => {
      const block = poa.on(poa.genesis);
      const one = await network.node("one", poa.spec);
      const two = await network.node("two", poa.spec);
      const behind = await network.node("behind", poa.spec);
      for (const node of [one, two, behind]) await node.has(block);
      assert.ok(one.core.chain.addVote(voteFor(poa, block, authorities[0]!)).ok);
      assert.ok(one.core.chain.addEvidence(doubleVote(poa, authorities[2]!)).ok);
      await network.connect(two.host, behind.host);
      await rig.pass(3_000);
      await network.connect(one.host, two.host);
      for (const { core } of [two, behind]) {
        await rig.until(() => core.chain.votes().length === 1, "it has the vote");
        await rig.until(() => core.chain.evidence().length === 1, "it has the evidence");
      }
    });

    it("shares the mesh with the other engine: connected, node records, no blocks of the other's", async () => {
      const miner = await network.node("miner", pow.spec);
      const authority = await network.node("authority", poa.spec);
      await network.connect(miner.host, authority.host);
      const names = (node: TestNode) =>
        node.core.network.directory
          .records()
          .map((record) => Buffer.from(record.name).toString())
          .sort();
      await rig.until(
        () => names(miner).length === 2 && names(authority).length === 2,
        "each has the other's record",
      );
      assert.deepEqual(names(miner), ["authority", "miner"]);
      await miner.has(...pow.branch(pow.genesis, 3));
      miner.core.network.announceBlock(miner.core.chain.block(miner.core.chain.head.hash)!);
      await rig.pass(1_500);
      assert.equal(authority.core.chain.head.header.height, 0);
      assert.ok(isConnected(miner.host, authority.host));
      assert.equal(miner.core.network.directory.peersOnChain().length, 0);
    });

    it("catches up from zero over several peers, and shows how far it is", async () => {
      const blocks = pow.branch(pow.genesis, 150);
      const sources = [];
      for (const source of ["one", "two", "three"]) {
        const node = await network.node(source, pow.spec);
        await node.has(...blocks);
        sources.push(node);
      }
      const fresh = await network.node("fresh", pow.spec);
      const progress: number[] = [];
      fresh.core.chain.events.on("headChanged", () => {
        const { syncProgress } = fresh.core.network;
        if (syncProgress) progress.push(syncProgress.height);
        if (syncProgress) assert.equal(syncProgress.targetHeight, 150);
      });
      for (const source of sources) await network.connect(fresh.host, source.host);
      await rig.until(headIs(fresh, blocks.at(-1)), "it has caught up");
      assert.ok(progress.length > 100, `${progress.length} steps`);
      await rig.until(() => fresh.core.network.syncProgress === undefined, "it is no longer catching up");
      assert.equal(
        toHex(fresh.core.chain.ledger.stateRoot()),
        toHex(sources[0]!.core.chain.ledger.stateRoot()),
      );
    });

    it("leaves a long branch of its own for a heavier one", async () => {
      const common = pow.branch(pow.genesis, 10);
      const light = pow.branch(common.at(-1)!, 40);
      const heavy = pow.branch(common.at(-1)!, 45, { laterMs: 1 });
      const one = await network.node("one", pow.spec);
      const two = await network.node("two", pow.spec);
      const three = await network.node("three", pow.spec);
      await one.has(...common, ...light);
      await three.has(...common, ...light);
      await two.has(...common, ...heavy);
      await network.connect(one.host, three.host);
      await network.connect(one.host, two.host);
      for (const node of [one, two])
        await rig.until(headIs(node, heavy.at(-1)), "both are on the heavier one");
    });

    it("fetches the parents that a new block lacks", async () => {
      const [one, two] = (await row(2)) as [TestNode, TestNode];
      const blocks = pow.branch(pow.genesis, 5);
      await one.has(...blocks);
      one.core.network.announceBlock(blocks.at(-1)!.block);
      await rig.until(headIs(two, blocks.at(-1)), "all five are there");
    });

    it("fetches the mempool of a peer when they connect, in both directions", async () => {
      const one = await network.node("one", pow.spec);
      const two = await network.node("two", pow.spec);
      const sent = [0, 1, 2].map((sequence) => pow.transfer(alice, sequence, bob, 1n));
      const note = pow.sign(bob, 0);
      for (const transaction of sent) assert.ok((await rig.drive(one.core.mempool.add(transaction))).ok);
      assert.ok((await rig.drive(two.core.mempool.add(note))).ok);
      await network.connect(one.host, two.host);
      await rig.until(
        () => one.core.mempool.count === 4 && two.core.mempool.count === 4,
        "both have all of them",
      );
    });

    it("passes on what it fetched from a peer's mempool to those behind it", async () => {
      const alone = await network.node("alone", pow.spec);
      const middle = await network.node("middle", pow.spec);
      const behind = await network.node("behind", pow.spec);
      await network.connect(middle.host, behind.host);
      // Until neither asks the other for its mempool any more.
      await rig.pass(4_000);
      const sent = pow.transfer(alice, 0, bob, 1n);
      assert.ok((await rig.drive(alone.core.mempool.add(sent))).ok);
      await network.connect(alone.host, middle.host);
      await rig.until(() => behind.core.mempool.has(sent.idHex), "the node behind has it");
    });

    it("announces what still waits again, also to a peer that gossip has told of it before", async () => {
      const [first, second] = (await row(2)) as [TestNode, TestNode];
      const sent = pow.transfer(alice, 0, bob, 5n);
      assert.ok((await rig.drive(first.core.submit(sent))).ok);
      await rig.until(() => second.core.mempool.has(sent.idHex), "the peer has it");
      // As a peer does whose chain is behind for a moment.
      second.core.mempool.drop(sent.idHex, { code: "transaction/asset-unknown", asset: "00" });
      await rig.until(() => second.core.mempool.has(sent.idHex), "the peer has it again");
      assert.deepEqual(second.core.mempool.status(sent.idHex), { status: "pending", ready: true });
    });

    it("keeps a peer that speaks an older version of the transactions' topic", async () => {
      const node = await network.node("node", pow.spec);
      const older = topics.transactions.replace(/2$/, "1");
      assert.notEqual(older, topics.transactions);
      const peer = await network.stranger("older", [older, topics.blocks]);
      await network.connect(peer, node.host);
      await rig.until(() => peer.topicPeers(topics.blocks).includes(node.host.peerId), "it sees the node");
      for (let index = 0; index < 12; index += 1) {
        const { bytes } = pow.transfer(alice, 0, bob, BigInt(index + 1));
        await rig.drive(peer.publish(older, encodeTransactionsMessage([bytes]))).catch(() => 0);
        await rig.pass(50);
      }
      await rig.pass(2_000);
      assert.ok(isConnected(node.host, peer));
      assert.equal(node.core.mempool.count, 0);
    });

    const bad: [string, string, (index: number) => Uint8Array, BlockBuilder?][] = [
      ["junk for a block", topics.blocks, (index) => junk.fill(index)],
      [
        "a block with trailing bytes",
        topics.blocks,
        (index) => Buffer.concat([pow.on(pow.genesis, { laterMs: index }).block.bytes, Uint8Array.of(0)]),
      ],
      [
        "a block with too little work",
        topics.blocks,
        (index) =>
          pow.on(pow.genesis, { header: { target: new Uint8Array(32) }, laterMs: index }).block.bytes,
      ],
      ["junk for transactions", topics.transactions, (index) => junk.fill(index)],
      ["no transaction at all", topics.transactions, () => encodeAnnouncement(1, [])],
      [
        "a transaction with a wrong signature",
        topics.transactions,
        (index) => encodeAnnouncement(1, [pow.spoil(pow.transfer(alice, 0, bob, BigInt(index + 1))).bytes]),
      ],
      [
        "a transaction with trailing bytes",
        topics.transactions,
        (index) => {
          const { bytes } = pow.transfer(alice, 0, bob, BigInt(index + 1));
          return encodeAnnouncement(1, [Buffer.concat([bytes, Uint8Array.of(0)])]);
        },
      ],
      ["junk for a node record", nodesTopic, (index) => junk.fill(index)],
      ["junk for a vote", poaTopics.votes, (index) => junk.fill(index), poa],
      [
        "a vote that is not signed",
        poaTopics.votes,
        (index) => {
          const vote = voteFor(poa, poa.genesis, authorities[0]!, { height: 1 + index, hash: sha256(junk) });
          vote.signature[7] = vote.signature[7]! ^ 1;
          return encodeFinalityMessage({ kind: "vote", vote });
        },
        poa,
      ],
      [
        "evidence that proves nothing",
        poaTopics.votes,
        (index) => {
          const evidence = doubleVote(poa, authorities[0]!, 1 + index);
          assert.ok(evidence.kind === "vote-pair");
          evidence.second.signature[7] = evidence.second.signature[7]! ^ 1;
          return encodeFinalityMessage({ kind: "evidence", evidence });
        },
        poa,
      ],
    ];
    for (const [what, topic, message, builder = pow] of bad) {
      it(`cuts off who keeps sending ${what}`, async () => {
        const node = await network.node("node", builder.spec);
        const hostile = await network.stranger("hostile", [topic]);
        await network.connect(hostile, node.host);
        await rig.until(() => hostile.topicPeers(topic).includes(node.host.peerId), "it sees the topic");
        await rig.pass(1_000);
        // As it is told: the two dial each other again within a second, and a slow sender may be back by its last message.
        const cutOff: string[] = [];
        node.host.events.on("peerDisconnected", (peer) => cutOff.push(peer));
        for (let index = 0; index < 8; index += 1) {
          await rig.drive(hostile.publish(topic, Buffer.concat([message(index)]))).catch(() => 0);
          await rig.pass(50);
        }
        // No transaction at all is one message only, however often it is sent.
        const isOneMessage = toHex(message(0)) === toHex(message(1));
        if (isOneMessage) assert.deepEqual(cutOff, []);
        else await rig.until(() => cutOff.includes(hostile.peerId), "it is cut off");
        assert.equal(node.core.chain.head.header.height, 0);
        assert.equal(node.core.mempool.count, 0);
        assert.deepEqual([...node.core.chain.votes(), ...node.core.chain.evidence()], []);
      });
    }

    it("keeps no block of a branch far behind, passes on none that loses, and thinks no worse of who sent them", async () => {
      const builder = new BlockBuilder(
        testSpec("pow", { targetBlockTimeMs: 1_000, minimumIntervalMs: 1_000 }),
      );
      const main = builder.branch(builder.genesis, 70);
      const topic = chainTopics(builder.spec.chainId).blocks;
      const node = await network.node("node", builder.spec);
      const further = await network.node("further", builder.spec);
      await node.has(...main);
      await further.has(...main);
      const sender = await network.stranger("sender", [topic]);
      await network.connect(sender, node.host);
      await network.connect(further.host, node.host);
      await rig.until(() => node.host.topicPeers(topic).length === 2, "it sees both");
      await rig.until(() => sender.topicPeers(topic).length > 0, "it is seen");
      await rig.pass(1_000);
      const old = builder.on(main[0]!, { laterMs: 1 });
      const fork = builder.on(main[68]!, { laterMs: 1 });
      for (const { block } of [old, fork]) await rig.drive(sender.publish(topic, block.bytes));
      await rig.until(() => node.core.chain.isKnown(fork.block.hash), "an everyday fork is kept");
      await rig.pass(1_000);
      assert.equal(further.core.chain.isKnown(fork.block.hash), false);
      const better = builder.on(fork, { laterMs: 1 });
      await rig.drive(sender.publish(topic, better.block.bytes));
      const hasWon = () =>
        [node, further].every(({ core }) => core.chain.head.hashHex === better.record.hashHex);
      await rig.until(hasWon, "the fork is fetched where a block on it wins");
      for (const { core } of [node, further]) assert.equal(core.chain.isKnown(old.block.hash), false);
      assert.ok(isConnected(node.host, sender));
    });

    it("answers good requests, resets bad ones, and goes on", async () => {
      const node = await network.node("node", pow.spec);
      const blocks = pow.branch(pow.genesis, 140);
      await node.has(...blocks);
      const asking = await network.stranger("asking");
      await network.connect(asking, node.host);
      const request = (protocol: string, bytes: Uint8Array) => ask(rig, asking, node.host, protocol, bytes);
      let strangers = 0;
      // One peer that sends so many malformed requests is cut: each comes from a peer of its own.
      const malformed = async (protocol: string, bytes: Uint8Array) => {
        const sender = await network.stranger(`malformed ${++strangers}`);
        await network.connect(sender, node.host);
        return ask(rig, sender, node.host, protocol, bytes);
      };
      const range = (startHeight: number, count: number, headersOnly = 0) =>
        RangeRequestType.serialize({ startHeight, count, headersOnly });

      const { votes, ...others } = protocols;
      const all = [handshakeProtocol, statusProtocol, genesisProtocol, ...Object.values(others)];
      for (const protocol of all) {
        const tooLong = await malformed(protocol, new Uint8Array(5_000));
        assert.equal(tooLong, "request/reset", `${protocol} refuses an over-long request`);
      }
      const strict = [handshakeProtocol, statusProtocol, protocols.blocksByRange, protocols.blocksByHash];
      for (const protocol of strict) {
        assert.equal(await malformed(protocol, new Uint8Array(31).fill(3)), "request/reset", protocol);
      }
      for (const protocol of [votes, candidacyProtocol, presenceProtocol])
        assert.equal(
          await request(protocol, new Uint8Array(0)),
          "request/unsupported",
          "no authorities here",
        );
      const trailing = Buffer.concat([range(1, 1), Uint8Array.of(0)]);
      assert.equal(await malformed(protocols.blocksByRange, trailing), "request/reset");

      const genesis = await request(genesisProtocol, pow.spec.chainId);
      assert.ok(Array.isArray(genesis));
      const spec = decodeGenesis(genesis[0]!);
      assert.ok(spec.ok);
      assert.equal(toHex(spec.value.chainId), toHex(pow.spec.chainId));
      assert.deepEqual(await request(genesisProtocol, new Uint8Array(32)), []);

      const served = await request(protocols.blocksByRange, range(1, 1_000_000));
      assert.equal(served.length, 128, "an answer has its limit");
      const first = decodeBlock(served[0] as Uint8Array);
      assert.equal(first.ok && first.value.hashHex, blocks[0]?.block.hashHex);
      assert.deepEqual(await request(protocols.blocksByRange, range(141, 5)), []);
      assert.equal((await request(protocols.blocksByRange, range(139, 5, 1))).length, 2);
      const wanted = Buffer.concat([blocks[3]!.block.hash, new Uint8Array(32), blocks[4]!.block.hash]);
      assert.equal((await request(protocols.blocksByHash, wanted)).length, 2);
      assert.deepEqual(await request(protocols.mempool, new Uint8Array(0)), []);
      const answer = await request(statusProtocol, StatusType.serialize(statusOf([])));
      assert.ok(Array.isArray(answer));
      assert.equal(StatusType.deserialize(answer[0]!).height, 140);
    });

    const lies: [string, (blocks: readonly BuiltBlock[]) => (request: Uint8Array) => Iterable<Uint8Array>][] =
      [
        ["garbage", () => () => [junk]],
        [
          "blocks that break a rule",
          (blocks) => (request) => {
            const { startHeight, count } = RangeRequestType.deserialize(request);
            const bad = pow.on(blocks.at(startHeight - 2) ?? pow.genesis, {
              header: { stateRoot: junk.slice(0, 32) },
            });
            return [bad.block.bytes, ...pow.branch(bad, count - 1).map(({ block }) => block.bytes)];
          },
        ],
        ["blocks of other heights", (blocks) => () => blocks.slice(5, 8).map(({ block }) => block.bytes)],
      ];
    for (const [what, lie] of lies) {
      it(`bans a peer that serves ${what}, and catches up with another`, async () => {
        const blocks = pow.branch(pow.genesis, 20);
        const liar = await network.stranger("liar");
        const claimed = [...blocks, pow.on(blocks.at(-1)!)];
        serveGreeting(liar, handshakeOf("liar"), () => statusOf(claimed));
        liar.serve(protocols.mempool, { ...serving, handle: () => [] });
        liar.serve(protocols.blocksByRange, { ...serving, handle: lie(blocks) });
        const honest = await network.node("honest", pow.spec);
        await honest.has(...blocks);
        const fresh = await network.node("fresh", pow.spec);
        await network.connect(fresh.host, liar);
        await rig.until(() => !isConnected(fresh.host, liar), "the liar is banned");
        assert.ok(fresh.warnings.some(({ message }) => message.includes("is banned")));
        await network.connect(fresh.host, honest.host);
        await rig.until(headIs(fresh, blocks.at(-1)), "it has caught up with the honest one");
      });
    }

    it("spreads node records to all", async () => {
      const nodes = await row(3);
      await rig.until(
        () => nodes.every(({ core }) => core.network.directory.records().length === 3),
        "everybody knows everybody",
      );
      const [record] = nodes[0]!.core.network.directory.records();
      assert.equal(record?.engine, engineNumbers.pow);
      assert.ok(record.addresses.length > 0);
    });
  });
}

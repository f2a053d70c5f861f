/** Several real nodes in one process: planned, started, connected, used, looked at and stopped. */
import assert from "node:assert/strict";
import { access } from "node:fs/promises";
import path from "node:path";
import { describe, it } from "node:test";
import { fromUtf8, toHex } from "../../src/base/bytes.ts";
import { peersAnswer } from "../../src/http/peers-answer.ts";
import { BlockchainNetwork } from "../../src/node/blockchain-network.ts";
import { softwareVersion } from "../../src/node/node-host.ts";
import { keyPairFromSeed } from "../../src/protocol/signing.ts";
import { freePort } from "../support/free-port.ts";
import { until } from "../support/patience.ts";
import { temporaryFolder } from "./node-rig.ts";

describe("a network of both engines", () => {
  it("shares one mesh, keeps two chains, and goes on after a restart", async (t) => {
    const dataDir = await temporaryFolder(t);
    const exportFile = path.join(dataDir, "ledger.sqlite");
    const plan = () => {
      const network = new BlockchainNetwork({ dataDir, exportFile });
      network.addPowNode("PoW_1", { difficulty: 1 });
      network.addPowNode("PoW_2", { difficulty: 1 });
      network.addPoaNode("PoA_1", { authorizedNodes: ["PoA_1"] });
      network.addPoaNode("PoA_2", { authorizedNodes: ["PoA_1"] });
      t.after(() => network.stopAll());
      return network;
    };
    const network = plan();
    const started: string[] = [];
    await network.startAll((node) => started.push(node.options.name));
    assert.deepEqual(started, ["PoW_1", "PoW_2", "PoA_1", "PoA_2"]);
    await network.connectPeers();
    assert.deepEqual(
      network.allStatus().map(({ peers, mining, authority }) => [peers, mining, authority]),
      [
        [3, true, false],
        [3, true, false],
        [3, false, true],
        [3, false, false],
      ],
    );
    // Peers of the other chain are measured, too.
    // A greeting that was under way for long on a busy machine says nothing about clocks; a later one does.
    const { peers, banned } = await until("each peer has answered a greeting and said what it runs", () => {
      const answer = peersAnswer(network.node("PoW_1").network, Date.now());
      const isWhole = answer.peers.every(
        ({ clockOffsetMs, software }) => clockOffsetMs !== null && software !== null,
      );
      return isWhole && answer;
    });
    assert.deepEqual(peers.map(({ hello }) => hello?.name).sort(), ["PoA_1", "PoA_2", "PoW_2"]);
    assert.deepEqual(new Set(peers.map(({ software }) => software)), new Set([softwareVersion]));
    for (const { latencyMs, clockOffsetMs, connectedAtMs } of peers) {
      // One machine has one clock: what is measured is off by half of the way there and back, and 1 ms of rounding.
      assert.ok(clockOffsetMs !== null && Math.abs(clockOffsetMs) <= (latencyMs ?? 0) / 2 + 2);
      assert.ok(connectedAtMs <= Date.now());
    }
    assert.deepEqual(banned, []);
    for (const [from, at] of [
      ["PoW_1", "PoW_2"],
      ["PoA_2", "PoA_1"],
    ] as const) {
      const id = await network.sendTestTransaction(from, `Data from ${from}`);
      for (const name of [from, at]) await network.committed(name, id);
    }
    const chains = network.allChains();
    assert.equal(chains.PoW_1?.[0]?.hash, chains.PoW_2?.[0]?.hash);
    assert.notEqual(chains.PoW_1?.[0]?.hash, chains.PoA_1?.[0]?.hash);
    assert.ok(chains.PoW_1?.slice(1).every(({ hash }) => hash.startsWith("0")));
    assert.equal(
      chains.PoA_1?.reduce((sum, { transactions }) => sum + transactions, 0),
      1,
    );
    await network.stopAll();

    const again = plan();
    await again.startAll();
    assert.equal(again.allChains().PoW_1?.[0]?.hash, chains.PoW_1?.[0]?.hash);
    assert.ok((again.allChains().PoA_1?.length ?? 0) >= (chains.PoA_1?.length ?? 0));
  });

  it("gives a node for each that is added, to look at and to use once it has started", async (t) => {
    const network = new BlockchainNetwork();
    t.after(() => network.stopAll());
    const pow1 = network.addPowNode("PoW_1", { difficulty: 1, apiPort: 0 });
    const poa1 = network.addPoaNode("PoA_1", { authorizedNodes: ["PoA_1"] });
    assert.deepEqual(
      [pow1.name, pow1.consensus, poa1.name, poa1.consensus],
      ["PoW_1", "pow", "PoA_1", "poa"],
    );
    assert.throws(() => pow1.status(), /no node named PoW_1 is running: startAll\(\) starts it/);
    await network.startAll();
    await network.connectPeers();
    assert.equal(pow1.running, network.node("PoW_1"));
    // The documented example: a transaction for each chain, and a block on both.
    for (const node of [pow1, poa1])
      await node.committed(await node.sendTransaction(`Data from ${node.name}`));
    for (const node of [pow1, poa1]) {
      assert.ok(node.status().head.height >= 1);
      assert.deepEqual(node.chain(), network.allChains()[node.name]);
      let text = "";
      const write = (part: string) => (text += part);
      node.printStatus(write);
      assert.match(
        text,
        new RegExp(`^ +node +engine .*\\n.*\\n +${node.name} +${node.consensus} +\\w+ +[1-9]`),
      );
      assert.ok(!text.includes(node === pow1 ? "PoA_1" : "PoW_1"), "one node");
      text = "";
      node.printChain(write);
      assert.match(
        text,
        new RegExp(`^${node.name}\\n +height +hash .*\\n.*\\n +0 .*\\n +1 +[0-9a-f]{24} .* 1\\n`),
      );
    }
    const response = await fetch(`${pow1.apiUrl}/v1/node`);
    assert.equal(((await response.json()) as { name: string }).name, "PoW_1");
    assert.equal(poa1.apiUrl, undefined);
    await network.stopAll();
    assert.throws(() => poa1.printStatus(() => undefined), /no node named PoA_1 is running/);
  });

  it("prints what people want to see", async (t) => {
    const network = new BlockchainNetwork();
    t.after(() => network.stopAll());
    network.addPowNode("PoW_1", { difficulty: 1 });
    await network.startAll();
    await network.committed("PoW_1", await network.sendTestTransaction("PoW_1", "hello"));
    let text = "";
    const write = (part: string) => (text += part);
    network.printAllStatus(write);
    network.printAllChains(write);
    assert.match(
      text,
      /^ +node +engine +role +height +head .*\n +-+ .*\n +PoW_1 +pow +miner +1 +0[0-9a-f]{11} /,
    );
    assert.match(text, /\nPoW_1\n +height +hash .*\n.*\n +0 .*\n +1 +0[0-9a-f]{23} /);
  });

  it("leaves nothing behind of a directory that it made for itself", async () => {
    const network = new BlockchainNetwork();
    network.addPowNode("PoW_1");
    await network.startAll();
    const { dataDir } = network.node("PoW_1").options;
    await access(dataDir);
    await network.stopAll();
    await assert.rejects(access(dataDir), { code: "ENOENT" });
    assert.throws(() => network.node("PoW_1"), /no node named PoW_1 is running/);
  });

  it("funds whom it is told, so that anyone can send", async (t) => {
    const alice = keyPairFromSeed(new Uint8Array(32).fill(1));
    const network = new BlockchainNetwork({ fundedKeys: [alice.publicKey] });
    t.after(() => network.stopAll());
    network.addPowNode("PoW_1", { difficulty: 1 });
    await network.startAll();
    const payload = { kind: "registerUser", name: fromUtf8("alice@example.com") } as const;
    await network.committed("PoW_1", await network.send("PoW_1", alice, payload));
    const { ledger } = network.node("PoW_1").chain;
    assert.equal(ledger.userByName("alice@example.com")?.account, toHex(alice.publicKey));
    // The same name again can never be executed.
    const bob = keyPairFromSeed(new Uint8Array(32).fill(2));
    const outcome = network.send("PoW_1", bob, payload).then((id) => network.committed("PoW_1", id));
    await assert.rejects(outcome, /PoW_1 (refused|dropped)/);
  });
});

describe("a network that cannot be", () => {
  it("refuses a name that is taken, difficulties that differ, and authorities that are no nodes", async (t) => {
    const network = new BlockchainNetwork();
    network.addPowNode("PoW_1", { difficulty: 1 });
    assert.throws(() => network.addPoaNode("PoW_1", { authorizedNodes: [] }), /a node named PoW_1 already/);
    network.addPowNode("PoW_2", { difficulty: 2 });
    await assert.rejects(network.startAll(), /share one difficulty/);
    await network.stopAll();
    const strangers = new BlockchainNetwork();
    t.after(() => strangers.stopAll());
    strangers.addPoaNode("PoA_1", { authorizedNodes: ["PoA_9"] });
    await assert.rejects(strangers.startAll(), /authorizedNodes names PoA_9/);
    await assert.rejects(network.sendTestTransaction("PoW_1", "hello"), /no node named PoW_1|PoW_1/);
  });

  it("stops what has started, where a later node cannot", async (t) => {
    const dataDir = await temporaryFolder(t);
    const network = new BlockchainNetwork({ dataDir });
    t.after(() => network.stopAll());
    const port = await freePort();
    network.addPowNode("PoW_1", { difficulty: 1, port });
    await network.startAll();
    const [address = ""] = network.node("PoW_1").network.addresses;
    network.addPowNode("PoW_2", { difficulty: 1, port });
    await assert.rejects(network.startAll(), { exitCode: 4 });
    await network.stopAll();
    const again = new BlockchainNetwork({ dataDir });
    t.after(() => again.stopAll());
    again.addPowNode("PoW_1", { difficulty: 1, port });
    await again.startAll();
    await until("it is back", () => again.node("PoW_1").network.addresses[0] === address);
  });
});

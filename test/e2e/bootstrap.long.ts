/** Peers that the operator names, with real processes and no mDNS: set up anew, of all families, broken, and shared by several. */
import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { connect } from "node:net";
import { after, before, describe, it } from "node:test";
import type { Finding } from "../../src/doctor/finding.ts";
import { freePort } from "../support/free-port.ts";
import { suiteMaxMs, until } from "../support/patience.ts";
import { type NodeProcess, Stage } from "./processes.ts";

const miner = ["--consensus", "pow", "--mine", "--mine-threads", "1"];

function bare(address: string): string {
  return address.replace(/\/p2p\/.*$/, "");
}

describe("a bootstrap address", { timeout: suiteMaxMs }, () => {
  let stage: Stage;
  let follower: NodeProcess;
  let minerPort: number;
  let address: string;
  /** Nothing listens there. */
  let nobody: string;
  before(async () => {
    stage = await Stage.open();
    minerPort = await freePort();
    address = `/ip4/127.0.0.1/tcp/${minerPort}`;
    nobody = `/ip4/127.0.0.1/tcp/${await freePort()}`;
  });
  after(() => stage.close());

  const ofMiner = async () => (await follower.status()).bootstrap.find((each) => each.address === address);

  it("connects with the node that was set up anew behind it, and says that it is another one", async () => {
    const first = await stage.start("miner", ...miner, "--port", `${minerPort}`);
    follower = await stage.start("follower", "--consensus", "pow", "--bootstrap", address);
    await follower.until("it is connected", ({ peers }) => peers === 1);
    await first.stop();
    await rm(stage.place("miner"), { recursive: true });
    const second = await stage.start("miner", ...miner, "--port", `${minerPort}`);
    assert.notEqual(second.started.nodeId, first.started.nodeId);
    await until(
      "it is connected with the new one",
      async () => (await ofMiner())?.peerId === second.started.nodeId,
    );
    assert.equal((await ofMiner())?.connected, true);
    const [line] = follower.logged("another node answers at this bootstrap address now");
    assert.deepEqual([line?.before, line?.now], [first.started.nodeId, second.started.nodeId]);
  });

  it("that names a peer refuses another one, and says both ids and what to do", async () => {
    const named = `${address}/p2p/${follower.started.nodeId}`;
    const third = await stage.start("third", "--consensus", "pow", "--bootstrap", named);
    const answers = (await ofMiner())?.peerId ?? "none";
    const status = await third.until("it says why", ({ bootstrap }) => bootstrap[0]?.error !== null);
    const error = status.bootstrap[0]?.error ?? "";
    for (const text of [answers, follower.started.nodeId, "/p2p/"]) assert.ok(error.includes(text), error);
    assert.ok(third.logged("a bootstrap address does not work: node").length > 0, third.stdout);
    await third.stop();
  });

  it("that does not work is in status, doctor and log, with the reason, and not again and again", async () => {
    const broken = {
      "/dns4/no-such.invalid/tcp/1": /cannot be resolved/,
      [`${address}/ws`]: /\/ws is not supported/,
      [nobody]: /refused/,
    };
    const node = await stage.start(
      "broken",
      ...["--consensus", "pow", "--bootstrap", address],
      ...Object.keys(broken).flatMap((each) => ["--bootstrap", each]),
    );
    const status = await node.until("each has its reason", ({ bootstrap }) =>
      bootstrap.every(({ connected, error }) => connected || error !== null),
    );
    assert.equal(status.bootstrap[0]?.connected, true);
    const { stdout } = await stage.run(["doctor", "--json", "--data-dir", stage.place("broken"), "--no-mdns"])
      .ended;
    const { findings } = JSON.parse(stdout) as { findings: Finding[] };
    const finding = findings.find(({ check }) => check === "bootstrap");
    assert.equal(finding?.ok, false);
    for (const [index, [text, reason]] of Object.entries(broken).entries()) {
      const { error, failedAtMs } = status.bootstrap[index + 1] ?? {};
      assert.match(error ?? "", reason);
      assert.ok((failedAtMs ?? 0) > 0);
      assert.ok(finding?.found.includes(text), finding?.found);
      const said = node.logged("a bootstrap address does not work");
      const lines: unknown[] = said.filter((line) => line.address === text);
      assert.equal(lines.length, 1, JSON.stringify(lines));
    }
    assert.match(await stage.output("status", "--api", node.started.apiUrl), /bootstrap.*connected/);
    await node.stop();
  });

  it("is tried by doctor also while no node runs", async () => {
    const flags = ["--bootstrap", address, "--bootstrap", nobody];
    const argv = ["doctor", "--json", "--no-mdns", "--data-dir", stage.place("none"), ...flags];
    const { stdout } = await stage.run(argv).ended;
    const { findings } = JSON.parse(stdout) as { findings: Finding[] };
    const finding = findings.find(({ check }) => check === "bootstrap");
    assert.equal(finding?.ok, false);
    const told = new RegExp(`something listens there; .*${nobody}: the connection was refused`);
    assert.match(finding?.found ?? "", told);
  });
});

describe("nodes that know only one and the same peer", { timeout: suiteMaxMs }, () => {
  let stage: Stage;
  before(async () => {
    stage = await Stage.open();
  });
  after(() => stage.close());

  it("all become authorities of the network that it has founded", async () => {
    const authority = ["--consensus", "poa", "--authority"];
    const a = await stage.start("a", ...authority);
    const named = ["--bootstrap", bare(a.multiaddr)];
    const b = await stage.start("b", ...authority, ...named);
    const c = await stage.start("c", ...authority, ...named);
    for (const node of [a, b, c]) {
      await node.until(
        "three authorities",
        ({ authorities, peers }) => authorities.length === 3 && peers === 2,
      );
    }
  });
});

describe("--listen-address", { timeout: suiteMaxMs }, () => {
  let stage: Stage;
  before(async () => {
    stage = await Stage.open();
  });
  after(() => stage.close());

  const answers = (host: string, port: number) =>
    new Promise<boolean>((resolve) => {
      const socket = connect({ host, port });
      const end = (is: boolean) => {
        socket.destroy();
        resolve(is);
      };
      socket.once("connect", () => end(true));
      socket.once("error", () => end(false));
    });

  it(":: is IPv4, too, and several addresses are all listened on", async () => {
    const flags = [
      "--consensus",
      "pow",
      "--data-dir",
      stage.place("all"),
      "--log-format",
      "json",
      "--no-mdns",
    ];
    const [port, other] = [await freePort(), await freePort()];
    const all = stage.launchBy([], "all", ...flags, "--port", `${port}`, "--listen-address", "::");
    await all.ready();
    assert.equal(await answers("127.0.0.1", port), true);
    await all.stop();
    // The stage names 127.0.0.1 already.
    const two = await stage.start(
      "two",
      "--consensus",
      "pow",
      "--port",
      `${other}`,
      "--listen-address",
      "127.0.0.2",
    );
    assert.equal(await answers("127.0.0.1", other), true);
    assert.equal(await answers("127.0.0.2", other), true);
    assert.deepEqual(two.started.addresses.map(bare), [
      `/ip4/127.0.0.1/tcp/${other}`,
      `/ip4/127.0.0.2/tcp/${other}`,
    ]);
  });

  for (const engine of ["pow", "poa"]) {
    it(`that no interface has ends a ${engine} node with 2, and what to do`, async () => {
      const argv = ["start", "--consensus", engine, "--data-dir", stage.place(`none-${engine}`), "--no-api"];
      const address = ["--port", "0", "--listen-address", "203.0.113.77"];
      const { code, stderr } = await stage.run([...argv, ...address]).ended;
      assert.equal(code, 2, stderr);
      assert.match(stderr, /cannot listen on \/ip4\/203\.0\.113\.77/);
      assert.match(stderr, /--listen-address .*--announce-address/s);
    });
  }
});

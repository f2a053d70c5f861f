/** A disk that runs full under an authority: reads go on, it says why it does not seal, and it seals when there is room. */
import assert from "node:assert/strict";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { until } from "../support/patience.ts";
import { SmallDisk } from "../support/small-disk.ts";
import { type NodeProcess, Stage } from "./processes.ts";

/** More than the 512 MiB that a node leaves free; nothing of it is used but what the test fills. */
const diskMiB = 640;

describe("a node on a disk that runs full", () => {
  let stage: Stage;

  before(async () => {
    stage = await Stage.open();
  });
  after(() => stage.close());

  async function readsGoOn(node: NodeProcess, height: number): Promise<void> {
    assert.equal((await node.api.block("0")).height, 0);
    assert.ok((await node.api.block("head")).height >= height);
  }

  it("a follower keeps its peers while its disk is full, and catches up by itself though no block comes", async (t) => {
    const disk = await SmallDisk.mount(t, diskMiB);
    if (!disk) return t.skip(SmallDisk.skipReason);
    t.after(() => stage.endAll());
    const authority = await stage.nodeAddress("elsewhere");
    const times = { periodMs: 100, stepMs: 100, heartbeatMs: 3_600_000 };
    const chain = await stage.spec("follower.json", { consensus: "poa", authorities: [authority], ...times });
    const dataDir = path.join(disk.directory, "follower");
    const sealing = await stage.start("elsewhere", "--consensus", "poa", "--authority", "--chain", chain);
    const place = ["--data-dir", dataDir, "--export", path.join(disk.directory, "follower.sqlite")];
    const peer = ["--bootstrap", sealing.multiaddr];
    const follower = await stage.start("follower", "--consensus", "poa", "--chain", chain, ...place, ...peer);
    const send = async (text: string) => {
      const place = ["--data-dir", stage.place("elsewhere"), "--key", "node"];
      await stage.output("tx", "record", text, ...place, "--wait");
    };
    await send("before");
    await follower.until("it follows", ({ head }) => head.height > 0);
    disk.fill();
    await send("while the disk is full");
    // The block comes by gossip, or by catching up.
    const said = ["a block could not be stored", "catching up from this peer failed"];
    await until("it says so", () => said.some((message) => follower.logged(message).length > 0));
    await until(
      "peers are remembered in memory",
      () => follower.logged("what is known of peers cannot").length > 0,
    );
    assert.equal((await follower.status()).peers, 1);
    const quiet = await sealing.until(
      "nothing is left to seal",
      ({ notSealingBecause, final, head }) =>
        notSealingBecause === "nothing to seal" && (final?.height ?? 0) >= head.height - 2,
    );
    assert.ok((await follower.status()).head.height < quiet.head.height);
    // Long, so that it does not fit into what is left of a block of the disk.
    const record = ["tx", "record", "x".repeat(4_000), "--key", "node"];
    const unkept = await stage.run([...record, "--data-dir", dataDir]).ended;
    assert.notEqual(unkept.code, 0);
    assert.match(unkept.stderr, /the outbox .* cannot be used: database or disk is full/);
    // A key whose outbox is on another disk.
    const submit = () =>
      stage.run([...record, "--data-dir", stage.place("elsewhere"), "--api", follower.started.apiUrl]).ended;
    const waiting = (await follower.status()).mempool;
    const refused = await submit();
    assert.equal(refused.code, 2, refused.stdout + refused.stderr);
    assert.match(refused.stderr, /could not write the transaction to its disk, so it did not take it/);
    assert.equal((await follower.status()).mempool, waiting);
    await disk.empty();
    const caughtUp = await follower.until(
      "it has caught up, and its ledger too",
      ({ head, export: ledger }) => head.hash === quiet.head.hash && ledger?.height === head.height,
    );
    assert.equal(caughtUp.peers, 1);
    await until(
      "peers are on disk again",
      () => follower.logged("what is known of peers is written").length > 0,
    );
    assert.equal((await sealing.status()).head.hash, quiet.head.hash);
    const taken = await submit();
    assert.equal(taken.code, 0, taken.stderr);
    await sealing.untilCommitted(taken.stdout.trim());
    for (const node of [follower, sealing]) assert.equal((await node.stop()).code, 0);
  });

  it("says so, keeps answering, and goes on by itself", async (t) => {
    const disk = await SmallDisk.mount(t, diskMiB);
    if (!disk) return t.skip(SmallDisk.skipReason);
    t.after(() => stage.endAll());
    const dataDir = path.join(disk.directory, "authority");
    const authority = await stage.output("keys", "node", "--address", "--data-dir", dataDir);
    const times = { periodMs: 100, stepMs: 100, heartbeatMs: 100 };
    const chain = await stage.spec("chain.json", { consensus: "poa", authorities: [authority], ...times });
    const place = ["--data-dir", dataDir, "--export", path.join(disk.directory, "ledger.sqlite")];
    const node = await stage.start("full", "--consensus", "poa", "--authority", "--chain", chain, ...place);
    // A key whose outbox is on another disk.
    const writer = ["--data-dir", stage.place("writer")];
    await stage.output("keys", "new", "writer", ...writer);
    await node.until("it seals", ({ head }) => head.height > 2);
    // First less than a node leaves free, then nothing at all: log, ledger and peers then fail, too.
    for (const freeBytes of [100 * 2 ** 20, 0]) {
      disk.fill(freeBytes);
      const full = await node.until(
        "it says why it does not seal",
        (status) => status.notSealingBecause === "disk full",
      );
      await readsGoOn(node, full.head.height);
      const record = [
        "tx",
        "record",
        `sent to a full disk, ${freeBytes} bytes free`,
        "--key",
        "writer",
        "--json",
      ];
      const sent = await stage.output(...record, ...writer, "--api", node.started.apiUrl);
      const { id } = JSON.parse(sent);
      assert.equal(await node.transactionStatus(id), "pending");
      assert.equal((await node.status()).head.height, full.head.height);
      await disk.empty();
      await node.untilCommitted(id);
      await node.until("it seals on", ({ head }) => head.height > full.head.height + 2);
    }
    const { code, stderr } = await node.stop();
    assert.equal(code, 0, stderr);
    const fresh = path.join(disk.directory, "fresh.sqlite");
    const exported = await stage.output("export", "--data-dir", dataDir, "--out", fresh, "--json");
    assert.ok(JSON.parse(exported).blocks > 3);
  });
});

/** What spreads over several hops, what a late node fetches from zero, and what happens when two groups meet. */
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { after, before, describe, it } from "node:test";
import { fileContents } from "../export/ledger-contents.ts";
import { until } from "../support/patience.ts";
import { fastPow, type NodeProcess, Stage, untilAgreed } from "./processes.ts";

describe("nodes in a line", () => {
  let stage: Stage;
  let chain: string;
  const line: NodeProcess[] = [];

  before(async () => {
    stage = await Stage.open();
    chain = await stage.spec("chain.json", fastPow);
    // Each is to know the one before it and no other.
    const apart = ["--chain", chain, "--no-introductions"];
    line.push(await stage.start("hop-0", ...apart, "--mine", "--mine-threads", "1"));
    for (const index of [1, 2, 3]) {
      const bootstrap = line[index - 1]?.multiaddr ?? "";
      line.push(await stage.start(`hop-${index}`, ...apart, "--bootstrap", bootstrap));
    }
  });
  after(() => stage.close());

  it("carry a transaction three hops to the only miner, and its block three hops back", async () => {
    for (const [index, node] of line.entries()) {
      const neighbours = index === 0 || index === 3 ? 1 : 2;
      const { peers } = await node.until("its neighbours are there", ({ peers }) => peers >= neighbours);
      assert.equal(peers, neighbours, "a line stays a line");
    }
    const far = ["--key", "node", "--data-dir", stage.place("hop-3"), "--wait"];
    await stage.output("tx", "record", "from the far end", ...far);
    const { height } = await untilAgreed(line);
    assert.ok(height >= 1);
  });

  it("let a late node fetch hundreds of blocks from the other end, saying how far it is", async () => {
    const [miner] = line;
    await miner?.stop();
    const busy = ["--chain", chain, "--mine", "--mine-threads", "1", "--mine-empty"];
    const again = await stage.start("hop-0", ...busy, "--bootstrap", line[1]?.multiaddr ?? "");
    for (const node of [again, ...line.slice(1)]) {
      await node.until("it has hundreds of blocks", ({ head }) => head.height >= 300);
    }
    await again.stop();
    const quiet = await untilAgreed(line.slice(1));
    const late = await stage.start("late", "--chain", chain, "--bootstrap", line[3]?.multiaddr ?? "");
    await untilAgreed([late, line[3] as NodeProcess]);
    const [begun] = late.logged("catching up");
    assert.deepEqual([begun?.from, Number(begun?.to) >= 300], [0, true]);
    assert.equal(late.logged("caught up").length >= 1, true);
    for (const height of [0, 1, 150, quiet.height]) {
      const [here, there] = await Promise.all([late, line[1]].map((node) => node?.api.block(String(height))));
      assert.equal(here?.hash, there?.hash);
    }
  });
});

describe("two groups that were apart", () => {
  let stage: Stage;
  before(async () => {
    stage = await Stage.open();
  });
  after(() => stage.close());

  it("agree on the heavier chain, and what the lighter one held is committed again", async () => {
    const alice = ["--data-dir", stage.place("lighter")];
    const aliceAddress = await stage.output("keys", "new", "alice", "--address", ...alice);
    const bobAddress = await stage.nodeAddress("bob");
    const chain = await stage.spec("chain.json", { ...fastPow, allocations: { [aliceAddress]: "100" } });
    const mine = ["--chain", chain, "--mine", "--mine-threads", "1"];
    const ledger = stage.place("ledger.sqlite");
    const lighter = await stage.start("lighter", ...mine);
    const follower = await stage.start(
      ...(["follower", "--chain", chain, "--bootstrap", lighter.multiaddr, "--export", ledger] as const),
    );
    const heavier = await stage.start("heavier", ...mine);
    const sent = [
      JSON.parse(
        await stage.output(
          "tx",
          "send",
          "--key",
          "alice",
          "--to",
          bobAddress,
          "--amount",
          "7",
          "--json",
          "--wait",
          ...alice,
        ),
      ).id,
      JSON.parse(await stage.output("tx", "record", "lighter", "--key", "node", "--json", "--wait", ...alice))
        .id,
    ];
    await untilAgreed([lighter, follower]);
    const light = (await follower.status()).head;
    for (let count = 0; (await heavier.status()).head.height < light.height + 3; count += 1) {
      const place = ["--data-dir", stage.place("heavier"), "--wait"];
      await stage.output("tx", "record", `heavier ${count}`, "--key", "node", ...place);
    }
    const won = await heavier.api.block("1");
    assert.equal((await heavier.stop()).code, 0);

    const back = await stage.start("heavier", ...mine, "--bootstrap", lighter.multiaddr);
    const nodes = [lighter, follower, back];
    for (const node of nodes) {
      await until("the heavier chain is theirs", async () => (await node.api.block("1")).hash === won.hash);
      for (const id of sent) await node.untilCommitted(id);
    }
    const head = await untilAgreed(nodes);
    assert.equal((await follower.api.block(light.hash)).canonical, false);
    assert.equal((await back.api.account(bobAddress)).balance, "7");
    assert.equal((await follower.stop()).code, 0);

    const fresh = stage.place("fresh.sqlite");
    await stage.output("export", "--data-dir", stage.place("follower"), "--out", fresh);
    assert.deepEqual(fileContents(ledger), fileContents(fresh));
    const db = new DatabaseSync(ledger, { readOnly: true });
    try {
      const cursor = db.prepare("SELECT cursor_hash FROM meta").get()?.cursor_hash;
      assert.equal(cursor, head.hash);
      const orphaned = db.prepare("SELECT COUNT(*) AS n FROM orphaned_blocks WHERE hash = ?").get(light.hash);
      assert.equal(orphaned?.n, 1);
      for (const id of sent) {
        assert.equal(db.prepare("SELECT COUNT(*) AS n FROM transactions WHERE id = ?").get(id)?.n, 1);
      }
    } finally {
      db.close();
    }
  });
});

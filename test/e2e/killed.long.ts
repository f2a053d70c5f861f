/** Nodes killed in the middle of commits: what they had acknowledged is there at the next start, and nothing is signed twice. */
import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { DatabaseSync } from "node:sqlite";
import { after, before, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { fastPow, type NodeProcess, Stage, untilAgreed } from "./processes.ts";

/** SUITE_KILLS has another number; test:long has 10. */
const kills = Number(process.env.SUITE_KILLS ?? 3);

/** Lets a node seal two blocks more than it had told, goes on for a random moment, noting every head that it tells, and kills it. */
async function killAtRandom(
  node: NodeProcess,
  toldHeight: number,
): Promise<{ height: number; hash: string }> {
  let { head } = await node.until("it seals again", ({ head }) => head.height > toldHeight + 1);
  const killAtMs = performance.now() + randomInt(50, 500);
  while (performance.now() < killAtMs) {
    ({ head } = await node.status());
    await delay(randomInt(1, 10));
  }
  const { code } = await node.stop("SIGKILL");
  assert.equal(code, null, "it was killed, and had not ended by itself");
  return head;
}

describe("a node that is killed", () => {
  let stage: Stage;
  before(async () => {
    stage = await Stage.open();
  });
  after(() => stage.close());

  it(`has every block that it told of, after each of ${kills} kills while it mined`, async () => {
    const chain = await stage.spec("pow.json", fastPow);
    const flags = ["--chain", chain, "--mine", "--mine-threads", "1", "--mine-empty"];
    let told: { height: number; hash: string } = { height: 0, hash: "" };
    for (let kill = 0; kill < kills; kill += 1) {
      const node = await stage.start("miner", ...flags);
      const { head } = await node.status();
      assert.ok(head.height >= told.height, `kill ${kill}: at ${head.height}, had told ${told.height}`);
      if (told.hash !== "") {
        const block = await node.api.block(String(told.height));
        assert.equal(block.hash, told.hash, `kill ${kill}`);
        assert.equal((await node.api.block(block.parentHash)).height, told.height - 1);
      }
      told = await killAtRandom(node, told.height);
    }
    assert.ok(told.height > kills, `only ${told.height} blocks were mined`);
  });

  it(`never signs two blocks on one parent, killed ${kills} times while it seals`, async () => {
    const authority = await stage.nodeAddress("authority");
    const times = { periodMs: 20, stepMs: 20, heartbeatMs: 1 };
    const chain = await stage.spec("poa.json", { consensus: "poa", authorities: [authority], ...times });
    const poa = ["--consensus", "poa", "--chain", chain];
    const ledger = stage.place("witness.sqlite");
    const witness = await stage.start("witness", ...poa, "--export", ledger);
    const sealing = [...poa, "--authority", "--bootstrap", witness.multiaddr];
    let told: { height: number; hash: string } | undefined;
    for (let kill = 0; kill < kills; kill += 1) {
      const { head } = await witness.status();
      const node = await stage.start("authority", ...sealing);
      if (told) assert.equal((await node.api.block(String(told.height))).hash, told.hash, `kill ${kill}`);
      // Killed before that, it would have shown nothing to anybody.
      await witness.until(
        "the witness sees more of its blocks",
        (later) => later.head.height > head.height + 1,
      );
      told = await killAtRandom(node, told?.height ?? 0);
    }
    const seen = (await witness.status()).head;
    assert.ok(seen.height > kills, `the witness saw only ${seen.height} blocks`);
    const quiet = await stage.start("authority", ...poa, "--no-authority", "--bootstrap", witness.multiaddr);
    await untilAgreed([witness, quiet]);
    for (let height = 1; height <= seen.height; height += 1) {
      const [theirs, ours] = await Promise.all([
        witness.api.block(String(height)),
        quiet.api.block(String(height)),
      ]);
      assert.equal(theirs.hash, ours.hash, `block ${height}`);
    }
    assert.equal((await witness.stop()).code, 0);
    const db = new DatabaseSync(ledger, { readOnly: true });
    try {
      // The only authority: another block on a parent of its own could only come by signing twice.
      assert.equal(db.prepare("SELECT COUNT(*) AS n FROM reorgs").get()?.n, 0);
    } finally {
      db.close();
    }
  });
});

/** A data directory that was copied to a second machine: the copy notices, says so, and signs nothing. */
import assert from "node:assert/strict";
import { cp } from "node:fs/promises";
import { after, before, describe, it } from "node:test";
import { Stage } from "./processes.ts";

describe("a cloned data directory", () => {
  let stage: Stage;
  before(async () => {
    stage = await Stage.open();
  });
  after(() => stage.close());

  it("listens, hears its own key at work, and seals nothing, while the original goes on", async () => {
    const authority = await stage.nodeAddress("original");
    // An authority listens for two periods and a step: nine seconds, in which a busy machine connects two nodes.
    const times = { periodMs: 3_000, stepMs: 3_000, heartbeatMs: 1 };
    const chain = await stage.spec("poa.json", { consensus: "poa", authorities: [authority], ...times });
    const poa = ["--consensus", "poa", "--chain", chain];
    const witness = await stage.start("witness", ...poa);
    const flags = [...poa, "--authority", "--bootstrap", witness.multiaddr];
    const first = await stage.start("original", ...flags);
    await first.until("it seals", ({ head }) => head.height >= 2);
    assert.equal((await first.stop()).code, 0);
    await cp(stage.place("original"), stage.place("clone"), { recursive: true });

    const original = await stage.start("original", ...flags);
    const { head } = await original.status();
    await witness.until("the original seals again", (status) => status.head.height > head.height);
    const clone = await stage.start("clone", ...flags);
    const status = await clone.until(
      "it hears its key",
      ({ notSealingBecause }) => notSealingBecause === "key seen elsewhere",
    );
    await witness.until("the original goes on", (later) => later.head.height > status.head.height + 2);
    assert.deepEqual(clone.logged("sealed a block"), []);
    assert.deepEqual(clone.logged("voted"), []);
    assert.equal(clone.logged("another node signs with this node's key").length, 1);
    const after = await original.status();
    assert.notEqual(after.notSealingBecause, "key seen elsewhere");
    assert.deepEqual(after.authorities, [authority]);
  });
});

/** A quorum that is lost for good: the chain goes on and nothing is final, until an operator says where to go on from. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Stage } from "./processes.ts";

describe("a quorum that is lost for good", () => {
  let stage: Stage;
  before(async () => {
    stage = await Stage.open();
  });
  after(() => stage.close());

  it("is got past by --trust-recovery, and by nothing else", async () => {
    const [left, lost] = [await stage.nodeAddress("left"), await stage.nodeAddress("lost")];
    const times = { periodMs: 200, stepMs: 200, heartbeatMs: 1 };
    const chain = await stage.spec("poa.json", { consensus: "poa", authorities: [left, lost], ...times });
    const poa = ["--consensus", "poa", "--chain", chain, "--authority"];
    const alone = await stage.start("left", ...poa);
    const other = await stage.start("lost", ...poa, "--bootstrap", alone.multiaddr);
    await alone.until("both make blocks final", ({ final }) => (final?.height ?? 0) >= 2);
    await other.stop("SIGKILL");

    const { final, head } = await alone.until(
      "the dead one's votes are used up",
      ({ quorum }) => quorum?.heard === 1,
    );
    const later = await alone.until("it goes on alone", (status) => status.head.height >= head.height + 8);
    assert.deepEqual(later.final, final, "nothing becomes final without the other");
    assert.equal((await alone.stop()).code, 0);

    const waiting = await stage.start("left", ...poa);
    await waiting.until("it waits", (status) => status.notSealingBecause === "no other authority heard");
    assert.equal((await waiting.stop()).code, 0);
    assert.deepEqual(waiting.logged("sealed a block"), []);

    const again = await stage.start("left", ...poa, "--sign-alone");
    const resumed = await again.until("it seals on", (status) => status.head.height > later.head.height);
    assert.deepEqual(resumed.final, final, "nor by a restart");
    assert.deepEqual(new Set(resumed.authorities), new Set([left, lost]));
    const trusted = (await again.status()).head;
    assert.equal((await again.stop()).code, 0);

    const recovered = await stage.start("left", ...poa, "--trust-recovery", trusted.hash);
    assert.equal(recovered.logged("trust recovery").length, 1);
    const after = await recovered.until(
      "blocks become final",
      ({ final }) => (final?.height ?? 0) > trusted.height,
    );
    assert.deepEqual(after.authorities, [left]);
    assert.equal((await recovered.api.block(String(trusted.height))).hash, trusted.hash);
  });
});

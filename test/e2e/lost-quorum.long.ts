/** A quorum that is lost for good: the chain goes on and nothing is final, until an operator says where to go on from. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { NodeAnswer } from "../../src/api/node-status.ts";
import { Stage } from "./processes.ts";

const hasCommand = ({ advice }: NodeAnswer) => advice.some(({ next }) => next.includes("start it so: "));

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
    await again.until("the advice has the command", hasCommand);
    const voted = await stage.run(["authority", "vote", "remove", lost, "--data-dir", stage.place("left")])
      .ended;
    assert.equal(voted.code, 0, voted.stderr);
    assert.match(
      voted.stdout,
      /as things stand it cannot come into force: only 1 of 2[\s\S]*--trust-recovery [0-9a-f]{64}/,
    );
    await again.untilCommitted(voted.stdout.slice(0, 64));
    const advised = await again.until("the advice has the command", hasCommand);
    const [advice] = advised.advice;
    assert.match(advice?.what ?? "", /^only 1 of 2 authorities are heard, and finality needs 2/);
    assert.match(advice?.why ?? "", /so no vote can pass$/);
    const [, command = ""] = /start it so: aurex-node (.+)$/.exec(advice?.next ?? "") ?? [];
    const examined = await stage.run(["doctor", "--data-dir", stage.place("left")]).ended;
    assert.equal(examined.code, 8, examined.stdout);
    assert.match(
      examined.stdout,
      /FAILS {2}finality .*nothing becomes final[\s\S]*next: .*--trust-recovery [0-9a-f]{64}/,
    );
    assert.equal((await again.stop()).code, 0);

    // Word by word as it was printed.
    const recovered = await stage.startAs(command.split(" "));
    const trusted = await recovered.api.block(command.slice(-64));
    assert.equal(recovered.logged("trust recovery").length, 1);
    const after = await recovered.until(
      "blocks become final",
      ({ final }) => (final?.height ?? 0) > trusted.height,
    );
    assert.deepEqual(after.authorities, [left]);
    assert.equal((await recovered.api.block(String(trusted.height))).hash, trusted.hash);
  });
});

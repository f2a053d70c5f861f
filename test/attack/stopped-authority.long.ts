/** An honest authority whose machine stands still for a while: nobody parts from it, and it seals again. */
import assert from "node:assert/strict";
import { it } from "node:test";
import { patienceMs, suiteMaxMs, until } from "../support/patience.ts";
import { HonestNetwork } from "./honest-network.ts";
import { probeAccounts } from "./latency-probe.ts";
import { partings } from "./parted.ts";

/** Shorter than the silence after which a peer counts as gone, and three times as long as libp2p's own patience. */
const stoppedMs = 15_000;

for (const [what, sliceMs] of [
  ["is stopped for 15 s", stoppedMs],
  ["gets a tenth of the time for 15 s", 450],
] as const) {
  it(`keeps an authority that ${what} in the set and connected`, { timeout: suiteMaxMs }, async (t) => {
    const network = await HonestNetwork.open({ kind: "authorities", nodes: 4 }, probeAccounts, false);
    t.after(() => network.close());
    const [first, ...others] = network.nodes;
    const slow = others.pop();
    assert.ok(first && slow);
    const signal = (name: NodeJS.Signals) => process.kill(slow.child.pid as number, name);
    const beganMs = performance.now();
    while (performance.now() - beganMs < stoppedMs) {
      signal("SIGSTOP");
      const untilMs = performance.now() + sliceMs;
      await until("it has stood still", () => performance.now() >= untilMs, { pollMs: 50 });
      if (sliceMs < stoppedMs) signal("SIGCONT");
      await until("it had a moment", () => performance.now() >= untilMs + 50, { pollMs: 10 });
    }
    for (const node of [first, ...others]) assert.equal((await node.status()).peers, 3);
    signal("SIGCONT");
    const { head } = await first.status();
    let height = head.height;
    const limitMs = patienceMs(120_000);
    const sealsAgain = async () => {
      const { head } = await first.status();
      for (; height < head.height; height += 1) {
        if ((await first.api.block(height + 1)).producer === slow.started.address) return true;
      }
      return false;
    };
    await until("it seals again", sealsAgain, { limitMs });
    assert.equal((await first.api.authorities()).authorities.length, 4);
    assert.ok(await network.isConnected());
    assert.deepEqual(partings(network.nodes, network.names), []);
  });
}

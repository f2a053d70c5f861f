/** A pool that is set up anew behind the same address: its members come back by themselves, and say whom they mine for. */
import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { after, before, describe, it } from "node:test";
import { freePort } from "../support/free-port.ts";
import { until } from "../support/patience.ts";
import { type NodeProcess, type Running, Stage } from "./processes.ts";

describe("a pool's members", () => {
  let stage: Stage;
  let chain: string;
  let poolPort: number;
  before(async () => {
    stage = await Stage.open();
    poolPort = await freePort();
    chain = await stage.spec("pow.json", {
      consensus: "pow",
      difficulty: 3,
      targetBlockTimeMs: 500,
      minimumIntervalMs: 50,
      blockReward: "10",
      rewardMaturityBlocks: 3,
    });
  });
  after(() => stage.close());

  const serve = (): Promise<NodeProcess> =>
    stage
      .launchBy(["pool", "serve"], "server", "--chain", chain, "--mine-empty", "--pool-port", `${poolPort}`)
      .ready();
  /** The last status line that it has printed. */
  const statusOf = (member: Running) => member.logged("status").at(-1) ?? {};

  it("come back to a pool with another key, unless the operator named the key", async () => {
    const first = await serve();
    const [place = ""] = (await first.status()).pool?.addresses ?? [];
    const [, open = "", firstId = ""] = /^(.*)\/p2p\/(\w+)$/.exec(place) ?? [];
    const address = await stage.nodeAddress("miner");
    const join = (pool: string) =>
      stage.run(["pool", "join", pool, "--account", address, "--threads", "1", "--json"]);
    const [anyKey, oneKey] = [join(open), join(place)];
    for (const member of [anyKey, oneKey]) {
      await until(
        "it mines",
        () => member.logged(`mining for the pool of ${first.started.address}`).length > 0,
      );
    }

    // The disk is lost: another key, and books that know nobody.
    assert.equal((await first.stop("SIGKILL")).code, null);
    for (const member of [anyKey, oneKey]) {
      await until("it says that the pool is away, and why", () =>
        member
          .logged("the pool cannot be reached")
          .some(({ msg }) => /nothing listens on that port; it is tried again/.test(String(msg))),
      );
    }
    await until("so does its status", () =>
      /nothing listens on that port/.test(String(statusOf(anyKey).unreachableBecause)),
    );
    await rm(stage.place("server"), { recursive: true });
    const second = await serve();
    assert.notEqual(second.started.address, first.started.address);

    await until(
      "one is back",
      () => anyKey.logged(`mining for the pool of ${second.started.address}`).length > 0,
    );
    assert.equal(
      anyKey.logged(`another pool answers there now, that of ${second.started.address}`).length,
      1,
    );
    await until("its shares count", async () => (await second.api.pool()).members[0]?.address === address);
    // The other is told which key answers there, and what to do.
    await until("the other says that the key differs", () =>
      oneKey.logged("the pool cannot be reached").some(({ msg }) => {
        const text = String(msg);
        return text.includes(second.started.nodeId) && text.includes(firstId) && text.includes("/p2p/");
      }),
    );
    assert.equal(oneKey.logged(`mining for the pool of ${second.started.address}`).length, 0);
    for (const member of [anyKey, oneKey]) assert.equal((await member.stop()).code, 0);
    await second.stop();
  });
});

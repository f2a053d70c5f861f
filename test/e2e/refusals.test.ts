/** What a node process refuses and how it ends: its exit code, and an error that says what, why and what next. */
import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { after, before, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { until } from "../support/patience.ts";
import { fastPow, Stage } from "./processes.ts";

describe("a node process", () => {
  let stage: Stage;
  before(async () => {
    stage = await Stage.open();
  });
  after(() => stage.close());

  it("names the nearest flag, variable or command to one that is not known: 2", async () => {
    for (const [argv, variables, nearest] of [
      [["--consensus", "pow", "--data-dri", "x"], {}, "--data-dir"],
      [["start", "--no-mnds"], {}, "--no-mdns"],
      [["start"], { AUREX_CONSENSSUS: "poa" }, "AUREX_CONSENSUS"],
      [["strat"], {}, "start"],
    ] as const) {
      const { code, stdout, stderr } = await stage.run(argv, variables).ended;
      assert.equal(code, 2, stdout + stderr);
      assert.ok(stderr.includes(nearest), stderr);
      assert.match(stderr, /^Error: .*\nWhy: .*\nNext: /);
    }
  });

  it("refuses a data directory in use (3), a port in use (4) and another genesis (6)", async (t) => {
    const chain = await stage.spec("one.json", fastPow);
    const other = await stage.spec("other.json", { ...fastPow, salt: "22" });
    const holder = await stage.start("alpha", "--chain", chain);
    const same = await stage.launch("alpha", "--chain", chain).ended;
    assert.equal(same.code, 3, same.stdout + same.stderr);
    assert.ok(same.stderr.includes(`process ${holder.child.pid} (alpha)`), same.stderr);
    assert.equal((await holder.status()).head.height, 0, "and the holder goes on");

    const server = net.createServer().listen(0, "127.0.0.1");
    t.after(() => server.close());
    await once(server, "listening");
    const taken = String((server.address() as net.AddressInfo).port);
    for (const flag of ["--port", "--api-port"]) {
      const { code, stderr } = await stage.launch("beta", "--chain", chain, flag, taken).ended;
      assert.equal(code, 4, stderr);
      assert.ok(stderr.includes(`${taken} is in use`) && stderr.includes(flag), stderr);
    }

    assert.equal((await holder.stop()).code, 0);
    const wrong = await stage.launch("alpha", "--chain", other).ended;
    assert.equal(wrong.code, 6, wrong.stderr);
    assert.equal((await (await stage.start("alpha", "--chain", chain)).stop("SIGINT")).code, 0);
  });

  it("may be interrupted twice: it stops, cleanly or by force", async () => {
    const node = await stage.start("gamma", "--chain", await stage.spec("gamma.json", fastPow));
    node.child.kill("SIGINT");
    // What a launcher passes on within a moment is one signal.
    await delay(350);
    const { code, stderr } = await node.stop("SIGINT");
    // After its own clean stop the signal means what it means to every process; a shell calls that 130, too.
    assert.ok(code === 0 || code === 130 || node.child.signalCode === "SIGINT", stderr);
    assert.equal(stderr, "");
  });

  it("names a genesis mismatch on both sides, and goes on alone", async () => {
    const chains = [
      await stage.spec("here.json", fastPow),
      await stage.spec("there.json", { ...fastPow, salt: "33" }),
    ];
    const here = await stage.start("here", "--chain", chains[0] as string);
    const there = await stage.start("there", "--chain", chains[1] as string, "--bootstrap", here.multiaddr);
    const [ours, theirs] = await Promise.all(
      [here, there].map(async (node) => (await node.status()).chainId),
    );
    for (const [node, expected] of [
      [here, { peer: there.started.nodeId, ours, theirs }],
      [there, { peer: here.started.nodeId, ours: theirs, theirs: ours }],
    ] as const) {
      await until("it names the mismatch", () => node.logged("genesis mismatch").length > 0);
      const [{ peer, ours, theirs } = {}] = node.logged("genesis mismatch");
      assert.deepEqual({ peer, ours, theirs }, expected);
      await node.until("it has hung up", ({ peers }) => peers === 0);
    }
  });
});

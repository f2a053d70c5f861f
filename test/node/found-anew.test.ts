/** `aurex-node found-anew` on real nodes: as status and doctor print it, with a clock that was ahead when the chain began. */
import assert from "node:assert/strict";
import { access, readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { describe, it, type TestContext } from "node:test";
import { type Clock, systemClock } from "../../src/base/clock.ts";
import { createApiClient } from "../../src/client/api-client.ts";
import type { AurexNode } from "../../src/node/aurex-node.ts";
import { pinnedChain } from "../../src/node/data-directory.ts";
import { NodeSupervisor, type NodeSupervisorOptions } from "../../src/node/supervisor/node-supervisor.ts";
import { loadOrCreateNodeKey } from "../../src/wallet/keystore.ts";
import { run } from "../cli/test-terminal.ts";
import { until } from "../support/patience.ts";
import { commitRecord, powSpec, quietOptions, temporaryFolder } from "./node-rig.ts";

const aheadMs = 2 * 3_600_000;

/** The system's clock, ahead until it is set right. */
function wrongClock(): Clock & { setRight(): void } {
  let wrongByMs = aheadMs;
  return {
    ...systemClock,
    nowMs: () => systemClock.nowMs() + wrongByMs,
    setRight() {
      wrongByMs = 0;
    },
  };
}

async function live(t: TestContext, dataDir: string, changes: Partial<NodeSupervisorOptions>, clock: Clock) {
  const started: AurexNode[] = [];
  const options = {
    ...quietOptions(dataDir, powSpec(), { apiPort: 0 }),
    expect: 1,
    admission: "open-lan",
  } as const;
  const supervisor = await NodeSupervisor.open(
    { ...options, spec: undefined, mine: false, ...changes },
    { clock, onStarted: (node) => started.push(node) },
  );
  const stopping = new AbortController();
  const ended = supervisor.run(stopping.signal);
  ended.catch(() => {});
  t.after(async () => {
    stopping.abort();
    await ended;
  });
  await until("it runs on a chain", () => started.length > 0);
  return { supervisor, started };
}

async function isThere(place: string): Promise<boolean> {
  return access(place).then(
    () => true,
    () => false,
  );
}

describe("a chain that was begun with a clock two hours ahead", () => {
  it("is left for another by the command that the advice names, and nothing is deleted", async (t) => {
    const dataDir = path.join(await temporaryFolder(t), "founder");
    const clock = wrongClock();
    const { supervisor, started } = await live(t, dataDir, {}, clock);
    const old = supervisor.status().chainId;
    const { publicKey } = await loadOrCreateNodeKey(dataDir);
    clock.setRight();
    const client = createApiClient(started[0]?.apiUrl ?? "");
    const { advice } = await client.node();
    assert.equal(advice[0]?.code, "chain-ahead");
    assert.match(advice[0].what, /^the chain is 1 h 59 min ahead of this clock$|^the chain is 2 h ahead/);
    const [command = ""] = /^aurex-node found-anew --data-dir \S+/.exec(advice[0].next) ?? [];
    const left = await run(command.split(" ").slice(1));
    assert.equal(left.code, 0, left.stderr);
    assert.match(left.stdout, new RegExp(`^the node leaves chain ${old}\n`));

    await until("it has founded anew", () => started.length === 2 && supervisor.status().chainId !== old);
    assert.deepEqual((await loadOrCreateNodeKey(dataDir)).publicKey, publicKey, "with the same key");
    assert.deepEqual(supervisor.status().advice, []);
    const [aside = "", ...more] = (await readdir(dataDir)).filter((name) => name.startsWith("aside-"));
    assert.deepEqual(more, []);
    for (const kept of ["chain", "chain-spec.json"])
      assert.ok(await isThere(path.join(dataDir, aside, kept)), kept);
    assert.deepEqual(JSON.parse(await readFile(path.join(dataDir, "left-chains.json"), "utf8")), [old]);
    assert.equal((await pinnedChain(dataDir))?.origin, "founded");
  });

  it("is kept once it is established: the command says why, and what else to do", async (t) => {
    const dataDir = path.join(await temporaryFolder(t), "founder");
    const clock = wrongClock();
    const { supervisor, started } = await live(t, dataDir, {}, clock);
    const recorded = await run([
      "tx",
      "record",
      "somebody needs this",
      "--key",
      "node",
      "--data-dir",
      dataDir,
      "--wait",
    ]);
    assert.equal(recorded.code, 0, recorded.stderr);
    clock.setRight();
    const [advice] = supervisor.status().advice;
    assert.match(advice?.next ?? "", /^wait until .* UTC: the node goes on by itself then$/);
    const refused = await run(["found-anew", "--data-dir", dataDir]);
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /established[\s\S]*\nNext: {2}\S/);
    assert.equal(started.length, 1);
  });

  it("of Proof of Work is begun anew on the same genesis", async (t) => {
    const dataDir = path.join(await temporaryFolder(t), "miner");
    const clock = wrongClock();
    const spec = powSpec("33");
    const { supervisor, started } = await live(t, dataDir, { spec, mine: true, authority: false }, clock);
    await commitRecord(started[0] as AurexNode, "two hours from now");
    const { head } = supervisor.status();
    clock.setRight();
    assert.equal(supervisor.status().advice[0]?.code, "chain-ahead");
    const left = await run(["found-anew", "--data-dir", dataDir, "--json"]);
    assert.equal(left.code, 0, left.stderr);
    assert.deepEqual(JSON.parse(left.stdout), { left: Buffer.from(spec.chainId).toString("hex") });
    await until("it runs again", () => started.length === 2);
    assert.ok(head.height > 0);
    await commitRecord(started[1] as AurexNode, "now");
    assert.deepEqual(supervisor.status().advice, []);
    assert.equal(supervisor.status().chainId, Buffer.from(spec.chainId).toString("hex"));
  });
});

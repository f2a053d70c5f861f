/** The demo's page as a class meets it on other machines: it looks on and sends, and only the teacher's machine makes trouble. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import type { LabState } from "../../src/api/lab.ts";
import type { Problem } from "../../src/api/problem.ts";
import { Lan } from "../../src/demo/lan/lan.ts";
import type { Machine } from "../../src/demo/lan/machine.ts";
import { until } from "../support/patience.ts";
import { whyNoLan } from "./lan-stage.ts";

const program = path.join(import.meta.dirname, "../../bin/aurex-node.js");

describe("the demo's page on a LAN", { skip: whyNoLan() }, () => {
  let lan: Lan;
  let folder: string;
  let own: Machine;
  let other: Machine;
  let said = "";
  const at = (machine: Machine, target: string, init?: RequestInit) =>
    machine.fetch(`http://${own.address}:13200${target}`, init);
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "aurex-lan-demo-"));
    lan = Lan.open(["a", "b"]);
    [own, other] = lan.machines as [Machine, Machine];
    const flags = ["demo", "--stay", "--host", "0.0.0.0", "--pow", "1", "--poa", "0", "--data-dir", folder];
    const demo = own.spawn(process.execPath, [program, ...flags], { stdio: ["ignore", "pipe", "ignore"] });
    demo.stdout?.setEncoding("utf8").on("data", (text: string) => {
      said += text;
    });
    await until("the page is up", () => said.includes("Data and logs are in"));
  });
  after(async () => {
    lan.close();
    await rm(folder, { recursive: true, force: true, maxRetries: 20 });
  });

  it("is said with its addresses and with what is to be careful about", () => {
    assert.match(said, /^The page of all nodes, with the lab: http:\/\/127\.0\.0\.1:13200\/$/m);
    assert.ok(said.includes(`  http://${own.address}:13200/\n`), said);
    assert.match(said, /^Careful: everybody on this network can look and send/m);
  });

  it("lets other machines look at everything, and makes trouble for its own machine alone", async () => {
    const stateFor = async (machine: Machine) => (await (await at(machine, "/lab/state")).json()) as LabState;
    const kill = (machine: Machine) =>
      at(machine, "/lab/nodes/PoW_1/kill", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: "{}",
      });
    const early = await kill(own);
    assert.deepEqual([early.status, ((await early.json()) as Problem).code], [409, "lab/not-yet"]);
    await until("the demo goes on", async () => (await stateFor(other)).nodes[0]?.can.includes("kill"));
    assert.equal((await at(other, "/nodes/PoW_1/v1/node")).status, 200);
    const refused = await kill(other);
    assert.equal(refused.status, 403);
    assert.equal(((await refused.json()) as Problem).code, "lab/only-here");
    assert.deepEqual([(await stateFor(other)).mayAct, (await stateFor(own)).mayAct], [false, true]);
    assert.equal((await kill(own)).status, 200);
    assert.equal((await stateFor(other)).nodes[0]?.process, "stopped");
  });
});

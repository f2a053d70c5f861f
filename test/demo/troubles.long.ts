/** The lab's longer troubles on five real processes: a miner that withholds, clocks that are wrong, a balance that is changed. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { LabNode } from "../../src/api/lab.ts";
import { Lab } from "../../src/demo/lab/lab.ts";
import { until } from "../support/patience.ts";
import { folderUntilEnd } from "../support/temporary-folder.ts";

const hourMs = 3_600_000;

describe("the lab's longer troubles", () => {
  let lab: Lab;
  before(async () => {
    const dataDir = await folderUntilEnd("aurex-troubles-");
    lab = await Lab.open({
      ...{ powNodes: 3, poaNodes: 2, ports: [], dataDir, funded: [] },
      ...{ exportFile: `${dataDir}/ledger.sqlite`, logLevel: "info" },
    });
    for (const node of lab.nodes) node.start();
    await untilAll("is connected", ({ peers }) => peers === 4);
    for (const name of ["PoW_1", "PoA_1"]) await pay(name, 2);
  });
  after(() => lab?.close());

  const named = (name: string): LabNode =>
    lab.state(true).nodes.find((node) => node.name === name) as LabNode;
  const untilNode = (name: string, what: string, isSo: (node: LabNode) => boolean) =>
    until(`${name} ${what}`, () => isSo(named(name)), { seen: () => [named(name), lab.state(true).notices] });
  const untilAll = (what: string, isSo: (node: LabNode) => boolean) =>
    until(`everybody ${what}`, () => lab.state(true).nodes.every(isSo), {
      seen: () => lab.state(true).nodes,
    });
  const haveOneHead = () =>
    until(
      "each chain has one head",
      () =>
        ["pow", "poa"].every((engine) => {
          const nodes = lab.state(true).nodes.filter(({ consensus }) => consensus === engine);
          return new Set(nodes.map(({ head }) => head?.hash)).size === 1;
        }),
      { seen: () => lab.state(true).nodes.map(({ name, head }) => [name, head]) },
    );

  /** Blocks with payments, one after the other. */
  async function pay(name: string, blocks: number): Promise<void> {
    for (let count = 0; count < blocks; count += 1) {
      const { head } = named(name);
      await lab.act(name, "send");
      await untilNode(name, "has it in a block", (node) => (node.head?.height ?? 0) > (head?.height ?? 0));
    }
  }

  it("a miner that withholds runs ahead, and the others lose their blocks when it releases", async () => {
    await lab.act("PoW_1", "withhold");
    await untilNode("PoW_1", "is ahead", (node) => (node.withholding?.ahead ?? 0) >= 4);
    await untilNode(
      "PoW_2",
      "has mined as well",
      ({ head }) => (head?.height ?? 0) > (named("PoW_1").withholding?.sinceHeight ?? 0),
    );
    const own = named("PoW_2").head?.hash;
    await lab.act("PoW_1", "release");
    await haveOneHead();
    await untilAll("is connected again", ({ peers }) => peers === 4);
    const kept = await lab.node("PoW_2").api.block(own as string);
    assert.equal(kept.canonical, false, "what the others had mined is beside the chain now");
  });

  it("a miner an hour ahead makes blocks that nobody takes, and is told that its clock is off; right again, it joins them", async () => {
    await lab.act("PoW_2", "clock", { offsetMs: hourMs });
    await untilNode("PoW_2", "is told", ({ advice }) => advice.some(({ code }) => code === "clock"));
    // The others may mine the same payment into a block of their own first: then it pays once more.
    const ahead = await until("PoW_2 has made a block", async () => {
      await lab.act("PoW_2", "send");
      const blocks = named("PoW_2").blocks;
      return blocks.find(({ timestampMs }) => timestampMs > Date.now() + hourMs / 2);
    });
    await assert.rejects(lab.node("PoW_3").api.block(ahead.hash), "a block of the future waits");
    await lab.act("PoW_2", "clock", { offsetMs: 0 });
    await untilNode("PoW_2", "is connected", ({ peers }) => peers === 4);
    await pay("PoW_3", 2);
    await haveOneHead();
  });

  it("an authority an hour behind signs nothing, and the chain goes on once it has the right time", async () => {
    await lab.act("PoA_2", "clock", { offsetMs: -hourMs });
    await untilNode("PoA_2", "is told", ({ advice }) => advice.some(({ code }) => code === "clock"));
    await lab.act("PoA_2", "clock", { offsetMs: 0 });
    await untilAll("is connected", ({ peers }) => peers === 4);
    await pay("PoA_1", 1);
    await haveOneHead();
  });

  for (const name of ["PoW_3", "PoA_1"]) {
    it(`a balance that is changed stops ${name}; its own advice brings it back with the true one`, async () => {
      const addresses = lab.nodes.map(({ address }) => address);
      const balances = (node: string) =>
        Promise.all(
          addresses.map(async (address) => (await lab.node(node).api.account(address)).balanceUnits),
        );
      const other = name === "PoW_3" ? "PoW_1" : "PoA_2";
      await lab.act(name, "tamper", { what: "balance" });
      await untilNode(name, "is mended", ({ tampered }) => tampered?.repaired === true);
      assert.match(named(name).tampered?.noticed ?? "", /does not match its checksum/);
      await haveOneHead();
      assert.deepEqual(await balances(name), await balances(other));
      await untilAll("is connected", ({ peers }) => peers === 4);
      await pay(name, 1);
      await haveOneHead();
    });
  }
});

/** Networks that are founded under difficulties on a LAN of namespaces: founders that die, networks that meet, five names. */
import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { after, before, describe, it } from "node:test";
import type { LanNode } from "../../src/demo/lan/lan-node.ts";
import type { Finding } from "../../src/doctor/finding.ts";
import { founderRank } from "../../src/network/founding/founding-decision.ts";
import { publicKeyOfAddress } from "../../src/protocol/identity.ts";
import { finalHeight, LanStage, whyNoLan } from "./lan-stage.ts";

const skip = whyNoLan();

describe("a founder that dies while the others wait", { skip }, () => {
  let stage: LanStage;
  before(async () => {
    stage = await LanStage.open({ name: "a" }, { name: "b" }, { name: "c" });
  });
  after(() => stage.close());

  it("is left out, and joins what the others founded when it comes back", async () => {
    const ranked = await Promise.all(
      stage.nodes.map(async (node) => {
        const { address } = await stage.command(node, "keys", "node", "--json");
        const key = publicKeyOfAddress(String(address)) as Uint8Array;
        return { node, rank: Buffer.from(founderRank("aurex", key)) };
      }),
    );
    ranked.sort((one, other) => one.rank.compare(other.rank));
    const [first, second, third] = ranked.map(({ node }) => node) as [LanNode, LanNode, LanNode];
    const others = [second, third];
    // It expects one candidate more than there are, so it would not found for as long as the others take to wait for it.
    await first.start("--expect", String(stage.nodes.length + 1));
    await stage.untilLogged(first, /1 of 4 expected candidates/);
    for (const node of others) await node.start();
    await stage.untilLogged(second, /waiting for aurex1\S+ to found/);
    await first.kill();
    assert.doesNotMatch(await stage.log(first), /this node founds/);
    const formed = (nodes: readonly LanNode[]) =>
      stage.until("all are authorities of one chain", nodes, (status, all) => {
        const isOne = all.every(({ chainId }) => chainId === status.chainId);
        return isOne && status.authorities.length === nodes.length && finalHeight(status) > 0;
      });
    await formed(others);
    assert.match(await stage.log(second), /this node founds/);
    await first.start();
    await formed(stage.nodes);
    await stage.checkSameHistory(stage.nodes);
  });
});

describe("networks founded apart that meet", { skip }, () => {
  let stage: LanStage;
  before(async () => {
    const [young, old] = [{ network: "young" }, { network: "old" }];
    const places = { a: young, b: young, c: old, d: old };
    stage = await LanStage.open(...Object.entries(places).map(([name, place]) => ({ name, ...place })));
    stage.lan.partition(stage.lan.machines.map((machine) => [machine]));
    for (const node of stage.nodes) await node.start();
    await stage.until("each has founded its own", stage.nodes, ({ authorities }) => authorities.length === 1);
    const [, , c, d] = stage.nodes as [LanNode, LanNode, LanNode, LanNode];
    for (const node of [c, d]) await stage.untilFinal(await stage.send(node, "established"), [node]);
    assert.equal(new Set(stage.watch.view.map((status) => status?.chainId)).size, 4);
    stage.lan.heal();
  });
  after(() => stage.close());

  it("become one where they are provisional: the higher chain id yields and is set aside", async () => {
    const [a, b] = stage.nodes as [LanNode, LanNode];
    const chainIds = [a, b].map((node) => stage.seen(node)?.chainId ?? "").sort();
    const statuses = await stage.until("one chain of two authorities", [a, b], ({ authorities, final }) => {
      return authorities.length === 2 && finalHeight({ final }) > 0;
    });
    for (const { chainId } of statuses) assert.equal(chainId, chainIds[0]);
    const kept = await Promise.all([a, b].map(async ({ dataDir }) => await readdir(dataDir)));
    const aside = kept.map((names) => names.filter((name) => name.startsWith("aside-")));
    assert.deepEqual(aside.map(({ length }) => length).sort(), [0, 1]);
    assert.ok(aside.flat()[0]?.endsWith((chainIds[1] ?? "").slice(0, 8)));
  });

  it("stay apart where they are established, and both say so, with both ids and what to do", async () => {
    const [, , c, d] = stage.nodes as [LanNode, LanNode, LanNode, LanNode];
    const chains = new Map([c, d].map((node) => [node, stage.seen(node)?.chainId ?? ""]));
    for (const [node, other] of [
      [c, d],
      [d, c],
    ] as const) {
      await stage.untilLogged(node, /never merge/);
      const line = (await stage.log(node)).split("\n").find((text) => text.includes("never merge")) ?? "";
      for (const chainId of chains.values()) assert.ok(line.includes(chainId), line);
      assert.match(line, /--network/);
      assert.equal((await node.api.node()).chainId, chains.get(node));
      const { code, stdout } = await node.command(
        "doctor",
        "--consensus",
        "poa",
        "--network",
        "old",
        "--json",
      );
      const { findings } = JSON.parse(stdout) as { findings: Finding[] };
      const finding = findings.find(({ check }) => check === "chain-of-peers");
      assert.equal(finding?.ok, false, JSON.stringify(finding));
      assert.ok(finding?.found.includes(chains.get(other) ?? ""), finding?.found);
      assert.equal(code, 8);
    }
  });
});

describe("five network names on one LAN", { skip }, () => {
  const names = ["red", "green", "blue", "black", "white"];
  let stage: LanStage;
  before(async () => {
    const places = names.flatMap((network) => [1, 2].map((n) => ({ name: `${network}-${n}`, network })));
    stage = await LanStage.open(...places);
  });
  after(() => stage.close());

  it("do not mix", async () => {
    for (const node of stage.nodes) await node.start();
    const statuses = await stage.until("five networks of two", stage.nodes, (status) => {
      return status.authorities.length === 2 && status.peers === 1 && finalHeight(status) > 0;
    });
    for (const network of names) {
      const own = statuses.filter((status) => status.network === network);
      assert.equal(own.length, 2);
      assert.equal(new Set(own.map(({ chainId }) => chainId)).size, 1, network);
      assert.deepEqual(own[0]?.authorities.toSorted(), own.map(({ address }) => address).sort());
    }
    assert.equal(new Set(statuses.map(({ chainId }) => chainId)).size, names.length);
  });
});

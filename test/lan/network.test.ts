/** The headline use on machines of a LAN: founding, admission, finality, and what a kill and a partition do to them. */
import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { after, before, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { founderRank } from "../../src/network/founding/founding-decision.ts";
import type { Finding } from "../../src/node/doctor/finding.ts";
import { ip } from "../../src/node/lan/ip-command.ts";
import type { LanNode } from "../../src/node/lan/lan-node.ts";
import { publicKeyOfAddress } from "../../src/protocol/identity.ts";
import { until } from "../support/patience.ts";
import { finalHeight, LanStage, whyNoLan } from "./lan-stage.ts";

const skip = whyNoLan();
/** Shorter than an operator's minute, to keep this file short; AUREX_LAN_PARTITION_S=60 runs it in full length. */
const partitionMs = Number(process.env.AUREX_LAN_PARTITION_S ?? 20) * 1_000;

describe("laptops that run aurex-node --consensus poa --authority", { skip }, () => {
  let stage: LanStage;
  let three: readonly LanNode[];
  let founder: LanNode;
  before(async () => {
    stage = await LanStage.open(...["a", "b", "c", "d"].map((name) => ({ name })));
    three = stage.nodes.slice(0, 3);
  });
  after(() => stage.close());

  it("form one network with three authorities and finality", async () => {
    for (const node of three) await node.start();
    const statuses = await stage.until("three authorities and finality", three, (status) => {
      return status.authority && status.authorities.length === 3 && finalHeight(status) > 0;
    });
    assert.equal(new Set(statuses.map(({ chainId }) => chainId)).size, 1);
    founder = await stage.share(three);
  });

  it("have nothing that doctor would mend, and clocks that agree", async () => {
    const [node] = three as [LanNode];
    // They are compared with the next greeting after somebody has become an authority.
    await stage.until("two clocks are measured", [node], ({ clock }) => clock?.measuredAgainst === 2);
    // An answer by mDNS may be lost or late on a busy machine, and doctor waits for answers only once.
    const { code, stdout, findings } = await until("all three answer doctor by mDNS", async () => {
      const { code, stdout } = await node.command("doctor", "--consensus", "poa", "--json");
      const { findings } = JSON.parse(stdout) as { findings: Finding[] };
      const mdns = findings.find(({ check }) => check === "mdns-port")?.found ?? "";
      return mdns.includes("10.77.0.3") && { code, stdout, findings };
    });
    assert.equal(code, 0, stdout);
    // A running node has its own files open.
    for (const { check, ok, found } of findings)
      assert.equal(ok, check === "chain-files" ? null : true, found);
    const found = Object.fromEntries(findings.map((finding) => [finding.check, finding.found]));
    assert.match(found["peer-port"] ?? "", /the running node's \(a, process \d+\)/);
    assert.match(found["mdns-port"] ?? "", /answer from 10\.77\.0\.1, 10\.77\.0\.2, 10\.77\.0\.3$/);
    assert.match(found.clock ?? "", /of 2 others$/);
    for (const name of ["b", "c"]) assert.ok(found.peers?.includes(`${name} (/ip4/10.77.0.`), found.peers);
    assert.match(found["chain-of-peers"] ?? "", /^2 of 2 peers are on chain/);
  });

  it("go on sealing and finalizing while one is killed, which catches up when it returns", async () => {
    // The founder, on which everything hung in the beginning.
    const others = three.filter((node) => node !== founder);
    await founder.kill();
    await stage.untilFinal(await stage.send(others[0] as LanNode, "one is dead"), others);
    const reached = Math.min(...others.map((node) => finalHeight(stage.seen(node) ?? { final: null })));
    await founder.start();
    await stage.untilAgreed(three, reached - 1);
    await stage.checkSameHistory(three);
  });

  it(`heal a partition 1|2 of ${partitionMs / 1_000} s to one head, with no final block replaced`, async () => {
    const [alone, ...pair] = three as [LanNode, LanNode, LanNode];
    stage.lan.partition([stage.machinesOf(alone), stage.machinesOf(...pair)]);
    const endMs = performance.now() + partitionMs;
    await stage.until("both sides notice", three, ({ peers }) => peers < 2);
    const lonelyId = await stage.send(alone, "from the side of one");
    const stuckAt = finalHeight(await alone.api.node());
    await stage.untilFinal(await stage.send(pair[0], "from the side of two"), pair);
    await delay(Math.max(0, endMs - performance.now()));
    assert.equal(finalHeight(await alone.api.node()), stuckAt, "one of three makes nothing final");
    stage.lan.heal();
    await stage.untilFinal(lonelyId, three);
    await stage.untilAgreed(three, stuckAt);
    await stage.checkSameHistory(three);
  });

  it("admit a fourth that comes later", async () => {
    await stage.node("d").start();
    await stage.until("four authorities", stage.nodes, (status) => {
      return status.authority && status.authorities.length === 4;
    });
    await stage.untilAgreed(stage.nodes);
    const { address } = await stage.node("d").api.node();
    const argv = ["tx", "send", "--to", address, "--amount", "100", "--key", "node", "--json"];
    await stage.untilFinal(String((await stage.command(founder, ...argv)).id), stage.nodes);
  });

  it(`heal a partition 2|2 of ${partitionMs / 1_000} s to one head, with no final block replaced`, async () => {
    const [a, b, c, d] = stage.nodes as [LanNode, LanNode, LanNode, LanNode];
    await stage.untilAgreed(stage.nodes);
    stage.lan.partition([stage.machinesOf(a, b), stage.machinesOf(c, d)]);
    const endMs = performance.now() + partitionMs;
    await stage.until("both sides notice", stage.nodes, ({ peers }) => peers === 1);
    const before = Math.max(
      ...(await Promise.all(stage.nodes.map(({ api }) => api.node()))).map(finalHeight),
    );
    const ids = [await stage.send(a, "from one side"), await stage.send(c, "from the other side")];
    for (const [index, node] of [a, c].entries()) {
      const id = ids[index] as string;
      const isCommitted = async () => (await node.api.transaction(id)).status === "committed";
      await until(`${node.name} seals`, isCommitted, { pollMs: 250 });
    }
    await delay(Math.max(0, endMs - performance.now()));
    const during = await Promise.all(stage.nodes.map(({ api }) => api.node()));
    assert.ok(Math.max(...during.map(finalHeight)) <= before + 1, "two of four make nothing new final");
    assert.notEqual(during[0]?.head.hash, during[2]?.head.hash, "each side has a head of its own");
    stage.lan.heal();
    for (const id of ids) await stage.untilFinal(id, stage.nodes);
    await stage.untilAgreed(stage.nodes, before);
    await stage.checkSameHistory(stage.nodes);
  });
});

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
    const [first, ...others] = ranked.map(({ node }) => node) as [LanNode, LanNode, LanNode];
    for (const node of others) await node.start();
    // It begins to listen when the others are at it, so that they have to wait for it.
    for (const node of others) await stage.untilLogged(node, /listening for network/);
    await delay(500);
    await first.start();
    for (const node of others) await stage.untilLogged(node, /waiting for aurex1\S+ to found/);
    await first.kill();
    assert.doesNotMatch(await stage.log(first), /this node founds/);
    const formed = (nodes: readonly LanNode[]) =>
      stage.until("all are authorities of one chain", nodes, (status, all) => {
        const isOne = all.every(({ chainId }) => chainId === status.chainId);
        return isOne && status.authorities.length === nodes.length && finalHeight(status) > 0;
      });
    await formed(others);
    assert.match(await stage.log(others[0]), /this node founds/);
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

describe("a node whose only interface has no multicast", { skip }, () => {
  let stage: LanStage;
  before(async () => {
    stage = await LanStage.open({ name: "a" });
  });
  after(() => stage.close());

  it("says why mDNS finds nobody, until it has", async () => {
    const [node] = stage.nodes as [LanNode];
    ip("-n", node.machine.namespace, "link", "set", "eth0", "multicast", "off");
    await node.start();
    const [status] = await stage.until("it has a chain", [node], ({ chainId }) => chainId !== "");
    assert.match(status?.mdnsFault ?? "", /no interface/);
    assert.match(await stage.log(node), /mDNS is impaired here/);
    ip("-n", node.machine.namespace, "link", "set", "eth0", "multicast", "on");
    await stage.until("mDNS works", [node], ({ mdnsFault }) => mdnsFault === null);
  });
});

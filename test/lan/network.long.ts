/** The headline use on machines of a LAN: founding, admission, finality, and what a kill and a partition do to them. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { ip } from "../../src/demo/lan/ip-command.ts";
import type { LanNode } from "../../src/demo/lan/lan-node.ts";
import type { Finding } from "../../src/doctor/finding.ts";
import { until } from "../support/patience.ts";
import { finalHeight, LanStage, whyNoLan } from "./lan-stage.ts";

const skip = whyNoLan();
/** Shorter than an operator's minute, to keep this file short; SUITE_LAN_PARTITION_S=60 runs it in full length. */
const partitionMs = Number(process.env.SUITE_LAN_PARTITION_S ?? 20) * 1_000;

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

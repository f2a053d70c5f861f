/** Machines whose addresses are not those of a tidy LAN: public, link-local, several, silent, or with the route elsewhere. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { ip } from "../../src/demo/lan/ip-command.ts";
import type { LanNode } from "../../src/demo/lan/lan-node.ts";
import type { Finding } from "../../src/doctor/finding.ts";
import { LanStage, whyNoLan } from "./lan-stage.ts";

const skip = whyNoLan();

function addresses(node: LanNode, ...each: readonly string[]): void {
  const { namespace } = node.machine;
  ip("-n", namespace, "addr", "flush", "dev", "eth0");
  for (const address of each) ip("-n", namespace, "addr", "add", address, "dev", "eth0");
}

/** Two nodes that find each other by mDNS alone. */
function stageOfTwo(prepare: (nodes: readonly [LanNode, LanNode]) => void): () => LanStage {
  let stage: LanStage;
  before(async () => {
    stage = await LanStage.open({ name: "a" }, { name: "b" });
    const nodes = stage.nodes as unknown as readonly [LanNode, LanNode];
    prepare(nodes);
    for (const node of nodes) await node.start();
  });
  after(() => stage.close());
  return () => stage;
}

for (const [kind, first, second, prefix] of [
  ["public addresses only", "130.83.1.1", "130.83.1.2", 24],
  ["addresses that they gave themselves", "169.254.7.1", "169.254.9.2", 16],
] as const) {
  describe(`two machines with ${kind}`, { skip }, () => {
    const stage = stageOfTwo(([a, b]) => {
      addresses(a, `${first}/${prefix}`);
      addresses(b, `${second}/${prefix}`);
    });

    it("list and announce them, find each other by mDNS, and have nothing that doctor would mend", async () => {
      const statuses = await stage().until("they are connected", stage().nodes, ({ peers }) => peers === 1);
      for (const [index, host] of [first, second].entries()) {
        const { addresses: listed, nodeId } = statuses[index] ?? { addresses: [], nodeId: "" };
        assert.deepEqual(listed, [`/ip4/${host}/tcp/13246/p2p/${nodeId}`]);
      }
      const { stdout } = await (stage().nodes[0] as LanNode).command(
        "doctor",
        "--consensus",
        "poa",
        "--json",
      );
      const { findings } = JSON.parse(stdout) as { findings: Finding[] };
      const found = Object.fromEntries(findings.map((finding) => [finding.check, finding]));
      for (const check of ["multicast-route", "mdns-port", "peers"]) {
        assert.equal(found[check]?.ok, true, found[check]?.found);
      }
    });
  });
}

describe("two machines with two addresses each, of which the first swallows packets", { skip }, () => {
  const stage = stageOfTwo(([a, b]) => {
    addresses(a, "10.77.0.1/24", "10.78.0.1/24");
    addresses(b, "10.77.0.2/24", "10.78.0.2/24");
    // A neighbour that does not exist gets them all, so that no answer and no error ever comes.
    for (const [node, other] of [
      [a, "10.77.0.2"],
      [b, "10.77.0.1"],
    ] as const) {
      const to = ["lladdr", "02:00:00:00:00:99", "dev", "eth0", "nud", "permanent"];
      ip("-n", node.machine.namespace, "neigh", "replace", other, ...to);
    }
  });

  it("connect by the other one", async () => {
    await stage().until("they are connected", stage().nodes, ({ peers }) => peers === 1);
    const { peers } = await (stage().nodes[0] as LanNode).api.peers();
    assert.match(peers[0]?.address ?? "", /^\/ip4\/10\.78\.0\.2\//);
  });
});

describe("two machines whose default routes lead elsewhere", { skip }, () => {
  const stage = stageOfTwo((nodes) => {
    for (const { machine } of nodes) {
      const { namespace } = machine;
      ip("-n", namespace, "link", "add", "wan", "type", "veth", "peer", "name", "provider");
      ip("-n", namespace, "addr", "add", "198.51.100.7/24", "dev", "wan");
      for (const end of ["wan", "provider"]) ip("-n", namespace, "link", "set", end, "up");
      ip("-n", namespace, "route", "del", "224.0.0.0/4");
      ip("-n", namespace, "route", "add", "default", "dev", "wan");
    }
  });

  it("find each other by mDNS all the same, and go on when an interface goes and comes back", async () => {
    await stage().until("they are connected", stage().nodes, ({ peers }) => peers === 1);
    const [a, b] = stage().nodes as [LanNode, LanNode];
    const { namespace } = a.machine;
    ip("-n", namespace, "link", "set", "eth0", "down");
    await stage().until("they have lost each other", [a, b], ({ peers }) => peers === 0);
    await stage().until("a lists its other address only", [a], ({ addresses: listed }) => {
      return listed.every((address) => address.startsWith("/ip4/198.51.100.7/"));
    });
    ip("-n", namespace, "link", "set", "eth0", "up");
    await stage().until("they are connected again", [a, b], ({ peers }) => peers === 1);
  });
});

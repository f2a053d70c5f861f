/** Each advice is followed as it is printed, on whole nodes in simulated time, and helps. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import type { Advice, AdviceCode } from "../../src/api/node-status.ts";
import { adviceOn } from "../../src/node/situation/advice.ts";
import { publicKeyOfAddress } from "../../src/protocol/identity.ts";
import type { KeyPair } from "../../src/protocol/signing.ts";
import { createMemoryNetwork, type MemoryNetwork } from "../support/network/memory-network.ts";
import { createSimulatedClock, type SimulatedClock, simulatedUntil } from "../support/simulated-clock.ts";
import { keyPairNamed, simulatedSpec, simulationStartMs } from "./chains.ts";
import { createSeededRandom } from "./random.ts";
import { memoryAddress, SimulatedNode } from "./simulated-node.ts";

const start = "aurex-node --consensus poa --authority --data-dir /nodes/a";
const facts = { dataDir: "/nodes/a", startCommand: start, mayLeaveChain: false };
const observer = { sealed: () => {}, headMoved: () => {}, finalMoved: () => {} };

describe("advice that is followed", () => {
  let clock: SimulatedClock;
  let network: MemoryNetwork;
  const nodes: SimulatedNode[] = [];

  beforeEach(() => {
    clock = createSimulatedClock(simulationStartMs);
    const random = createSeededRandom(5);
    network = createMemoryNetwork({ latencyMs: [5, 20], loss: 0 }, { clock, random: random.next });
  });
  afterEach(async () => {
    for (const node of nodes.splice(0)) await node.stop();
  });

  type SpecChanges = Parameters<typeof simulatedSpec>[3];

  async function stage(members: number, more = 0, changes: SpecChanges = {}): Promise<SimulatedNode[]> {
    const keys: KeyPair[] = Array.from({ length: members + more }, (_, index) =>
      keyPairNamed(`machine ${index}`),
    );
    const spec = simulatedSpec("poa", keys.slice(0, members), [], changes);
    for (const [index, keyPair] of keys.entries()) {
      const bootstrap = nodes.map(({ peerId }) => memoryAddress(peerId));
      const node = new SimulatedNode(
        { name: `machine-${index}`, spec, keyPair, bootstrap, rulesOff: {} },
        { clock, network, observer },
      );
      nodes.push(node);
      await node.start();
    }
    return nodes;
  }

  function adviceTo(node: SimulatedNode): Advice[] {
    assert.ok(node.core, `${node.name} runs`);
    return adviceOn(node.core.situation(facts));
  }

  const faultsOf = (node: SimulatedNode) => adviceTo(node).filter(({ fault }) => fault);
  const nextOf = (node: SimulatedNode, code: AdviceCode) =>
    adviceTo(node).find((advice) => advice.code === code)?.next ?? "";
  const heightOf = (node: SimulatedNode) => node.core?.chain.head.header.height ?? -1;
  const finalOf = (node: SimulatedNode) => node.core?.chain.final?.height ?? -1;
  const sizeOf = (node: SimulatedNode) =>
    node.core ? node.core.chain.engine.authority!.setAt(node.core.chain.head).length : 0;

  const until = (what: string, isSo: () => boolean, limitMs = 600_000) =>
    simulatedUntil(clock, what, isSo, limitMs);

  it("one of two is lost for good: the advice leads over waiting to the command with the hash, and finality is back", async () => {
    const [left, lost] = (await stage(2)) as [SimulatedNode, SimulatedNode];
    await until("blocks become final", () => finalOf(left) > 1);
    assert.deepEqual(faultsOf(left), []);
    lost.crash();
    await until("it is missed", () => nextOf(left, "finality") !== "");
    const final = finalOf(left);
    const [, height] = /keep this node sealing up to height (\d+)/.exec(nextOf(left, "finality")) ?? [];
    assert.ok(height, nextOf(left, "finality"));
    await until("it has waited as it was told", () => heightOf(left) >= Number(height));
    assert.equal(finalOf(left), final);
    const command = /start it so: aurex-node .* --trust-recovery ([0-9a-f]{64})$/.exec(
      nextOf(left, "finality"),
    );
    assert.ok(command, nextOf(left, "finality"));
    left.crash();
    await left.start({ trustRecovery: Buffer.from(command[1] as string, "hex") });
    await until("blocks become final", () => finalOf(left) > Number(height));
    assert.deepEqual(adviceTo(left), []);
  });

  it("one of two is lost for good, and the other was restarted before: first --sign-alone, then the same", async () => {
    const [left, lost] = (await stage(2)) as [SimulatedNode, SimulatedNode];
    await until("blocks become final", () => finalOf(left) > 1);
    for (const node of [left, lost]) node.crash();
    await left.start();
    await clock.advance(60_000);
    assert.match(nextOf(left, "authorities"), new RegExp(`${start} --sign-alone$`));
    left.crash();
    await left.start({ signsAlone: true });
    await until("the command is there", () => nextOf(left, "finality").includes("start it so: "));
    const [hash = ""] = /[0-9a-f]{64}$/.exec(nextOf(left, "finality")) ?? [];
    left.crash();
    const before = heightOf(lost);
    await left.start({ trustRecovery: Buffer.from(hash, "hex") });
    await until("blocks become final", () => finalOf(left) > before + 2);
    assert.deepEqual(adviceTo(left), []);
  });

  it("two of four are down: started again, as the advice says", async () => {
    const [a, b, c, d] = (await stage(4)) as [SimulatedNode, SimulatedNode, SimulatedNode, SimulatedNode];
    await until("blocks become final", () => finalOf(a) > 1);
    for (const node of [c, d]) node.crash();
    await until("they are missed", () => faultsOf(a).length > 0);
    assert.match(nextOf(a, "finality"), /^start machine-\d, machine-\d again; /);
    for (const node of [c, d]) await node.start();
    await until("nothing is left to do", () => [a, b, c, d].every((node) => faultsOf(node).length === 0));
    const final = finalOf(a);
    await until("blocks become final", () => finalOf(a) > final);
  });

  it("a node that waits is let in by what its advice names: vote add, and open after the window", async () => {
    for (const changes of [{ admission: "vote" }, { admission: "open-lan", joinWindowMs: 1_000 }] as const) {
      const [a, b, newcomer] = (await stage(2, 1, changes)) as [SimulatedNode, SimulatedNode, SimulatedNode];
      await clock.advance(30_000);
      assert.equal(newcomer.core?.producer?.notSealingBecause, "waiting for admission");
      const next = nextOf(newcomer, "admission");
      const [, verb, argument] =
        /^on 2 of the 2 authorities: aurex-node authority (vote add|open --for) (\S+)$/.exec(next) ?? [];
      for (const { core } of [a, b]) {
        assert.ok(core?.admission);
        if (verb === "vote add") {
          const authority = publicKeyOfAddress(argument ?? "") as Uint8Array;
          assert.ok((await core.admission.vote({ action: "add", authority })).ok);
        } else assert.ok(core.admission.open(600_000).ok);
      }
      await until("it is an authority", () => sizeOf(newcomer) === 3);
      assert.deepEqual(faultsOf(newcomer), []);
      for (const node of nodes.splice(0)) await node.stop();
    }
  });

  it("three removed one by vote: restarted, it stays out, its advice says vote add, and that helps", async () => {
    const changes = { admission: "open-lan", joinWindowMs: 3_600_000 } as const;
    const [a, b, removed] = (await stage(3, 0, changes)) as [SimulatedNode, SimulatedNode, SimulatedNode];
    await until("blocks become final", () => finalOf(a) > 1);
    const authority = removed.keyPair.publicKey;
    for (const { core } of [a, b])
      assert.ok((await core?.admission?.vote({ action: "remove", authority }))?.ok);
    await until("it is out", () => sizeOf(a) === 2);
    for (const node of [a, b]) {
      node.crash();
      await node.start();
    }
    await clock.advance(120_000);
    assert.equal(sizeOf(a), 2, "nobody votes it in again by itself");
    assert.match(nextOf(removed, "admission"), /authority vote add aurex1/);
    assert.match(nextOf(a, "candidates"), /authority vote add aurex1/);
    for (const { core } of [a, b]) assert.ok((await core?.admission?.vote({ action: "add", authority }))?.ok);
    await until("it is back", () => sizeOf(a) === 3);
    assert.deepEqual(faultsOf(removed), []);
  });

  it("a clock that is off, set right as the advice says", async () => {
    const [a, b, wrong] = (await stage(3)) as [SimulatedNode, SimulatedNode, SimulatedNode];
    await until("blocks become final", () => finalOf(a) > 1);
    wrong.setClockWrongBy(15_000);
    await until("it says so", () => nextOf(wrong, "clock") === "sudo timedatectl set-ntp true");
    await until("the others name it", () =>
      [a, b].every(
        (node) => nextOf(node, "clock") === "on the machine of machine-2: sudo timedatectl set-ntp true",
      ),
    );
    wrong.setClockWrongBy(0);
    await until("nothing is left to do", () => nodes.every((node) => faultsOf(node).length === 0));
  });
});

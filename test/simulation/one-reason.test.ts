/** One reason everywhere: gate, producer, voter, admission and advice of a whole node agree in every state that forbids to sign. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { toHex } from "../../src/base/bytes.ts";
import type { NodeCore } from "../../src/node/node-core.ts";
import { sha256 } from "../../src/protocol/hashing.ts";
import type { KeyPair } from "../../src/protocol/signing.ts";
import { signVote } from "../../src/protocol/vote.ts";
import type { NotSealingReason } from "../../src/sealing/not-sealing.ts";
import { createMemoryNetwork, type MemoryNetwork } from "../support/network/memory-network.ts";
import { createSimulatedClock, type SimulatedClock, simulatedUntil } from "../support/simulated-clock.ts";
import { keyPairNamed, simulatedSpec, simulationStartMs } from "./chains.ts";
import { createSeededRandom } from "./random.ts";
import { memoryAddress, SimulatedNode } from "./simulated-node.ts";

const facts = { dataDir: "/nodes/a", startCommand: "aurex-node", mayLeaveChain: false };

describe("a node that may not sign", () => {
  let clock: SimulatedClock;
  let network: MemoryNetwork;
  const nodes: SimulatedNode[] = [];
  /** By name of the node: what was signed, and every reason that its gate has had. */
  const signed = new Map<string, number>();
  const reasons = new Map<string, Set<NotSealingReason>>();

  beforeEach(() => {
    clock = createSimulatedClock(simulationStartMs);
    const random = createSeededRandom(7);
    network = createMemoryNetwork({ latencyMs: [5, 20], loss: 0 }, { clock, random: random.next });
    signed.clear();
    reasons.clear();
  });
  afterEach(async () => {
    for (const node of nodes.splice(0)) await node.stop();
  });

  const sign = ({ name }: SimulatedNode) => signed.set(name, (signed.get(name) ?? 0) + 1);
  const observer = { sealed: sign, headMoved: () => {}, finalMoved: () => {} };
  const machines = (count: number) =>
    Array.from({ length: count }, (_, index) => keyPairNamed(`machine ${index}`));

  /** Each dials those before it. Newcomers are candidates. */
  async function started(
    keys: readonly KeyPair[],
    newcomers: readonly KeyPair[] = [],
  ): Promise<SimulatedNode[]> {
    const changes = { admission: "open-lan", joinWindowMs: 3_600_000 } as const;
    const spec = simulatedSpec("poa", keys, [], changes);
    for (const [index, keyPair] of [...keys, ...newcomers].entries()) {
      const bootstrap = nodes.map(({ peerId }) => memoryAddress(peerId));
      const options = { name: `machine ${index}`, spec, keyPair, bootstrap, rulesOff: {} };
      const node = new SimulatedNode(options, { clock, network, observer });
      nodes.push(node);
      // A newcomer is started when its test says so.
      if (index < keys.length) await start(node);
    }
    return nodes;
  }

  async function start(node: SimulatedNode): Promise<void> {
    await node.start();
    const { gate } = coreOf(node);
    assert.ok(gate);
    // Whoever listens now comes after the producer, the voter and admission.
    gate.events.on("changed", () => agreed(node));
    agreed(node);
  }

  function coreOf({ core, name }: SimulatedNode): NodeCore {
    assert.ok(core, `${name} runs`);
    return core;
  }

  /** Everybody who shows or uses the reason has the same one. */
  function agreed(node: SimulatedNode): NotSealingReason | undefined {
    if (!node.core) return undefined;
    const { gate, producer, authority } = node.core;
    assert.equal(authority?.gate, gate, "voter and admission hold this gate");
    const reason = gate?.reason;
    if (reason === undefined) return undefined;
    reasons.set(node.name, (reasons.get(node.name) ?? new Set()).add(reason));
    // An attempt that runs is not stopped: its block was due before.
    if (producer?.notSealingBecause !== undefined) assert.equal(producer.notSealingBecause, reason);
    return reason;
  }

  const until = (what: string, isSo: () => boolean, limitMs = 600_000) =>
    simulatedUntil(clock, what, isSo, limitMs);

  /** The state lasts, everybody names it, and neither a block nor a vote is signed. */
  async function silentBecause(node: SimulatedNode, reason: NotSealingReason): Promise<void> {
    await until(reason, () => agreed(node) === reason);
    await clock.advance(5_000);
    const before = [signed.get(node.name), lastVoteOf(node)];
    for (let second = 0; second < 20; second += 1) {
      await clock.advance(1_000);
      const core = coreOf(node);
      assert.equal(core.gate?.reason, reason);
      assert.equal(core.producer?.notSealingBecause, reason);
      assert.equal(core.situation(facts).notSealingBecause, reason);
    }
    assert.deepEqual([signed.get(node.name), lastVoteOf(node)], before, "nothing was signed");
  }

  const lastVoteOf = (node: SimulatedNode) => node.lastVote?.target.height;
  const heightOf = (node: SimulatedNode) => coreOf(node).chain.head.header.height;
  const finalOf = (node: SimulatedNode) => coreOf(node).chain.final?.height ?? 0;
  const authorityVotesOf = (node: SimulatedNode) =>
    nodes[0]!.core?.chain.ledger.account(toHex(node.keyPair.publicKey))?.sequence ?? 0;
  const allSign = () => until("all sign", () => nodes.every((node) => !node.core || lastVoteOf(node)! > 2));

  it("has just started, and hears nobody", async () => {
    const [alone] = (await started(machines(3))) as [SimulatedNode];
    await allSign();
    alone.crash();
    network.partition([[alone.peerId]]);
    await start(alone);
    await silentBecause(alone, "no other authority heard");
    network.heal();
    await until("it signs", () => agreed(alone) === undefined);
    const last = finalOf(alone);
    await until("it votes on", () => finalOf(alone) > last);
  });

  it("listens first, then catches up with what the others sealed meanwhile", async () => {
    const [behind, other] = (await started(machines(3))) as [SimulatedNode, SimulatedNode];
    await allSign();
    behind.crash();
    const height = heightOf(other);
    await until("the others go on without it", () => heightOf(other) > height + 3);
    reasons.clear();
    await start(behind);
    await until("it signs", () => agreed(behind) === undefined);
    const seen = [...(reasons.get(behind.name) ?? [])];
    for (const reason of ["no other authority heard", "listening first"] as const) {
      assert.ok(seen.includes(reason), `${reason}: ${seen}`);
    }
  });

  it("has a clock that is off: it votes on no candidate either, and does once its clock is right", async () => {
    const [first, second] = [keyPairNamed("newcomer 1"), keyPairNamed("newcomer 2")];
    const all = await started(machines(3), [first, second]);
    const [a, wrong, c, newcomer, another] = all as [
      SimulatedNode,
      SimulatedNode,
      SimulatedNode,
      SimulatedNode,
      SimulatedNode,
    ];
    await allSign();
    wrong.setClockWrongBy(5_000);
    await until("it knows", () => agreed(wrong) === "clock off");
    await start(newcomer);
    await until("the others have voted", () => authorityVotesOf(a) === 1 && authorityVotesOf(c) === 1);
    assert.ok(reasons.get(newcomer.name)?.has("waiting for admission"));
    await silentBecause(wrong, "clock off");
    assert.equal(authorityVotesOf(wrong), 0);
    wrong.setClockWrongBy(0);
    await until("its clock is right", () => agreed(wrong) === undefined);
    await start(another);
    await until("it votes, too", () => authorityVotesOf(wrong) > 0);
  });

  it("is behind its peers", async () => {
    const [node, other] = (await started(machines(4))) as [SimulatedNode, SimulatedNode];
    await allSign();
    network.partition([[node.peerId]]);
    const final = finalOf(node);
    await until("the others go on without it", () => finalOf(other) > final + 1);
    reasons.clear();
    network.heal();
    await until("it has the blocks of the others", () => finalOf(node) > final);
    await until("it signs", () => agreed(node) === undefined);
    assert.deepEqual([...(reasons.get(node.name) ?? [])], ["syncing"]);
  });

  it("has its key at work elsewhere", async () => {
    const [node] = (await started(machines(3))) as [SimulatedNode];
    await allSign();
    const older = {
      instance: new Uint8Array(32),
      startedMs: simulationStartMs - 1,
      timestampMs: clock.nowMs(),
      signature: new Uint8Array(64),
    };
    coreOf(node).network.events.emit("twin", older);
    assert.equal(coreOf(node).gate?.reason, "key seen elsewhere", "at once");
    await clock.advance(0);
    await silentBecause(node, "key seen elsewhere");
  });

  it("was slashed", async () => {
    const [slashed, other] = (await started(machines(3))) as [SimulatedNode, SimulatedNode];
    await allSign();
    const { chain } = coreOf(other);
    const real = slashed.lastVote!;
    const target = { height: real.target.height, hash: sha256(Buffer.from("another block")) };
    chain.addVote(signVote(chain.spec.chainId, real.source, target, slashed.keyPair));
    await silentBecause(slashed, "slashed");
  });

  it("is the only one, and its clock is set back behind its chain", async () => {
    const [lone] = (await started(machines(1))) as [SimulatedNode];
    await allSign();
    lone.setClockWrongBy(-3_600_000);
    await silentBecause(lone, "chain ahead of this clock");
    lone.setClockWrongBy(0);
    const height = heightOf(lone);
    await until("it goes on", () => heightOf(lone) > height);
  });
});

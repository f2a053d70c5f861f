/** The signing gate on a real Proof of Work chain: when its reason changes, and when it says so. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { SigningGate } from "../../src/authority/signing-gate.ts";
import { silentLogger } from "../../src/base/logger.ts";
import type { NotSealingReason } from "../../src/sealing/not-sealing.ts";
import { testSpec } from "../chain/block-builder.ts";
import { openChain } from "../chain/open-chain.ts";
import { QuietNetwork } from "../support/quiet-network.ts";

async function gateRig(listenFirstMs = 0) {
  const { chain, clock } = await openChain({ spec: testSpec("pow") });
  const network = new QuietNetwork(clock);
  const gate = new SigningGate({ listenFirstMs }, { chain, network, clock, logger: silentLogger });
  const told: (NotSealingReason | undefined)[] = [];
  gate.events.on("changed", () => told.push(gate.reason));
  return { gate, clock, network, told };
}

test("before its start and after its end nothing may be signed", async () => {
  const { gate, clock, network } = await gateRig();
  assert.equal(gate.reason, "stopped");
  gate.start();
  assert.equal(gate.reason, undefined);
  gate.stop();
  assert.equal(gate.reason, "stopped");
  network.setBehind(true);
  network.setBehind(false);
  assert.equal(gate.reason, "stopped");
  assert.equal(clock.pending, 0);
});

test("the reason follows its cause at once, and is told once the code that caused it has run to its end", async () => {
  const { gate, clock, network, told } = await gateRig();
  gate.start();
  await clock.advance(0);
  told.length = 0;
  network.setBehind(true);
  assert.equal(gate.reason, "syncing");
  assert.deepEqual(told, [], "a listener must not act while a new head is still being taken in");
  await clock.advance(0);
  assert.deepEqual(told, ["syncing"]);
  network.setBehind(false);
  network.setBehind(false);
  await clock.advance(0);
  assert.deepEqual(told, ["syncing", undefined], "once for each change");
  gate.stop();
});

test("a listener that fails keeps neither the gate nor another listener from going on", async () => {
  const { gate, clock, network, told } = await gateRig();
  gate.events.prependListener("changed", () => {
    throw new Error("a broken listener");
  });
  gate.start();
  network.setBehind(true);
  await clock.advance(0);
  assert.equal(told.at(-1), "syncing");
  gate.stop();
});

test("the time to listen is over to the millisecond, whatever the wall clock says", async () => {
  const { gate, clock } = await gateRig(5_500);
  gate.start();
  clock.jumpWallClock(3_600_000);
  await clock.advance(5_499);
  assert.equal(gate.reason, "listening first");
  await clock.advance(1);
  assert.equal(gate.reason, undefined);
  gate.stop();
});

test("time in which the process stood still is no time of listening", async () => {
  const { chain, clock } = await openChain({ spec: testSpec("pow") });
  let stoodStillMs = 0;
  const stalling = { ...clock, monotonicMs: () => clock.monotonicMs() + stoodStillMs };
  const network = new QuietNetwork(clock);
  const modules = { chain, network, clock: stalling, logger: silentLogger };
  const gate = new SigningGate({ listenFirstMs: 5_000 }, modules);
  gate.start();
  await clock.advance(1_500);
  stoodStillMs = 60_000;
  await clock.advance(3_499);
  assert.equal(gate.reason, "listening first");
  await clock.advance(1);
  assert.equal(gate.reason, undefined);
  gate.stop();
});

test("a wall clock that is set back behind the chain, and set right, is noticed by itself", async () => {
  const { gate, clock } = await gateRig();
  gate.start();
  clock.jumpWallClock(-24 * 3_600_000);
  await clock.advance(1_000);
  assert.equal(gate.reason, "chain ahead of this clock");
  clock.jumpWallClock(24 * 3_600_000);
  await clock.advance(1_000);
  assert.equal(gate.reason, undefined);
  gate.stop();
});

/** A chain that was founded with a clock that was ahead: what the nodes say, and that one command on the founder mends it. */
import assert from "node:assert/strict";
import { afterEach, it } from "node:test";
import { adviceOn } from "../../src/node/situation/advice.ts";
import { type FoundingNode, FoundingStage } from "./founding-life.ts";

const hourMs = 3_600_000;
const facts = { dataDir: "/nodes/a", startCommand: "aurex-node --data-dir /nodes/a", mayLeaveChain: true };

let stage: FoundingStage | undefined;
afterEach(async () => {
  await stage?.stop();
  stage = undefined;
});

const adviceTo = (node: FoundingNode) => (node.core ? adviceOn(node.core.situation(facts)) : []);
const codesTo = (node: FoundingNode) => adviceTo(node).map(({ code }) => code);

/** `founder` founds with its clock two hours ahead; 20 s later the clock is set right, and the others join. */
async function foundedAhead(): Promise<readonly FoundingNode[]> {
  stage = new FoundingStage(7);
  const founder = stage.add("founder");
  founder.setClockWrongBy(2 * hourMs);
  founder.start();
  await stage.until("it has founded", () => founder.core !== undefined);
  await stage.clock.advance(20_000);
  founder.setClockWrongBy(0);
  const others = ["b", "c"].map((name) => (stage as FoundingStage).add(name));
  for (const node of others) node.start();
  await stage.until("they have joined", () => others.every(({ chainId }) => chainId === founder.chainId));
  return [founder, ...others];
}

it("all say that the chain is ahead, not that their clocks are off, and what to do", async () => {
  const nodes = await foundedAhead();
  await stage?.clock.advance(20_000);
  for (const node of nodes) {
    const [advice] = adviceTo(node);
    assert.equal(advice?.code, "chain-ahead", node.name);
    assert.match(advice.what, /^the chain is 1 h 59 min ahead of this clock$/);
    assert.match(
      advice.next,
      /^aurex-node found-anew --data-dir \/nodes\/a .*, or wait until 2026-01-01 02:00:/,
    );
    assert.ok(!codesTo(node).includes("clock"), "no clock is off");
  }
  assert.equal(nodes[0]?.core?.producer?.notSealingBecause, "chain ahead of this clock");
});

it("waiting helps", async () => {
  const nodes = await foundedAhead();
  await stage?.clock.advance(2 * hourMs);
  await stage?.until("blocks are sealed", () => (nodes[0]?.core?.chain.head.header.height ?? 0) > 1, 600_000);
  assert.ok(nodes.every((node) => !codesTo(node).includes("chain-ahead")));
});

it("founding anew on the founder helps: the others follow by themselves, and nothing is lost", async () => {
  const nodes = await foundedAhead();
  const [founder] = nodes as [FoundingNode];
  const old = founder.chainId;
  founder.leaveChain();
  await stage?.until(
    "all are on another chain",
    () => nodes.every(({ chainId }) => chainId === founder.chainId) && founder.chainId !== old,
    300_000,
  );
  await stage?.until("all become authorities", () => {
    const chain = founder.core?.chain;
    return chain?.engine.authority?.setAt(chain.head).length === 3;
  });
  for (const node of nodes) {
    assert.deepEqual(
      node.aside.map(({ spec }) => Buffer.from(spec.chainId).toString("hex")),
      [old],
      `${node.name} has set the old chain aside, once`,
    );
    assert.ok(!codesTo(node).includes("chain-ahead"), node.name);
  }
});

it("a machine whose clock was never set founds nothing, and founds once it is set", async () => {
  stage = new FoundingStage(8);
  const board = stage.add("board");
  board.setClockWrongBy(75_000 - stage.clock.nowMs());
  board.start();
  await stage.clock.advance(60_000);
  assert.equal(board.core, undefined);
  assert.ok(stage.logged("this machine's clock says 1970-01-01", "board").length > 0);
  board.setClockWrongBy(0);
  await stage.until("it founds", () => board.core !== undefined);
});

it("a machine that boots in 1970 with a chain is told to set its clock", async () => {
  stage = new FoundingStage(9);
  const board = stage.add("board");
  board.start();
  await stage.until("it has founded", () => board.core !== undefined);
  await stage.clock.advance(30_000);
  board.crash();
  board.setClockWrongBy(75_000 - stage.clock.nowMs());
  board.start();
  await stage.until("it runs", () => board.core !== undefined);
  await stage.clock.advance(15_000);
  assert.deepEqual(codesTo(board), ["clock"]);
  assert.match(adviceTo(board)[0]?.what ?? "", /says 1970-01-01/);
  board.setClockWrongBy(0);
  const height = board.core?.chain.head.header.height ?? 0;
  await stage.until("it seals again", () => (board.core?.chain.head.header.height ?? 0) > height);
  assert.deepEqual(adviceTo(board), []);
});

/** What is known of a block under way holds for the same bytes alone, and an import asks again what may have changed. */
import assert from "node:assert/strict";
import { it } from "node:test";
import { compareHeads } from "../../src/consensus/engine.ts";
import type { Block } from "../../src/protocol/block.ts";
import { alice, BlockBuilder, bob, testSpec } from "./block-builder.ts";
import { type OpenChain, openChain } from "./open-chain.ts";

const poa = new BlockBuilder(testSpec("poa"));
const pow = new BlockBuilder(testSpec("pow"));
const [sent, other] = [1n, 2n].map((units) => poa.transfer(alice, 0, bob, units));

const codeOf = ({ chain }: OpenChain, block: Block) => {
  const judged = chain.offer(block);
  return judged.ok ? "judged" : judged.fault.code;
};

it("a copy with another body is refused, before and after the true block, and keeps it out at no time", async () => {
  const parent = poa.on(poa.genesis);
  for (const on of [poa.genesis, parent]) {
    const opened = await openChain({ spec: poa.spec });
    const { block } = poa.on(on, { transactions: [sent!] });
    const copy = poa.on(on, { transactions: [sent!], body: [other!] }).block;
    const spoiled = poa.on(on, { transactions: [sent!], body: [poa.spoil(sent!)] }).block;
    for (const false_ of [copy, spoiled]) assert.equal(false_.hashHex, block.hashHex);
    const honest = on === parent ? "block/parent-unknown" : "judged";
    // Signatures that do not hold are verified ahead of the true block's, under its hash.
    await opened.chain.verifyAhead(spoiled);
    assert.equal(codeOf(opened, copy), "block/transactions-root-wrong");
    assert.equal(codeOf(opened, block), honest);
    assert.equal(codeOf(opened, copy), "block/transactions-root-wrong");
    assert.equal(codeOf(opened, spoiled), "block/transactions-root-wrong");
    if (on === parent) assert.equal(await opened.give(parent), "head");
    else assert.equal(await opened.give({ block }), "head");
    await opened.chain.importBlock(poa.genesis.block);
    assert.equal(opened.chain.head.hashHex, block.hashHex);
  }
});

it("a block that was judged is imported as it was judged, unless something has changed since", async () => {
  const opened = await openChain({ spec: pow.spec });
  const { chain, give } = opened;
  const offer = ({ block }: { readonly block: Block }) => {
    const judged = chain.offer(block);
    assert.ok(judged.ok);
    return judged.value;
  };
  const first = offer(pow.on(pow.genesis));
  assert.equal(chain.offer(first.block).ok, true);
  const imported = await Promise.all([chain.importJudged(first), chain.importJudged(first)]);
  assert.deepEqual(imported, [
    { ok: true, value: "head" },
    { ok: false, fault: { code: "block/known" } },
  ]);

  // A side block is stored before anything in it is executed. Of two that are as heavy, the lower hash is the head.
  const stateRoot = new Uint8Array(32).fill(1);
  const bad = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]
    .map((laterMs) => pow.on(pow.genesis, { laterMs, header: { stateRoot } }))
    .find(({ record }) => compareHeads(record, first.record) > 0);
  assert.ok(bad);
  assert.equal(await give(bad), "side");
  const children = [0, 1].map((laterMs) => offer(pow.on(bad, { laterMs })));
  const codes = [];
  for (const child of children) {
    const outcome = await chain.importJudged(child);
    codes.push(outcome.ok ? outcome.value : outcome.fault.code);
  }
  assert.deepEqual(codes, ["block/parent-invalid", "block/parent-invalid"]);
  assert.equal(chain.head.hashHex, first.record.hashHex);

  const last = offer(pow.on(pow.on(pow.genesis)));
  await chain.close();
  assert.equal((await chain.importJudged(last)).ok, false);
});

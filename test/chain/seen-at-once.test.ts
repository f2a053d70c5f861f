/** Whoever finds a transaction in the store finds the head at its block, also while a commit is on its way to the disk. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { it } from "node:test";
import { systemClock } from "../../src/base/clock.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { Chain } from "../../src/chain/chain.ts";
import { createEngine } from "../../src/consensus/create-engine.ts";
import { openLevelStore } from "../../src/store/level-store.ts";
import { createInlineVerifier } from "../../src/verifier/verifier.ts";
import { alice, BlockBuilder, bob, testSpec } from "./block-builder.ts";

it("a transaction is never seen in a block above the head", async (t) => {
  const directory = await mkdtemp(path.join(tmpdir(), "aurex-seen-"));
  t.after(() => rm(directory, { recursive: true }));
  const modules = { clock: systemClock, logger: silentLogger };
  const pow = new BlockBuilder(testSpec("pow"));
  const { spec } = pow;
  const store = await openLevelStore(
    { directory: path.join(directory, "chain"), chainId: spec.chainId },
    modules,
  );
  const verifier = createInlineVerifier({});
  const chain = await Chain.open({ spec }, { store, engine: createEngine(spec), verifier, ...modules });
  t.after(() => store.close());

  let looks = 0;
  let parent = pow.genesis;
  for (let sequence = 0; sequence < 20; sequence += 1) {
    const sent = pow.transfer(alice, sequence, bob, 1n);
    parent = pow.on(parent, { transactions: [sent] });
    let isImporting = true;
    const imported = chain.importBlock(parent.block).finally(() => {
      isImporting = false;
    });
    while (isImporting) {
      const height = chain.transaction(sent.id)?.block.header.height ?? 0;
      assert.ok(
        chain.head.header.height >= height,
        `head ${chain.head.header.height}, transaction in ${height}`,
      );
      looks += 1;
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.deepEqual(await imported, { ok: true, value: "head" });
  }
  assert.ok(looks > 20, "looked while commits were under way");
});

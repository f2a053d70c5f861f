/** Blocks that lose, of one peer: a few are no offence, and of large ones fewer. */
import assert from "node:assert/strict";
import { it } from "node:test";
import { StaleBlocks } from "../../src/network/gossip/stale-blocks.ts";
import type { HeaderRecord } from "../../src/protocol/block.ts";
import { BlockBuilder, testSpec } from "../chain/block-builder.ts";
import { createSimulatedClock } from "../support/simulated-clock.ts";

const mebibyte = 2 ** 20;
const pow = new BlockBuilder(testSpec("pow"));
const record: HeaderRecord = pow.on(pow.genesis).record;

/** The first block of a peer is its best; each further one of the same weight loses. */
function rig() {
  const clock = createSimulatedClock(0);
  const blocks = new StaleBlocks({ clock });
  assert.ok(blocks.add(record, 300, "peer"));
  const free = (bytes: number) => {
    let count = 0;
    while (blocks.add(record, bytes, "peer")) count += 1;
    return count;
  };
  return { clock, free };
}

it("sixteen at once and one in two seconds cost nothing", async () => {
  const { clock, free } = rig();
  assert.equal(free(300), 16);
  await clock.advance(10_000);
  assert.equal(free(300), 5);
});

it("of a MiB, one of a new peer, later four at once and one in eight seconds cost nothing", async () => {
  const { clock, free } = rig();
  assert.equal(free(mebibyte), 1);
  await clock.advance(60_000);
  assert.equal(free(mebibyte), 4);
  await clock.advance(16_000);
  assert.equal(free(mebibyte), 2);
});

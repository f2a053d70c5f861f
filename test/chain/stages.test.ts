/** The stages of a block are types that only the stages can make: the compiler refuses whatever skips one. */
import assert from "node:assert/strict";
import { it } from "node:test";
import type { Chain } from "../../src/chain/chain.ts";
import type { ExecutedBlock } from "../../src/chain/stages/execute.ts";
import {
  type JudgedBlock,
  type JudgeRules,
  judge,
  type PlacedBlock,
  placeBlock,
} from "../../src/chain/stages/judge.ts";
import { type SaneBlock, saneBlock } from "../../src/chain/stages/sanity.ts";
import type { StateChange } from "../../src/ledger/entry.ts";
import { BlockBuilder, testSpec } from "./block-builder.ts";

const builder = new BlockBuilder(testSpec("poa"));
const { spec, engine, ancestry } = builder;
const { block, record } = builder.on(builder.genesis);
const parent = builder.genesis.record;
const rules: JudgeRules = {
  engine,
  ancestry,
  trusted: undefined,
  finality: undefined,
  committedStates: { faultOf: () => undefined },
};

it("one stage after the other leads from a block to its record", () => {
  const sane = saneBlock(block, { spec, engine, knownFault: () => undefined });
  assert.ok(sane.ok);
  const placed = placeBlock(sane.value, parent, engine);
  assert.ok(placed.ok);
  const judged = judge(placed.value, rules);
  assert.ok(judged.ok);
  assert.deepEqual(judged.value.record, record);
});

/** Never called: each line would skip a stage, and compiles only as long as it does not type-check. */
export function skipsStages(chain: Chain, change: StateChange): void {
  // @ts-expect-error a block is not sane because somebody says so
  const sane: SaneBlock = block;
  // @ts-expect-error the header has not been held against the parent
  const placed: PlacedBlock = { block: sane, parent };
  // @ts-expect-error nobody has judged it
  const judged: JudgedBlock = { block: sane, record };
  // @ts-expect-error nor executed it
  const executed: ExecutedBlock = { block, change };
  // @ts-expect-error the seal and the body have not been verified
  placeBlock(block, parent, engine);
  // @ts-expect-error only what `placeBlock` returns is judged
  judge({ block: sane, parent }, rules);
  // @ts-expect-error only what `judge` returns is imported as judged
  void chain.importJudged({ block, record });
  void [placed, judged, executed];
}

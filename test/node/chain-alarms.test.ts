/** What the log says of a new head: deep reorganizations, slashed authorities with the reason, and a set of two. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ChainAlarms, deepReorganizationBlocks } from "../../src/authority/chain-alarms.ts";
import { toHex } from "../../src/base/bytes.ts";
import { type Logger, silentLogger } from "../../src/base/logger.ts";
import { emptyConsensusSection } from "../../src/protocol/block.ts";
import { doubleSealOf, type Evidence, encodeEvidence, votePairOf } from "../../src/protocol/evidence.ts";
import { addressOf } from "../../src/protocol/identity.ts";
import type { KeyPair } from "../../src/protocol/signing.ts";
import { signVote } from "../../src/protocol/vote.ts";
import { authorities, BlockBuilder, type BuiltBlock, testSpec } from "../chain/block-builder.ts";
import { openChain } from "../chain/open-chain.ts";

const [first, second, third] = authorities as [KeyPair, KeyPair, KeyPair];

interface Said {
  readonly level: "warn" | "error";
  readonly fields: Record<string, unknown>;
  readonly text: string;
}

async function watched(consensus: "pow" | "poa", ownKey: Uint8Array = first.publicKey) {
  const spec = testSpec(consensus);
  const opened = await openChain({ spec });
  const said: Said[] = [];
  const at = (level: Said["level"]) => (fields: object, text?: string) =>
    void said.push({ level, fields: fields as Said["fields"], text: text ?? "" });
  const logger: Logger = { ...silentLogger, warn: at("warn"), error: at("error") };
  const alarms = new ChainAlarms({ chain: opened.chain, logger, ownKey });
  alarms.start();
  opened.chain.events.on("headChanged", (change) => alarms.headChanged(change));
  return { ...opened, builder: new BlockBuilder(spec), alarms, said, logger };
}

function branch(builder: BlockBuilder, length: number, laterMs: number): BuiltBlock[] {
  const blocks = [builder.genesis];
  while (blocks.length <= length) blocks.push(builder.on(blocks.at(-1)!, { laterMs }));
  return blocks.slice(1);
}

describe("a reorganization", () => {
  for (const depth of [deepReorganizationBlocks - 1, deepReorganizationBlocks]) {
    it(`of ${depth} blocks is ${depth < deepReorganizationBlocks ? "no warning" : "a warning"}`, async () => {
      const { builder, give, said } = await watched("pow");
      const left = branch(builder, depth, 0);
      for (const block of left) assert.equal(await give(block), "head");
      const right = branch(builder, depth + 1, 1_000);
      for (const block of right) await give(block);
      if (depth < deepReorganizationBlocks) return assert.deepEqual(said, []);
      const [warning, ...more] = said;
      assert.ok(warning);
      assert.match(warning.text, new RegExp(`^deep reorganization: ${depth} blocks left the chain`));
      assert.deepEqual(warning.fields, {
        depth,
        from: { height: depth, hash: left.at(-1)!.block.hashHex },
        to: { height: depth + 1, hash: right.at(-1)!.block.hashHex },
      });
      assert.deepEqual(more, []);
    });
  }
});

describe("a slashed authority", () => {
  /** Third contradicts itself, and a block of first carries the evidence. */
  async function afterSlashing(kind: Evidence["kind"], ownKey: Uint8Array) {
    const rig = await watched("poa", ownKey);
    const { builder, give } = rig;
    const two = [0, 5].map((laterMs) => builder.on(builder.genesis, { producer: third, laterMs }));
    const [a, b] = two as [BuiltBlock, BuiltBlock];
    const source = { height: 0, hash: builder.genesis.block.hash };
    const voteFor = ({ block }: BuiltBlock) =>
      signVote(builder.spec.chainId, source, { height: 1, hash: block.hash }, third);
    const evidence =
      kind === "double-seal" ? doubleSealOf(a.block, b.block) : votePairOf(voteFor(a), voteFor(b));
    assert.ok(evidence);
    const section = { ...emptyConsensusSection, evidence: [encodeEvidence(evidence)] };
    assert.equal(await give(a), "head");
    assert.equal(await give(builder.on(a, { producer: first, section })), "head");
    return rig;
  }

  for (const [kind, why] of [
    ["double-seal", "it signed two blocks at height 1"],
    ["vote-pair", "it signed two votes for height 1"],
  ] as const) {
    it(`is named at error with why (${kind}), and again after a restart`, async () => {
      const { chain, alarms, said, logger } = await afterSlashing(kind, second.publicKey);
      const errors = () => said.filter(({ level }) => level === "error").map(({ text }) => text);
      const line = `authority ${addressOf(third.publicKey)} was slashed: ${why}`;
      assert.deepEqual(errors(), [line]);
      assert.deepEqual(
        alarms.slashed.all().map((slashed) => ({ ...slashed, publicKey: toHex(slashed.publicKey) })),
        [{ publicKey: toHex(third.publicKey), height: 2, why }],
      );
      new ChainAlarms({ chain, logger, ownKey: second.publicKey }).start();
      assert.deepEqual(errors(), [line, line]);
    });
  }

  it("is told so on its own machine, with what to do", async () => {
    const { said } = await afterSlashing("double-seal", third.publicKey);
    const [error] = said.filter(({ level }) => level === "error");
    assert.match(
      error?.text ?? "",
      /^this node was slashed: it signed two blocks at height 1\. .*new --data-dir/,
    );
  });

  it("leaves two, and what two mean is said", async () => {
    const { said } = await afterSlashing("double-seal", first.publicKey);
    assert.equal(said.filter(({ text }) => text.startsWith("two authorities: both are needed")).length, 1);
  });
});

/** One transaction out of an encoded block is the one that decoding the whole block gives. */
import assert from "node:assert/strict";
import { it } from "node:test";
import { InvariantError } from "../../src/base/invariant.ts";
import { transactionAt } from "../../src/protocol/block-parts.ts";
import { alice, BlockBuilder, bob, testSpec } from "../chain/block-builder.ts";

it("finds each transaction of a block by its position, and nothing beside them", () => {
  for (const consensus of ["pow", "poa"] as const) {
    const builder = new BlockBuilder(testSpec(consensus));
    for (const count of [0, 1, 2, 40]) {
      const transactions = Array.from({ length: count }, (_, sequence) => {
        const data = Buffer.alloc(1 + ((sequence * 97) % 900), sequence);
        return sequence % 3 === 0
          ? builder.transfer(alice, sequence, bob, 1n)
          : builder.sign(alice, sequence, { kind: "record", data });
      });
      const { block } = builder.on(builder.genesis, { transactions });
      for (const [position, wanted] of block.transactions.entries()) {
        assert.deepEqual(transactionAt(block.bytes, position, builder.spec.chainId), wanted);
      }
      assert.throws(() => transactionAt(block.bytes, count, builder.spec.chainId), InvariantError);
    }
  }
});

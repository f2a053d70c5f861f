/** What a node does after its chain has changed: in order, each step on its own, and nothing of it can fail an import. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Logger, silentLogger } from "../../src/base/logger.ts";
import { followChain } from "../../src/node/chain-steps.ts";
import { BlockBuilder, testSpec } from "../chain/block-builder.ts";
import { openChain } from "../chain/open-chain.ts";

describe("the steps after a change of the chain", () => {
  for (const consensus of ["pow", "poa"] as const) {
    it(`run in order, and the import stands whatever fails (${consensus})`, async () => {
      const spec = testSpec(consensus);
      const { chain, give } = await openChain({ spec });
      const done: string[] = [];
      const failed: unknown[] = [];
      const logger: Logger = {
        ...silentLogger,
        error: (fields) => void failed.push((fields as { step: string }).step),
      };
      followChain(
        chain,
        {
          headChanged: [
            ["first", ({ head }) => void done.push(`first ${head.header.height}`)],
            [
              "second",
              () => {
                throw new Error("it cannot");
              },
            ],
            ["third", async () => Promise.reject(new Error("it cannot, and says so later"))],
            ["fourth", ({ head }) => void done.push(`fourth ${head.header.height}`)],
          ],
          blockStored: [["fifth", ({ header }) => void done.push(`fifth ${header.height}`)]],
        },
        logger,
      );
      chain.events.on("headChanged", () => {
        throw new Error("an outsider fails");
      });
      chain.events.on("headChanged", () => void done.push("outsider"));
      const builder = new BlockBuilder(spec);
      const one = builder.on(builder.genesis);
      assert.equal(await give(one), "head");
      assert.equal(await give(builder.on(one)), "head");
      assert.equal(chain.head.header.height, 2);
      assert.deepEqual(done, [
        ...["first 1", "fourth 1", "outsider", "fifth 1"],
        ...["first 2", "fourth 2", "outsider", "fifth 2"],
      ]);
      assert.deepEqual(failed.filter((step) => step === "second").length, 2);
      assert.deepEqual(failed.filter((step) => step === "third").length, 2);
    });
  }
});

/** Forgeries of blocks that are said to have left the chain: each with a hash and columns that fit its bytes. */
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { toHex } from "../../src/base/bytes.ts";
import { assembleBlock, type Block, countingNonceOf, decodeBlock } from "../../src/protocol/block.ts";
import type { Forgery } from "./forgeries.ts";
import { writeAuthorityLedger, writeWorkLedger } from "./ledgers.ts";

/** The last block of the first reorganization is another one, in its row and as the tip that was left. */
function orphan(name: string, engine: "poa" | "pow", forge: (block: Block) => Block): Forgery {
  return {
    name: `a block that left the chain: ${name}`,
    caughtBy: "orphans",
    write: async (file) => {
      await (engine === "poa" ? writeAuthorityLedger(file) : writeWorkLedger(file));
      using db = new DatabaseSync(file);
      const row = db
        .prepare(
          `SELECT block_bytes, hash, "index" AS height FROM orphaned_blocks WHERE reorg_id = 1 ORDER BY "index" DESC`,
        )
        .get();
      assert.ok(row);
      const decoded = decodeBlock(new Uint8Array(row.block_bytes as Uint8Array));
      assert.ok(decoded.ok);
      const { bytes, hashHex, seal } = forge(decoded.value);
      const nonce = engine === "pow" ? countingNonceOf(seal.nonce) : null;
      db.prepare(
        "UPDATE orphaned_blocks SET block_bytes = ?, hash = ?, nonce = ?, signature = replace(replace(signature, ?, ?), ?, ?) " +
          `WHERE reorg_id = 1 AND "index" = ?`,
      ).run(
        bytes,
        hashHex,
        nonce === null ? null : BigInt(nonce),
        ...[row.hash as string, hashHex],
        ...[toHex(decoded.value.seal.signature), toHex(seal.signature)],
        row.height as number,
      );
      db.prepare("UPDATE reorgs SET old_hash = ? WHERE reorg_id = 1").run(hashHex);
    },
  };
}

export const orphanForgeries: readonly Forgery[] = [
  orphan("no work was done for it", "pow", ({ header, transactions, consensusSection }) => {
    const nonce = new Uint8Array(32).fill(0x11, 0, 4);
    return assembleBlock(header, { nonce, signature: new Uint8Array(0) }, transactions, consensusSection);
  }),
  orphan("its seal does not hold", "poa", ({ header, seal, transactions, consensusSection }) => {
    const signature = seal.signature.slice();
    signature[40] = (signature[40] as number) ^ 1;
    return assembleBlock(header, { ...seal, signature }, transactions, consensusSection);
  }),
  orphan("its producer noted something else", "poa", ({ header, seal, transactions, consensusSection }) => {
    const extraData = new Uint8Array(32).fill(5);
    return assembleBlock({ ...header, extraData }, seal, transactions, consensusSection);
  }),
  orphan("its transactions are gone", "poa", ({ header, seal, consensusSection }) =>
    assembleBlock(header, seal, [], consensusSection),
  ),
];

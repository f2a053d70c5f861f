/** Finds the block that a path names. */
import { fromHex } from "../base/bytes.ts";
import type { Chain } from "../chain/chain.ts";
import type { HeaderRecord } from "../protocol/block.ts";
import { ApiError, notFound } from "./api-error.ts";

/** Names that another block may have by the next request. */
export const movingNames: ReadonlySet<string> = new Set(["head", "final"]);

/**
 * The record of a stored block.
 *
 * @param reference "head", "final", a height or a hash
 * @throws ApiError if there is none
 */
export function blockNamed(reference: string, chain: Chain): HeaderRecord {
  if (reference === "head") return chain.head;
  const hash = hashNamed(reference, chain);
  const record = hash && chain.headerOf(hash);
  if (record) return record;
  throw notFound("block", reference, "ask GET /v1/blocks/head for the newest");
}

function hashNamed(reference: string, chain: Chain): Uint8Array | undefined {
  if (reference !== "final") return fromHex(reference, 32) ?? chain.hashAtHeight(Number(reference));
  if (chain.final) return chain.final.hash;
  throw new ApiError(
    404,
    "block/no-finality",
    "Proof of Work makes no block final",
    "count confirmations instead: a block that many others stand on is replaced at a price",
  );
}

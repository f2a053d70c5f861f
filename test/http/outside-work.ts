/** Does the work of `GET /v1/work` as a program would that knows nothing but the answer. */
import assert from "node:assert/strict";
import type { WorkAnswer } from "../../src/api/mining.ts";
import { fromHex, toHex } from "../../src/base/bytes.ts";
import { searchNonces } from "../../src/sealing/pow/search-nonces.ts";

/** The first nonce that seals the block, in hex. */
export function nonceFor({ headerRoot, target, noncePrefix }: WorkAnswer): string {
  const extraNonce = new Uint8Array(24);
  extraNonce.set(fromHex(noncePrefix, 8) as Uint8Array);
  const found = searchNonces({
    headerRoot: fromHex(headerRoot) as Uint8Array,
    target: fromHex(target) as Uint8Array,
    extraNonce,
    firstNonce: 0,
    count: 1_000_000,
  });
  assert.ok(found, "work for a test takes next to no search");
  return toHex(found.nonce);
}

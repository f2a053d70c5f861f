/** The memory of block bytes: asks once for what it keeps, and never keeps more than its bound. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { BlockBytesCache } from "../../src/chain/block-bytes-cache.ts";

const mebibyte = 1024 * 1024;

describe("the memory of block bytes", () => {
  it("reads once, forgets what was asked for longest ago, and what it is told to", () => {
    const cache = new BlockBytesCache();
    let reads = 0;
    const get = (name: string) =>
      cache.get(name, () => {
        reads += 1;
        return new Uint8Array(mebibyte);
      });
    for (let index = 0; index < 16; index += 1) get(`${index}`);
    get("0");
    assert.equal(reads, 16);
    // One more takes the place of the one that was not asked for since.
    get("16");
    get("0");
    assert.equal(reads, 17);
    get("1");
    assert.equal(reads, 18);
    cache.delete("0");
    get("0");
    assert.equal(reads, 19);
    assert.equal(
      cache.get("none", () => undefined),
      undefined,
    );
    cache.delete("none");
  });
});

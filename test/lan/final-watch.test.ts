/** The watch that the tests of a LAN and its demonstration rely on: it must see what must not happen. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { FinalWatch } from "../../src/demo/lan/final-watch.ts";

describe("a watch over final blocks", () => {
  it("finds nothing in nodes that advance at their own pace, on chains of their own", () => {
    const watch = new FinalWatch();
    for (const [node, chain, height, hash] of [
      ["a", "x", 1, "aa"],
      ["a", "x", 3, "cc"],
      ["b", "x", 1, "aa"],
      ["b", "x", 2, "bb"],
      ["b", "x", 2, "bb"],
      ["c", "y", 2, "dd"],
      // A node that leaves a provisional chain begins again on the other.
      ["c", "x", 1, "aa"],
    ] as const) {
      assert.equal(watch.see(node, chain, { height, hash }), undefined);
    }
  });

  it("sees two nodes with different final blocks at one height", () => {
    const watch = new FinalWatch();
    assert.equal(watch.see("a", "x", { height: 4, hash: "aa" }), undefined);
    assert.match(
      watch.see("b", "x", { height: 4, hash: "bb" }) ?? "",
      /block 4 is final as aa and, for b, as bb/,
    );
  });

  it("sees a node that takes a final block back or replaces it", () => {
    const watch = new FinalWatch();
    watch.see("a", "x", { height: 4, hash: "aa" });
    assert.match(watch.see("a", "x", { height: 3, hash: "cc" }) ?? "", /had block 4 final and now has 3/);
    assert.match(watch.see("a", "x", { height: 4, hash: "bb" }) ?? "", /final as aa/);
  });
});

/** Addresses of the page: what stands after `#`, read and made. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { hrefOf, matchPath, placeOf } from "../../src/web/shell/route-path.ts";

describe("an address of the page", () => {
  it("names a node, a page and a query, or none of them", () => {
    const whole = placeOf("#/@PoW_1/block/12?tab=raw");
    assert.deepEqual([whole.node, whole.parts, whole.query.get("tab")], ["PoW_1", ["block", "12"], "raw"]);
    for (const empty of ["", "#", "#/", "#//"]) {
      const { node, parts } = placeOf(empty);
      assert.deepEqual([node, parts], [undefined, []], empty);
    }
    assert.deepEqual(placeOf("#/user/a%2Fb%40c").parts, ["user", "a/b@c"]);
    assert.deepEqual(placeOf("#/user/%E0%A4").parts, ["user", "%E0%A4"], "a broken escape is taken as it is");
  });

  it("fits a page's path, or does not", () => {
    assert.deepEqual(matchPath("", []), {});
    assert.deepEqual(matchPath("block/:reference", ["block", "12"]), { reference: "12" });
    for (const parts of [[], ["block"], ["block", "1", "2"], ["blocks", "1"]]) {
      assert.equal(matchPath("block/:reference", parts), undefined, parts.join("/"));
    }
  });

  it("is read as it was made, whatever is in it", () => {
    for (const value of ["12", "a/b", "<img src=x>", "ä ?&#@%", "@PoW_1"]) {
      const { node, parts, query } = placeOf(
        hrefOf("PoA 1", "user/:name", { name: value }, { q: value, empty: "" }),
      );
      assert.deepEqual([node, parts], ["PoA 1", ["user", value]]);
      assert.equal(query.get("q"), value);
    }
    assert.equal(hrefOf(undefined, ""), "#/");
  });
});

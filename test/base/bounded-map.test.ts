/** A bounded map drops what a plain list of its entries, oldest first, says is the oldest. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { BoundedMap } from "../../src/base/bounded-map.ts";

test("the entry that was set longest ago is dropped, through refreshing, deleting and clearing", () => {
  const sizeMax = 4;
  const step = fc.record({
    kind: fc.constantFrom("set", "set", "set", "set", "set", "set", "delete", "clear"),
    key: fc.integer({ min: 0, max: 9 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const map = new BoundedMap<number, number>(sizeMax);
      let model: [number, number][] = [];
      for (const [value, { kind, key }] of steps.entries()) {
        if (kind === "clear") {
          map.clear();
          model = [];
          continue;
        }
        const isKnown = model.some(([known]) => known === key);
        model = model.filter(([known]) => known !== key);
        if (kind === "delete") assert.equal(map.delete(key), isKnown);
        else {
          model.push([key, value]);
          assert.deepEqual(map.set(key, value), model.length > sizeMax ? model.shift() : undefined);
        }
        assert.deepEqual([...map.entries()], model);
      }
    }),
  );
});

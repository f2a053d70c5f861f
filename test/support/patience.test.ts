/** How tests wait: for conditions, longer on a slow machine, and with a failure that tells what was seen. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { patienceMs, slowness, slownessOf, until } from "./patience.ts";

const short = { limitMs: 1, pollMs: 1 };

describe("patience", () => {
  it("is what was asked for on an idle machine, more on a slow one, and bounded", () => {
    assert.equal(slownessOf(1), 1);
    assert.equal(slownessOf(120), 3);
    assert.equal(slownessOf(60_000), 8);
  });

  it("measures the machine once", () => {
    const measured = slowness();
    assert.ok(measured >= 1 && measured <= 8, `${measured}`);
    assert.equal(slowness(), measured);
    assert.equal(patienceMs(1_000), Math.ceil(1_000 * measured));
    assert.equal(patienceMs(), patienceMs(60_000));
  });

  it("waits until the condition holds, and answers with what was found", async () => {
    let looks = 0;
    const found = await until("three looks", () => {
      looks += 1;
      return looks === 3 && { looks };
    });
    assert.deepEqual(found, { looks: 3 });
    assert.equal(await until("a promise", async () => "here"), "here");
  });

  it("looks several times even when the first look took longer than the limit", async () => {
    let looks = 0;
    const slow = { limitMs: 0, pollMs: 1 };
    await until(
      "the third look",
      () => {
        looks += 1;
        return looks === 3;
      },
      slow,
    );
    assert.equal(looks, 3);
  });

  it("fails with what was waited for and what was last seen", async () => {
    let looks = 0;
    const look = () => {
      looks += 1;
      return false;
    };
    await assert.rejects(
      until("a wonder", look, { ...short, seen: () => ({ looks, head: "ab" }) }),
      (error: Error) => {
        assert.match(error.message, /^not in \d+ s: a wonder\nlast seen: \{ looks: \d+, head: 'ab' \}$/);
        return true;
      },
    );
    assert.ok(looks >= 5);
    await assert.rejects(
      until("a number", () => 0, short),
      /a number\nlast seen: 0/,
    );
    await assert.rejects(
      until("nothing", () => undefined, short),
      /not in \d+ s: nothing$/,
    );
  });

  it("lets an error of the condition through at once", async () => {
    let looks = 0;
    const look = () => {
      looks += 1;
      throw new Error("the node ended");
    };
    await assert.rejects(until("it starts", look), /^Error: the node ended$/);
    assert.equal(looks, 1);
  });
});

/** A producer waits for a better head that is on its way, and for a liar no longer than said. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { toHex } from "../../src/base/bytes.ts";
import { claimBelievedMs, HeadClaims } from "../../src/network/peers/head-claims.ts";
import { sha256 } from "../../src/protocol/hashing.ts";
import { genesisMs } from "../chain/block-builder.ts";
import { createSimulatedClock } from "../support/simulated-clock.ts";

const headNamed = (name: string) => sha256(Buffer.from(name));

function claiming() {
  const clock = createSimulatedClock(genesisMs);
  const known = new Set<string>();
  const claims = new HeadClaims({ clock, isKnown: (hash) => known.has(toHex(hash)) });
  return { clock, claims, arrives: (name: string) => known.add(toHex(headNamed(name))) };
}

describe("claims of better heads", () => {
  it("are open until the head is here, each for its own time", async () => {
    const { clock, claims, arrives } = claiming();
    assert.equal(claims.isOpen, false);
    for (const head of ["a", "b", "c"]) {
      claims.claimed("peer", headNamed(head));
      await clock.advance(claimBelievedMs - 1);
      assert.ok(claims.isOpen);
      arrives(head);
      assert.equal(claims.isOpen, false);
    }
    claims.claimed("peer", headNamed("a"));
    assert.equal(claims.isOpen, false, "that one is here");
  });

  it("are waited for once, where they are not made good", async () => {
    const { clock, claims } = claiming();
    claims.claimed("liar", headNamed("lie"));
    await clock.advance(claimBelievedMs);
    assert.equal(claims.isOpen, false);
    for (let time = 0; time < 50; time += 1) {
      claims.claimed("liar", headNamed(`lie ${time}`));
      assert.equal(claims.isOpen, false);
      await clock.advance(1_000);
    }
  });

  it("do not keep an honest peer's later claim from being waited for", async () => {
    const { clock, claims, arrives } = claiming();
    claims.claimed("liar", headNamed("lie"));
    claims.claimed("honest", headNamed("a"));
    arrives("a");
    await clock.advance(20_000);
    for (const head of ["b", "c", "d"]) {
      claims.claimed("honest", headNamed(head));
      assert.ok(claims.isOpen, head);
      arrives(head);
      assert.equal(claims.isOpen, false);
      await clock.advance(1_000);
    }
  });

  it("hold a producer up for less than a quarter of the time, however many liars take turns", async () => {
    const lies = fc.array(
      fc.record({ peer: fc.integer({ min: 0, max: 400 }), pauseMs: fc.integer({ min: 0, max: 900 }) }),
      { minLength: 100, maxLength: 300 },
    );
    await fc.assert(
      fc.asyncProperty(lies, async (turns) => {
        const { clock, claims } = claiming();
        let openMs = 0;
        for (const [index, { peer, pauseMs }] of turns.entries()) {
          claims.claimed(`liar ${peer}`, headNamed(`lie ${index}`));
          for (let passed = 0; passed < pauseMs; passed += 100) {
            if (claims.isOpen) openMs += 100;
            await clock.advance(100);
          }
        }
        const waits = Math.floor(clock.monotonicMs() / (claimBelievedMs + 10_000)) + 1;
        assert.ok(openMs <= waits * claimBelievedMs + 100 * waits, `${openMs} ms in ${waits} waits`);
      }),
      { numRuns: 20 },
    );
  });
});

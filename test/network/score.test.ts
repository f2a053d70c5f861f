/** One table says what an offence costs: nothing in src bans a peer beside it, and a peer's standing is told. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { type PeerOffence, PeerScore, peerScoreTable } from "../../src/network/peers/score.ts";
import { memberOffenceOf, memberScoreTable } from "../../src/pool/member-score.ts";
import { createSimulatedClock } from "../support/simulated-clock.ts";

const src = new URL("../../src/", import.meta.url);

describe("the score of a peer", () => {
  it("bans for each offence of the table as the table says, and names it", async () => {
    for (const [offence, weight] of Object.entries(peerScoreTable.offences) as [PeerOffence, object][]) {
      const clock = createSimulatedClock(1_000);
      const score = new PeerScore(peerScoreTable, { clock });
      const sanction = score.report("peer", offence);
      const isCut = "hangUp" in weight || ("points" in weight && (weight.points as number) > 19.5);
      assert.equal(sanction, "banMs" in weight ? "ban" : isCut ? "disconnect" : "keep", offence);
      assert.deepEqual(score.standing("peer").lastOffence, { offence, atMs: 1_000 });
      if (!("banMs" in weight)) continue;
      assert.deepEqual(score.bans(1), [{ peerId: "peer", reason: offence, remainingMs: weight.banMs }]);
      await clock.advance(weight.banMs as number);
      assert.equal(score.isBanned("peer"), false);
    }
  });

  it("fades by half in ten minutes, and starts anew after a ban", async () => {
    const clock = createSimulatedClock(0);
    const score = new PeerScore(peerScoreTable, { clock });
    score.report("peer", "rejected message");
    assert.equal(score.standing("peer").points, 10);
    await clock.advance(600_000);
    assert.equal(score.standing("peer").points, 5);
    for (let index = 0; index < 5; index += 1)
      score.report("peer", "rejected message", "rejected messages on a topic");
    assert.equal(score.standing("peer").points, 0);
    assert.deepEqual(score.bans(9), [
      { peerId: "peer", reason: "rejected messages on a topic", remainingMs: peerScoreTable.banMs },
    ]);
    assert.deepEqual([score.unban("peer"), score.unban("peer")], [true, false]);
    assert.deepEqual(score.standing("stranger"), { points: 0, lastOffence: undefined });
  });

  it("remembers a bounded number of peers, and forgets the one that did nothing for longest", () => {
    const score = new PeerScore({ ...peerScoreTable, peersMax: 2 }, { clock: createSimulatedClock(0) });
    for (const peer of ["first", "second", "first", "third"]) score.report(peer, "rejected message");
    assert.deepEqual(
      ["first", "second", "third"].map((peer) => score.standing(peer).points),
      [20, 0, 10],
    );
  });

  it("of a pool's member has a table of its own: twenty lies in a second, or a hundred mishaps, and no fewer", async () => {
    for (const [code, allowed] of [
      [20, 20],
      [21, 100],
    ] as const) {
      const clock = createSimulatedClock(0);
      const score = new PeerScore(memberScoreTable, { clock });
      for (let index = 0; index < allowed; index += 1)
        assert.equal(score.report("member", memberOffenceOf[code]), "keep");
      assert.equal(score.report("member", memberOffenceOf[code]), "ban");
    }
    const clock = createSimulatedClock(0);
    const score = new PeerScore(memberScoreTable, { clock });
    for (let index = 0; index < 500; index += 1) {
      assert.equal(score.report("member", "lie"), "keep");
      await clock.advance(5_000);
    }
  });

  it("is the only place with times of bans", () => {
    const files = readdirSync(src, { recursive: true, encoding: "utf8" }).filter((file) =>
      /\.ts$/.test(file),
    );
    const found = files.flatMap((file) =>
      readFileSync(new URL(file, src), "utf8")
        .split("\n")
        .filter((line) => /\bban\w*Ms\b\s*[:=]\s*\d|\.ban\(/i.test(line))
        .map((line) => `${file}: ${line.trim()}`),
    );
    const others = found.filter((line) => !/^(?:network\/peers\/score|pool\/member-score)\.ts:/.test(line));
    assert.deepEqual(
      others.map((line) => line.split(":")[0]).toSorted(),
      // The operator's word, on its way; the score's own list; and a member of a pool, by the pool's table.
      ["http/admin-routes.ts", "network/libp2p/libp2p-host.ts", "node/node-admin.ts", "pool/pool-server.ts"],
      others.join("\n"),
    );
  });
});

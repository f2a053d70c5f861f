/** What the pages about consensus, mining, peers and forks work out: texts, places, lanes and turns. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { reorganizationText, withReorganization } from "../../src/web/live/reorganizations.ts";
import { bestName } from "../../src/web/pages/consensus/best-name.ts";
import { blockOdds, chanceOfWaiting, minerShares } from "../../src/web/pages/consensus/block-odds.ts";
import { busySince } from "../../src/web/pages/consensus/busy-since.ts";
import {
  lagByCertificates,
  lagColumns,
  lagPointsMax,
  withPoint,
} from "../../src/web/pages/consensus/finality-history.ts";
import { stallReason, turnState } from "../../src/web/pages/consensus/turns.ts";
import {
  firstRows,
  gridColumns,
  placeInGrid,
  turnsTaken,
} from "../../src/web/pages/consensus/uptime-grid.ts";
import { type LaneBranch, type Lanes, layLanes } from "../../src/web/pages/forks/fork-lanes.ts";
import { distanceOf, placePeers } from "../../src/web/pages/network/peer-places.ts";
import { placeAfterKey, pointText, summaryText } from "../../src/web/parts/chart-reading.ts";
import { hashesText, hashRateText, shareText, spanText } from "../../src/web/parts/quantity-text.ts";

describe("quantities", () => {
  it("have three digits that count, and a unit", () => {
    const texts = [0, 7, 12.34, 999.4, 999.6, 1_250_000, 3.2e21].map(hashRateText);
    assert.deepEqual(texts, ["0 H/s", "7 H/s", "12.3 H/s", "999 H/s", "1 kH/s", "1.25 MH/s", "3200 EH/s"]);
    assert.deepEqual([12, 65_536].map(hashesText), ["12 hashes", "65.5 k hashes"]);
    assert.deepEqual([0, 0.004, 0.5, 1].map(shareText), ["0 %", "0.4 %", "50 %", "100 %"]);
  });

  it("say how long something takes in the two largest units", () => {
    const spans = [-5, 0, 849.6, 999.6, 4_240, 60_000, 99_960, 200_000, 3_600_000, 7_500_000, 176_400_000];
    assert.deepEqual(spans.map(spanText), [
      "0 ms",
      "0 ms",
      "850 ms",
      "1 s",
      "4.2 s",
      "60 s",
      "1 min 40 s",
      "3 min 20 s",
      "1 h",
      "2 h 5 min",
      "2 d 1 h",
    ]);
  });
});

describe("a chart in words", () => {
  const seconds = (value: number) => `${value} s`;
  const series = [{ name: "block time", values: [4, null, 6], format: seconds }];

  it("tells its newest value, its range and what it is held against", () => {
    assert.equal(
      summaryText(series, [{ name: "target", value: 5 }]),
      "block time: 6 s now, between 4 s and 6 s. target: 5 s.",
    );
    assert.equal(summaryText([{ ...series[0]!, values: [null] }]), "block time: nothing so far.");
    assert.equal(summaryText([{ ...series[0]!, values: [3, 3] }]), "block time: 3 s now, always the same.");
    const many = Array.from({ length: 300_000 }, (_, index) => index);
    assert.match(summaryText([{ ...series[0]!, values: many }]), /between 0 s and 299999 s/);
  });

  it("tells each point, also one where nothing is known", () => {
    assert.equal(pointText("block 2", series, 1), "block 2: not known");
    assert.equal(pointText("block 3", series, 2), "block 3: block time 6 s");
  });

  it("is walked by keys, from its end, and never beyond", () => {
    assert.equal(placeAfterKey("ArrowLeft", undefined, 3), 2);
    assert.equal(placeAfterKey("ArrowLeft", 0, 3), 0);
    assert.equal(placeAfterKey("ArrowRight", 2, 3), 2);
    assert.equal(placeAfterKey("Home", 2, 3), 0);
    assert.equal(placeAfterKey("End", undefined, 3), 2);
    assert.equal(placeAfterKey("PageDown", 25, 30), 15);
    assert.equal(placeAfterKey("Escape", 1, 3), undefined);
    assert.equal(placeAfterKey("Tab", 1, 3), "elsewhere");
    assert.equal(placeAfterKey("ArrowLeft", undefined, 0), "elsewhere");
  });
});

describe("the next block of a Proof of Work chain", () => {
  it("is as likely to come within ln 2 of the mean as not, however long one has waited", () => {
    const odds = blockOdds(1_000, 200);
    assert.ok(odds);
    assert.equal(odds.meanMs, 5_000);
    assert.equal(Math.round(odds.halfMs), 3_466);
    assert.equal(chanceOfWaiting(odds.halfMs, odds).toFixed(3), "0.500");
    assert.equal(chanceOfWaiting(odds.mostMs, odds).toFixed(3), "0.100");
    assert.equal(chanceOfWaiting(-1, odds), 1);
    assert.equal(blockOdds(1_000, null), undefined);
    assert.equal(blockOdds(1_000, 0), undefined);
  });

  it("counts who mined, most first", () => {
    const mined = ["a", "b", "b", "c"].map((producer) => ({ producer, producerName: null }));
    assert.deepEqual(
      minerShares(mined).map(({ address, blocks, share }) => [address, blocks, share]),
      [
        ["b", 2, 0.5],
        ["a", 1, 0.25],
        ["c", 1, 0.25],
      ],
    );
    assert.deepEqual(minerShares([]), []);
  });
});

describe("the uptime grid", () => {
  const authority = { address: "aurex1a", name: null, current: true, sealed: 0, sealedInTurn: 0, missed: 0 };
  const hash = "0".repeat(64);
  const block = (height: number, producer: number, missed: readonly number[]) => ({
    height,
    hash,
    timestampMs: height,
    time: "",
    producer,
    rank: missed.length,
    missed: [...missed],
  });
  const answer = {
    head: { height: 3, hash },
    final: { height: 2, hash },
    fromHeight: 1,
    authorities: [authority, authority, authority],
    blocks: [block(3, 2, [0, 1]), block(2, 1, [0]), block(1, 0, [])],
  };

  it("says who did what at which block, the oldest first", () => {
    assert.deepEqual(
      gridColumns(answer, 100).map(({ height, isFinal, deeds }) => [height, isFinal, ...deeds]),
      [
        [1, true, "sealed", "none", "none"],
        [2, true, "missed", "stood-in", "none"],
        [3, false, "missed", "missed", "stood-in"],
      ],
    );
    assert.deepEqual(
      gridColumns(answer, 2).map(({ height }) => height),
      [2, 3],
    );
  });

  it("has fewer blocks where there are many authorities, and some with none at all", () => {
    const many = { ...answer, authorities: Array.from({ length: 256 }, () => authority) };
    const blocks = Array.from({ length: 100 }, (_, index) => block(100 - index, 0, []));
    assert.equal(gridColumns({ ...many, blocks }, 100).length, 14);
    assert.deepEqual(gridColumns({ ...answer, blocks: [] }, 100), []);
  });

  it("is walked by keys, and not left at its edges", () => {
    const size = { rows: 3, columns: 5 };
    assert.deepEqual(placeInGrid("ArrowLeft", { row: 1, column: 0 }, size), { row: 1, column: 0 });
    assert.deepEqual(placeInGrid("ArrowDown", { row: 1, column: 2 }, size), { row: 2, column: 2 });
    assert.deepEqual(placeInGrid("End", { row: 0, column: 2 }, size), { row: 0, column: 4 });
    assert.deepEqual(placeInGrid("Home", { row: 2, column: 2 }, size, true), { row: 0, column: 0 });
    assert.equal(placeInGrid("Tab", { row: 2, column: 2 }, size), undefined);
  });

  it("lists few authorities in their order, and of many those that missed most", () => {
    const rows = Array.from({ length: 30 }, (_, place) => ({ place, missed: place % 10 }));
    assert.deepEqual(firstRows(rows.slice(0, 12)), rows.slice(0, 12));
    assert.deepEqual(
      firstRows(rows).map(({ missed }) => missed),
      [9, 9, 9, 8, 8, 8, 7, 7, 7, 6, 6, 6],
    );
  });

  it("counts turns that were taken, of those that one had", () => {
    assert.equal(turnsTaken({ sealedInTurn: 3, missed: 1 }), 0.75);
    assert.equal(turnsTaken({ sealedInTurn: 0, missed: 0 }), undefined);
  });
});

describe("turns", () => {
  const facts = { earliestMs: [1_000, 2_000, 3_000], stepMs: 1_000, heartbeatMs: 60_000 };
  const at = (nowMs: number, busySinceMs?: number, others = {}) =>
    turnState({ ...facts, nowMs, busySinceMs, ...others });

  it("wait for something to seal, or for the heartbeat", () => {
    assert.deepEqual(at(5_000), { kind: "idle", dueMs: 61_000 });
    assert.deepEqual(at(5_000, undefined, { heartbeatMs: 0 }), { kind: "idle", dueMs: undefined });
    assert.deepEqual(at(61_500), { kind: "now", rank: 0, untilMs: 62_000 });
  });

  it("pass from one to the next, from when there is something to seal", () => {
    assert.deepEqual(at(400, 100), { kind: "soon", dueMs: 1_000 });
    assert.deepEqual(at(1_200, 100), { kind: "now", rank: 0, untilMs: 2_000 });
    assert.deepEqual(at(2_200, 100), { kind: "now", rank: 1, untilMs: 3_000 });
    assert.deepEqual(at(3_200, 100), { kind: "now", rank: 2, untilMs: undefined });
    assert.deepEqual(at(30_500, 30_000), { kind: "now", rank: 0, untilMs: 31_000 });
  });

  it("have all passed on a chain that stalls, which says since when", () => {
    assert.deepEqual(at(13_000, 100), { kind: "stalled", sinceMs: 1_000 });
    assert.deepEqual(at(3_600_000), { kind: "stalled", sinceMs: 61_000 });
  });

  it("say why nobody seals: the node's advice before anything else", () => {
    const status = {
      advice: [],
      quorum: { needed: 2, heard: 1 },
      authority: true,
      notSealingBecause: "no peers",
      peers: 0,
    };
    const fault = {
      code: "disk",
      fault: true,
      what: "the disk is full",
      why: "no block can be stored",
      next: "make room",
    };
    assert.deepEqual(stallReason({ ...status, advice: [{ ...fault, fault: false }, fault] }), {
      why: "The disk is full: no block can be stored.",
      next: "make room",
    });
    const admission = { ...fault, code: "admission" };
    assert.match(stallReason({ ...status, advice: [admission] }).why, /does not seal: no peers/);
    assert.match(stallReason({ ...status, notSealingBecause: null }).why, /hears 1 of the 2/);
    assert.match(stallReason({ ...status, authority: false }).why, /has no peers/);
    const follower = { ...status, authority: false, peers: 3 };
    assert.match(stallReason(follower).why, /hears 1 of the 2/);
    assert.match(stallReason({ ...follower, quorum: null }).next, /each authority: aurex-node doctor/);
  });
});

describe("what is to be sealed", () => {
  const facts = {
    final: { height: 4 },
    unsettledHeight: 4,
    hasChangeInFlight: false,
    headMs: 1_000,
    waiting: { ready: false, oldest: { firstSeenMs: 10 } },
    idleSeenMs: 0,
  };

  it("is what the next block can take, what waits for finality, or nothing", () => {
    assert.equal(busySince(facts), undefined);
    assert.equal(busySince({ ...facts, unsettledHeight: 5 }), 1_000);
    assert.equal(busySince({ ...facts, hasChangeInFlight: true }), 1_000);
    assert.equal(busySince({ ...facts, hasChangeInFlight: true, headMs: undefined }), undefined);
    const waiting = { ready: true, oldest: { firstSeenMs: 500 } };
    assert.equal(busySince({ ...facts, waiting }), 500);
    // What waited for another transaction was no reason for a block before that one came.
    assert.equal(busySince({ ...facts, waiting, idleSeenMs: 900 }), 900);
    assert.equal(busySince({ ...facts, waiting: undefined }), undefined);
  });
});

describe("the name of an authority", () => {
  const address = `aurex1${"q".repeat(58)}`;

  it("is the registered one, then its node's own, then its address", () => {
    assert.equal(bestName({ address, name: "ada@example.com", nodeName: "PoA_1" }), "ada@example.com");
    assert.equal(bestName({ address, name: null, nodeName: "PoA_1" }), "PoA_1");
    assert.match(bestName({ address, name: null, nodeName: "" }), /^aurex1q/);
  });

  it("is not a node's word where that looks like somebody's registered name, and hides nothing", () => {
    assert.match(bestName({ address, name: null, nodeName: "ada@example.com" }), /^aurex1q/);
    assert.equal(bestName({ address, name: null, nodeName: "a\u202eb" }), "a\\u{202e}b");
  });
});

describe("the history of finality", () => {
  const block = (height: number, certifies: number | null) => ({
    height,
    timestampMs: height * 1_000,
    certificate: certifies === null ? null : { height: certifies },
  });

  it("is what certificates of blocks that follow each other prove", () => {
    const blocks = [block(5, 4), block(4, null), block(3, 2), block(2, 1), block(1, null)];
    assert.deepEqual(lagByCertificates(blocks), [
      { atMs: 2_000, lagBlocks: 2 },
      { atMs: 3_000, lagBlocks: 2 },
      { atMs: 4_000, lagBlocks: 3 },
      // Block 4 is certified, and block 3 is not: nothing more is final.
      { atMs: 5_000, lagBlocks: 4 },
    ]);
    assert.deepEqual(lagByCertificates([block(7, null)]), []);
  });

  it("goes on with what is seen live, and is bounded", () => {
    const proven = [
      { atMs: 1, lagBlocks: 2 },
      { atMs: 5, lagBlocks: 2 },
    ];
    const seen = [{ atMs: 4, lagBlocks: 1 }];
    assert.deepEqual(lagColumns(proven, seen), { atMs: [1, 4], proven: [2, null], seen: [null, 1] });
    let points = withPoint([], { atMs: 1, lagBlocks: 0 });
    points = withPoint(points, { atMs: 1, lagBlocks: 3 });
    assert.deepEqual(points, [{ atMs: 1, lagBlocks: 3 }]);
    for (let atMs = 2; atMs < lagPointsMax + 50; atMs += 1)
      points = withPoint(points, { atMs, lagBlocks: 1 });
    assert.equal(points.length, lagPointsMax);
  });
});

describe("the drawing of peers", () => {
  const area = { width: 800, height: 400, marginX: 60, marginY: 30 };

  it("puts slow ones farther out, and those that were not measured at the edge", () => {
    const distances = [0, 1, 10, 100, 1_000, 60_000].map(distanceOf);
    assert.deepEqual(
      [...distances].sort((a, b) => a - b),
      distances,
    );
    assert.equal(distances[0], distances[1]);
    assert.equal(distanceOf(null), 1);
  });

  it("has a place for each, within its area, and always the same one", () => {
    const peers = Array.from({ length: 100 }, (_, index) => ({
      nodeId: `12D3KooW${index}`,
      latencyMs: index % 7 === 0 ? null : index,
    }));
    const placed = placePeers(peers, area);
    assert.deepEqual(placePeers([...peers].reverse(), area), placed);
    assert.equal(new Set(placed.map(({ x, y }) => `${x.toFixed(1)} ${y.toFixed(1)}`)).size, 100);
    for (const { x, y } of placed) {
      assert.ok(x >= area.marginX - 0.01 && x <= area.width - area.marginX + 0.01);
      assert.ok(y >= area.marginY - 0.01 && y <= area.height - area.marginY + 0.01);
    }
    assert.deepEqual(placePeers([], area), []);
  });
});

describe("reorganizations that were seen", () => {
  const block = (height: number) => ({ height, hash: `${height}` });
  const event = (height: number, hash: string) => ({
    height,
    hash,
    reorganization: {
      ancestor: block(height - 2),
      reverted: [block(height - 1)],
      revertedCount: 1,
      applied: [block(height - 1), block(height)],
      appliedCount: 2,
    },
  });

  it("are listed once each, the newest first, and not for ever", () => {
    const none = withReorganization([], { height: 4, hash: "4", reorganization: null }, 1);
    assert.deepEqual(none, []);
    const one = withReorganization(none, event(5, "a"), 1);
    assert.equal(withReorganization(one, event(5, "a"), 2), one, "told again after a break");
    let list = withReorganization(one, event(6, "b"), 3);
    assert.deepEqual(
      list.map(({ head, atMs }) => [head.hash, atMs]),
      [
        ["b", 3],
        ["a", 1],
      ],
    );
    for (let height = 7; height < 100; height += 1)
      list = withReorganization(list, event(height, `${height}`), height);
    assert.equal(list.length, 20);
    assert.equal(
      reorganizationText(event(5, "a").reorganization),
      "1 block left the chain and 2 joined it, after block 3",
    );
  });
});

describe("the drawing of forks", () => {
  const limits = { lanesMax: 4, heightsMax: 40 };
  const hashOf = (name: string, height: number) => `${name}${height}`;
  const branchOf = (name: string, from: number, to: number, shared: readonly string[] = []): LaneBranch => {
    const heights = Array.from({ length: to - from }, (_, index) => to - index);
    const hashes = heights.map((height) => shared[height - from - 1] ?? hashOf(name, height));
    return {
      blocks: heights.map((height, index) => ({
        height,
        hash: hashes[index] as string,
        parentHash: hashes[index + 1] ?? hashOf("chain", from),
      })),
      forkPoint: { height: from, hash: hashOf("chain", from) },
      length: heights.length,
    };
  };
  const lanesOf = (branches: readonly LaneBranch[], head = 20, others = limits): Lanes =>
    layLanes({ head: { height: head, hash: hashOf("chain", head) }, final: null, branches }, others);
  const drawn = ({ nodes }: Lanes) =>
    nodes.map(({ lane, height, hash, branch }) => `${lane}:${hash ?? height}${branch ?? ""}`);

  it("shows the heights where something happened, and how many are left out", () => {
    const lanes = lanesOf([branchOf("a", 14, 16)]);
    assert.deepEqual(lanes.rows, [
      { kind: "height", height: 20 },
      { kind: "gap", count: 3 },
      { kind: "height", height: 16 },
      { kind: "height", height: 15 },
      { kind: "height", height: 14 },
      { kind: "gap", count: 14 },
    ]);
    assert.deepEqual(drawn(lanes), ["0:chain20", "0:16", "0:15", "0:chain14", "1:a160", "1:a150"]);
    const last = lanes.edges.at(-1);
    assert.deepEqual(last, { from: { row: 3, lane: 1 }, to: { row: 4, lane: 0 }, isBroken: false });
  });

  it("has a lane for branches that stand side by side, and the same one for those that do not", () => {
    const lanes = lanesOf([branchOf("a", 14, 16), branchOf("b", 13, 15), branchOf("c", 2, 3)]);
    const laneOf = (branch: number) => lanes.nodes.find((node) => node.branch === branch)?.lane;
    assert.deepEqual([laneOf(0), laneOf(1), laneOf(2)], [1, 2, 1]);
    assert.equal(lanes.laneCount, 3);
  });

  it("draws both ends of a long branch, so that others find room", () => {
    const lanes = lanesOf([branchOf("a", 1, 19)]);
    assert.deepEqual(
      lanes.nodes.filter(({ branch }) => branch === 0).map(({ height }) => height),
      [19, 18, 17, 16, 2],
    );
    const broken = lanes.edges.filter(({ from, isBroken }) => from.lane === 1 && isBroken);
    assert.equal(broken.length, 1);
  });

  it("draws blocks that two branches share once", () => {
    const a = branchOf("a", 14, 17);
    const b = branchOf("b", 14, 16, [hashOf("a", 15)]);
    const lanes = lanesOf([a, b]);
    const hashes = lanes.nodes.flatMap(({ hash }) => (hash ? [hash] : []));
    assert.equal(new Set(hashes).size, hashes.length);
    assert.ok(lanes.nodes.some(({ hash, branch }) => hash === "b16" && branch === 1));
    // From b16 down to a15, where it joins.
    const b16 = lanes.nodes.find(({ hash }) => hash === "b16");
    const a15 = lanes.nodes.find(({ hash }) => hash === "a15");
    assert.ok(
      lanes.edges.some(
        ({ from, to }) =>
          from.row === b16?.row && from.lane === b16.lane && to.row === a15?.row && to.lane === a15.lane,
      ),
    );
  });

  it("marks what lies below the blocks that are known", () => {
    const whole = branchOf("a", 14, 17);
    const cut = { ...whole, length: 30, forkPoint: null };
    assert.equal(lanesOf([cut]).edges.at(-1)?.isBroken, true);
    assert.equal(lanesOf([{ ...whole, length: 30 }]).edges.at(-1)?.isBroken, true);
  });

  it("draws a branch that is higher than the head, as finality may hold a node on the lower one", () => {
    const lanes = lanesOf([branchOf("a", 18, 23)]);
    assert.deepEqual(lanes.rows[0], { kind: "height", height: 23 });
    assert.ok(lanes.nodes.every(({ lane, height }) => lane !== 0 || height <= 20));
  });

  it("is bounded, says how many branches it leaves out, and does without any", () => {
    const many = Array.from({ length: 100 }, (_, index) => branchOf(`x${index}`, 14, 16));
    const lanes = lanesOf(many);
    assert.equal(lanes.hidden, 96);
    assert.equal(lanes.laneCount, 5);
    const wide = Array.from({ length: 100 }, (_, index) => branchOf("y", 900 - 5 * index, 903 - 5 * index));
    const bounded = lanesOf(wide, 1_000);
    assert.ok(bounded.rows.filter(({ kind }) => kind === "height").length <= limits.heightsMax);
    assert.ok(bounded.hidden > 0);
    assert.deepEqual(drawn(lanesOf([], 0)), ["0:chain0"]);
  });
});

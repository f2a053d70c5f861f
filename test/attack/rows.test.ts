/** The table of attacks and its judge: every row has its program, and every limit is told when it does not hold. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";
import { asksAgain, type Figures, faultsOf, type Judged, judge, lastWord } from "./figures.ts";
import { reportText } from "./report.ts";
import { elsewhere, rows, rowsNamed } from "./rows.ts";

const latency = { medianMs: 4, p99Ms: 20, samples: 100, lost: 0, overtaken: 0, inclusionMs: 2_000 };
const late = { ...latency, p99Ms: 60 };
const good: Figures = {
  row: rows[0]?.id ?? "",
  attackers: 1,
  baseline: latency,
  during: latency,
  processor: { before: { cores: 0.1, waited: 0.01 }, during: { cores: 0.2, waited: 0.02 } },
  residentGrowth: 2 ** 20,
  diskGrowth: 2 ** 20,
  seconds: 10,
  cutAfterMs: undefined,
  cutLimitMs: undefined,
  newcomersMs: [70, 80],
  finalLag: 2,
  authorities: 4,
  finalLagMax: 8,
  inclusionLimitMs: 12_000,
  partings: [],
  backMs: 100,
  sent: 1_000,
  notes: [],
  broken: [],
};

describe("the rows", () => {
  it("have ids of their own, and programs and tests that are there", () => {
    const ids = [...rows, ...elsewhere].map(({ id }) => id);
    assert.equal(new Set(ids).size, ids.length);
    for (const { program } of rows) {
      assert.ok(existsSync(path.join(import.meta.dirname, "attackers", `${program}.ts`)), program);
    }
    for (const { test } of elsewhere)
      assert.ok(existsSync(path.join(import.meta.dirname, "../..", test)), test);
  });

  it("are named one by one, or all forms of one attack", () => {
    assert.deepEqual(rowsNamed([]), rows);
    assert.deepEqual(
      rowsNamed(["1", "6"]).map(({ id }) => id),
      ["1a", "1b", "1c", "6"],
    );
    assert.deepEqual(
      rowsNamed(["1b"]).map(({ id }) => id),
      ["1b"],
    );
    assert.throws(() => rowsNamed(["1", "99"]), /there is no row 99/);
  });
});

describe("the judge", () => {
  const judged = (changes: Partial<Figures>, slowMachine = false) =>
    faultsOf({ ...good, ...changes }, { slowMachine });

  it("finds nothing wrong with an attack that changed nothing", () => assert.deepEqual(judged({}), []));

  it("names each limit that does not hold", () => {
    const cases: [Partial<Figures>, RegExp][] = [
      [{ during: { ...latency, p99Ms: 60 } }, /^99th 60 ms, baseline 20 ms$/],
      [{ during: { ...latency, samples: 0 } }, /^nothing reached/],
      [{ during: { ...latency, lost: 2 } }, /^2 transactions not heard of/],
      [{ residentGrowth: 100 * 2 ** 20 }, /^memory \+100 MB$/],
      [{ diskGrowth: 64 * 2 ** 20 }, /^disk \+64 MB in 10 s$/],
      [{ newcomersMs: [70, Number.POSITIVE_INFINITY] }, /^1 of 2 newcomers/],
      [{ cutLimitMs: 2_000, cutAfterMs: 2_100 }, /^not every attacker was cut within 2.0 s$/],
      [{ cutLimitMs: 2_000 }, /^not every attacker was cut/],
      [{ finalLag: 9 }, /^final 9 blocks behind, 8 allowed$/],
      [{ during: { ...latency, inclusionMs: 13_000 } }, /^a transaction waited 13.0 s for its block, 12.0 s/],
      [{ partings: ["north: peer banned: east, gossip byte budget"] }, /^honest nodes parted: north/],
      [{ backMs: undefined }, /^not back to normal/],
      [{ sent: 0 }, /^the attackers did nothing$/],
      [{ broken: ["an attacker failed: it did"] }, /^an attacker failed/],
    ];
    for (const [changes, fault] of cases) {
      const faults = judged(changes);
      assert.equal(faults.length, 1, `${fault}: ${faults.join("; ")}`);
      assert.match(faults[0] ?? "", fault);
    }
  });

  it("takes a disk that grows for several minutes by its minutes", () =>
    assert.deepEqual(judged({ seconds: 180, diskGrowth: 150 * 2 ** 20 }), []));

  it("judges no latency on a slow machine, and everything else", () => {
    const silent = ["north: hanging up on a peer: east, no gossip stream"];
    assert.deepEqual(judged({ during: { ...latency, p99Ms: 9_000, lost: 1 } }, true), []);
    assert.equal(judged({ partings: silent }, true).length, 1);
    assert.equal(judged({ residentGrowth: 2 ** 30 }, true).length, 1);
    assert.equal(judged({ partings: silent }).length, 1);
  });

  it("measures a row again whose 99th alone is too long, and no other", () => {
    const asks = (changes: Partial<Figures>, slowMachine = false) =>
      asksAgain(judge({ ...good, ...changes }, { slowMachine }));
    assert.equal(asks({ during: late }), true);
    assert.equal(asks({}), false);
    assert.equal(asks({ during: late }, true), false);
    assert.equal(asks({ during: { ...late, lost: 1 } }), false);
    assert.equal(asks({ during: late, residentGrowth: 2 ** 30 }), false);
    assert.equal(asks({ during: late, broken: ["an attacker failed: it did"] }), false);
    assert.equal(asks({ residentGrowth: 2 ** 30 }), false);
    assert.equal(asks({ backMs: undefined }), false);
    assert.equal(asks({ during: { ...late, samples: 0 } }), false);
  });

  it("lets the middle one of three more decide, and it acquits on a quiet machine only", () => {
    const quiet = (changes: Partial<Figures>) => judge({ ...good, ...changes }, { slowMachine: false });
    const first = quiet({ during: late });
    const later = quiet({ during: { ...latency, p99Ms: 70 } });
    const fine = quiet({});
    const busy = quiet({ baseline: { ...latency, p99Ms: 101 } });
    const faultsAfter = (...again: Judged[]) => lastWord(first, again).faults;
    assert.deepEqual(faultsAfter(fine, later, fine), []);
    assert.deepEqual(lastWord(first, [fine, later, fine]).others, [first, fine, later]);
    assert.deepEqual(faultsAfter(later, fine, later), ["99th 70 ms, baseline 20 ms"]);
    assert.deepEqual(faultsAfter(fine, busy, fine), []);
    const unanswered = "99th 60 ms, baseline 20 ms; measured again, the machine was busy";
    assert.deepEqual(faultsAfter(busy, fine, busy), [unanswered]);
    const large = quiet({ during: late, residentGrowth: 200 * 2 ** 20 });
    assert.deepEqual(faultsAfter(fine, fine, large), ["memory +200 MB"]);
    assert.deepEqual(faultsAfter(fine, quiet({ backMs: undefined }), fine), [
      "not back to normal 30 s after the attack",
    ]);
  });

  it("has a report that names what does not hold, in 80 columns", () => {
    const judged = { ...good, judgesLatency: true, faults: [] };
    const broken = { ...good, judgesLatency: false, row: "1b", faults: ["memory +700 MB"] };
    const text = reportText([judged, broken]);
    assert.match(text, /does not hold: 1b with 1: memory \+700 MB/);
    assert.doesNotMatch(text, /all rows hold/);
    assert.match(text, /1a .* 20\/20 .*holds/);
    assert.match(text, /1b .* ~20\/20 .*BROKEN/);
    assert.match(reportText([judged]), /all rows hold/);
    for (const line of text.split("\n")) assert.ok(line.length <= 80, line);
  });

  it("has a report that shows all measurements of a row", () => {
    const first = judge({ ...good, during: late, notes: ["a first note"] }, { slowMachine: false });
    const fine = judge(good, { slowMachine: false });
    const holds = lastWord(first, [fine, first, fine]);
    const text = reportText([holds]);
    assert.match(
      text,
      /1a .* 60\/20 .*again\n *1a .* 20\/20 .*again\n *1a .* 60\/20 .*again\n *1a .* 20\/20 .*holds\n/,
    );
    assert.match(text, /^again: the 99th alone/m);
    assert.match(text, /: a first note$/m);
    assert.match(text, /^measured again: 1a with 1: 99th 60 ms, baseline 20 ms\nall rows hold/m);
    assert.doesNotMatch(text, /does not hold/);
    const broken = reportText([lastWord(first, [first, fine, first])]);
    assert.match(broken, /1a .* 20\/20 .*again\n *1a .* 60\/20 .*again\n *1a .* 60\/20 .*BROKEN\n/);
    assert.match(broken, /^does not hold: 1a with 1: 99th 60 ms, baseline 20 ms/m);
    assert.doesNotMatch(reportText([judge(good, { slowMachine: false })]), /again/);
    for (const line of text.split("\n")) assert.ok(line.length <= 80, line);
  });
});

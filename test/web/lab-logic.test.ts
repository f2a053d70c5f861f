/** What the lab's page says of its nodes: whether they agree, how high they were, what is out of the ordinary. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { LabBlock, LabNode } from "../../src/api/lab.ts";
import { agreementOf, heightTable } from "../../src/web/lab/agreement.ts";
import { emptyHistory, withState } from "../../src/web/lab/head-history.ts";
import { badgesOf, doingText, offsetText } from "../../src/web/lab/node-badges.ts";

/** A branch of blocks up to `height`; those above `forkAt` have hashes of the branch. */
function blocksTo(height: number, branch = "a", forkAt = height): LabBlock[] {
  const hashAt = (at: number) => `${at > forkAt ? branch : "0"}${at}`.padStart(64, "0");
  return Array.from({ length: Math.min(12, height + 1) }, (_, index) => {
    const at = height - index;
    const hashes = { hash: hashAt(at), parentHash: hashAt(at - 1) };
    return { height: at, ...hashes, timestampMs: at, transactionCount: 0, producer: null };
  });
}

function nodeNamed(name: string, blocks: readonly LabBlock[], changes: Partial<LabNode> = {}): LabNode {
  const [head] = blocks;
  return {
    ...{ name, consensus: "pow", process: "running", pid: 1, endedBecause: null, apiUrl: "", listens: "" },
    ...{ nodeId: null, address: null, authority: false, mining: true, sealing: "sealing" },
    ...{ notSealingBecause: null, head: head ?? null, final: null, peers: 2, mempool: 0, advice: [] },
    ...{ blocks: [...blocks], answeredAtMs: 0, cut: false, delayMs: 0, withholding: null, clockOffsetMs: 0 },
    ...{ tampered: null, can: [] },
    ...changes,
  };
}

describe("what the heads of a chain say", () => {
  const even = blocksTo(20);

  it("says that all agree, or who is behind", () => {
    const three = ["A", "B", "C"].map((name) => nodeNamed(name, even));
    assert.deepEqual(agreementOf(three), {
      agrees: true,
      text: "All 3 nodes that run have the same head, block 20.",
    });
    assert.match(agreementOf(three.slice(1)).text, /^Both nodes that run have the same head, block 20.$/);
    const late = agreementOf([...three.slice(1), nodeNamed("A", blocksTo(19, "a", 19))]);
    assert.equal(late.text, "B is the furthest, at block 20. A is 1 block behind.");
    assert.ok(!late.agrees);
    const far = agreementOf([...three.slice(1), nodeNamed("A", blocksTo(2))]);
    assert.equal(far.text, "B is the furthest, at block 20. A is 18 blocks behind.");
  });

  it("says who is on a branch of its own, and since when", () => {
    const alone = nodeNamed("A", blocksTo(18, "b", 15));
    const { text, agrees } = agreementOf([alone, nodeNamed("B", even)]);
    assert.equal(text, "B is the furthest, at block 20. A has had 3 blocks of its own since block 15.");
    assert.ok(!agrees);
    const forever = nodeNamed("A", blocksTo(20, "b", 0));
    assert.match(
      agreementOf([nodeNamed("B", even), forever]).text,
      /A has had blocks of its own since before block 9/,
    );
  });

  it("names the nodes that are not there", () => {
    const gone = nodeNamed("A", even, { process: "stopped" });
    const { text, agrees } = agreementOf([gone, nodeNamed("B", even), nodeNamed("C", [], {})]);
    assert.equal(text, "B is at block 20. A is stopped. C has not answered yet.");
    assert.ok(!agrees);
    assert.match(agreementOf([gone]).text, /No node of this chain answers. A is stopped./);
    assert.match(agreementOf([nodeNamed("A", even, { process: "ended" })]).text, /A has ended by itself/);
  });

  it("are a table in which a fork shows", () => {
    const table = heightTable(
      [nodeNamed("A", blocksTo(18, "b", 16)), nodeNamed("B", even), nodeNamed("C", [])],
      4,
    );
    assert.deepEqual(table.heights, [17, 18, 19, 20]);
    assert.deepEqual([...table.forked], [17, 18]);
    assert.deepEqual(
      table.rows.map(({ hashes }) => hashes.map((hash) => hash !== undefined)),
      [
        [true, true, false, false],
        [true, true, true, true],
        [false, false, false, false],
      ],
    );
    assert.deepEqual(heightTable([nodeNamed("C", [])], 4).heights, []);
    assert.deepEqual(heightTable([nodeNamed("C", blocksTo(1))], 4).heights, [0, 1]);
  });
});

describe("the history of heads", () => {
  const stateAt = (atMs: number, ...nodes: LabNode[]) => ({ atMs, nodes });

  it("has a point a second at most, the newest as it is now, and stays bounded", () => {
    let history = emptyHistory;
    for (let atMs = 0; atMs <= 400_000; atMs += 250) {
      history = withState(history, stateAt(atMs, nodeNamed("A", blocksTo(Math.floor(atMs / 1_000)))));
    }
    assert.ok(history.times.length <= 300 && history.times.length > 250, `${history.times.length}`);
    assert.equal(history.times.at(-1), 400_000);
    assert.equal(history.heights.get("A")?.at(-1), 400);
    assert.equal(history.heights.get("A")?.length, history.times.length);
    for (const [index, atMs] of history.times.entries()) {
      assert.ok(index === 0 || atMs > history.times[index - 1]!);
    }
  });

  it("has holes while a node does not run, and begins anew if the clock was set back", () => {
    const up = nodeNamed("A", blocksTo(3));
    const down = nodeNamed("A", blocksTo(3), { process: "stopped" });
    let history = withState(emptyHistory, stateAt(1_000, up));
    history = withState(history, stateAt(3_000, down));
    history = withState(history, stateAt(5_000, up, nodeNamed("B", blocksTo(1))));
    assert.deepEqual(history.heights.get("A"), [3, null, 3]);
    assert.deepEqual(history.heights.get("B"), [null, null, 1]);
    assert.deepEqual(withState(history, stateAt(10, up)).times, [10]);
  });
});

describe("a node in a word or two", () => {
  const texts = (changes: Partial<LabNode>) =>
    badgesOf(nodeNamed("A", blocksTo(3), changes)).map(({ text }) => text);

  it("says everything that is out of the ordinary", () => {
    assert.deepEqual(texts({}), ["running"]);
    assert.deepEqual(texts({ cut: true, delayMs: 300 }), ["running", "cut off", "300 ms late"]);
    assert.deepEqual(texts({ cut: true, withholding: { sinceHeight: 1, ahead: 2 } }), [
      "running",
      "withholds, 2 blocks ahead",
    ]);
    assert.deepEqual(
      texts({ withholding: { sinceHeight: 1, ahead: -1 } }).at(-1),
      "withholds, 1 block behind",
    );
    assert.deepEqual(texts({ clockOffsetMs: -3_600_000 }).at(-1), "clock −1 h");
    const tampered = { what: "x", atMs: 0, height: 1, noticed: null, repaired: false };
    assert.deepEqual(texts({ tampered }).at(-1), "tampered with");
    assert.deepEqual(texts({ tampered: { ...tampered, repaired: true } }).at(-1), "repaired");
  });

  it("says what it does, or why it does not", () => {
    const doing = (changes: Partial<LabNode>) => doingText(nodeNamed("A", blocksTo(3), changes));
    assert.equal(doing({}), "It mines.");
    assert.equal(doing({ cut: true }), "It mines alone.");
    assert.equal(doing({ sealing: "off" }), "It only follows.");
    assert.equal(doing({ sealing: "idle" }), "It waits for transactions.");
    assert.equal(
      doing({ consensus: "poa", sealing: "waiting", notSealingBecause: "it hears nobody" }),
      "It seals nothing now: it hears nobody.",
    );
    assert.equal(doing({ process: "stopped" }), "Its process does not run.");
    assert.equal(doing({ process: "ended", endedBecause: "no space" }), "no space");
  });

  it("writes an offset as people do", () => {
    assert.deepEqual([3_600_000, -3_600_000, 90_000, 300_000, 0].map(offsetText), [
      "+1 h",
      "−1 h",
      "+90 s",
      "+5 min",
      "+0 s",
    ]);
  });
});

/** The watch over one's own key, on real journals: what trips it, and all that must not. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { silentLogger } from "../../src/base/logger.ts";
import { emptyConsensusSection, type Header } from "../../src/protocol/block.ts";
import { keyPairFromSeed } from "../../src/protocol/signing.ts";
import { signVote } from "../../src/protocol/vote.ts";
import { KeyWatch } from "../../src/sealing/poa/key-watch.ts";
import { createAuthoritySealer } from "../../src/sealing/poa/poa-sealer.ts";
import { createMemorySealJournal } from "../support/memory-seal-journal.ts";
import { createMemoryVoteJournal } from "../support/memory-vote-journal.ts";
import { headerOf } from "./headers.ts";
import { checkpointOf, voteChainId, voteOf, voterKeys } from "./votes.ts";

const startedMs = 1_750_000_000_000;

function watchRig({ heightsKept = 1_024 } = {}) {
  const sealJournal = createMemorySealJournal({ heightsKept });
  const voteJournal = createMemoryVoteJournal({ heightsKept });
  const sealer = createAuthoritySealer({ keyPair: voterKeys }, { journal: sealJournal });
  const timestamps = new Map<string, number>();
  const watch = new KeyWatch(
    { publicKey: voterKeys.publicKey, startedMs },
    {
      sealJournal,
      voteJournal,
      timestampOf: (hash) => timestamps.get(Buffer.from(hash).toString("hex")),
      logger: silentLogger,
    },
  );
  const seen: string[] = [];
  watch.events.on("seenElsewhere", ({ what }) => seen.push(what));
  const blockAt = (height: number, timestampMs: number, variant = 0) => {
    const { hash } = checkpointOf(height, variant);
    timestamps.set(Buffer.from(hash).toString("hex"), timestampMs);
  };
  const seal = (header: Header) =>
    sealer.sealBlock({ header, transactions: [], consensusSection: emptyConsensusSection });
  return { watch, voteJournal, seal, seen, blockAt };
}

const ownHeader = (fields: Partial<Header> = {}) =>
  headerOf({ producer: voterKeys.publicKey, timestampMs: startedMs, ...fields });

test("a block of our key that we did not seal trips it, once and for good", () => {
  const { watch, seen } = watchRig();
  assert.equal(watch.seenElsewhere, undefined);
  watch.noticeBlock(ownHeader({ height: 7 }));
  assert.deepEqual(watch.seenElsewhere, { what: "block 7" });
  watch.noticeBlock(ownHeader({ height: 8 }));
  watch.noticeVote(voteOf(0, 9));
  assert.deepEqual(watch.seenElsewhere, { what: "block 7" });
  assert.deepEqual(seen, ["block 7"]);
});

test("another block on a parent that we sealed on trips it", async () => {
  const { watch, seal, seen } = watchRig();
  await seal(ownHeader());
  watch.noticeBlock(ownHeader({ timestampMs: startedMs + 1 }));
  assert.equal(seen.length, 1);
});

test("our own blocks, of this life and of an earlier one, do not trip it", async () => {
  const { watch, seal, seen } = watchRig();
  const { header } = await seal(ownHeader());
  const extraData = new Uint8Array(32).fill(1);
  const other = await seal(
    ownHeader({ parentHash: new Uint8Array(32).fill(2), extraData, timestampMs: startedMs + 5_000 }),
  );
  watch.noticeBlock(header);
  watch.noticeBlock(other.header);
  assert.deepEqual(seen, []);
});

test("history, others' blocks, and heights that the journal has forgotten do not trip it", async () => {
  const { watch, seal, seen } = watchRig({ heightsKept: 10 });
  await seal(ownHeader({ height: 100 }));
  watch.noticeBlock(ownHeader({ height: 95, timestampMs: startedMs - 1 }));
  watch.noticeBlock(ownHeader({ height: 90, parentHash: new Uint8Array(32) }));
  watch.noticeBlock(headerOf({ height: 101, timestampMs: startedMs }));
  assert.deepEqual(seen, []);
  watch.noticeBlock(ownHeader({ height: 91, parentHash: new Uint8Array(32) }));
  assert.deepEqual(seen, ["block 91"]);
});

test("a seal journal that cannot be read says nothing of anybody", () => {
  const { watch: _, voteJournal } = watchRig();
  const sealJournal = {
    floorHeight: 0,
    sealedOn: () => {
      throw new Error("input/output error");
    },
  };
  let logged = 0;
  const watch = new KeyWatch(
    { publicKey: voterKeys.publicKey, startedMs },
    {
      sealJournal,
      voteJournal,
      timestampOf: () => undefined,
      logger: { ...silentLogger, error: () => (logged += 1) },
    },
  );
  watch.noticeBlock(ownHeader());
  assert.equal(watch.seenElsewhere, undefined);
  assert.equal(logged, 1);
});

test("a vote of our key above the last one of ours, or another for its height, trips it", async () => {
  for (const foreign of [voteOf(0, 6), voteOf(0, 5, 1), voteOf(1, 5), voteOf(0, 4)]) {
    const { watch, voteJournal, blockAt, seen } = watchRig();
    for (const height of [4, 5, 6]) blockAt(height, startedMs);
    blockAt(5, startedMs, 1);
    await voteJournal.record(voteOf(0, 5));
    watch.noticeVote(foreign);
    assert.deepEqual(seen, [`a vote for block ${foreign.target.height}`]);
  }
});

test("our own votes, others', and those for old, unknown or forgotten blocks do not trip it", async () => {
  const { watch, voteJournal, blockAt, seen } = watchRig({ heightsKept: 10 });
  for (let height = 1; height <= 20; height += 1) blockAt(height, startedMs + (height === 16 ? -1 : height));
  for (const height of [8, 17, 20]) await voteJournal.record(voteOf(0, height));
  const other = keyPairFromSeed(new Uint8Array(32).fill(6));
  watch.noticeVote(voteOf(0, 20));
  watch.noticeVote(voteOf(0, 17));
  watch.noticeVote(signVote(voteChainId, checkpointOf(0), checkpointOf(19), other));
  watch.noticeVote(voteOf(0, 16));
  watch.noticeVote(voteOf(0, 21));
  watch.noticeVote(voteOf(0, 9));
  assert.deepEqual(seen, []);
  watch.noticeVote(voteOf(0, 19));
  assert.deepEqual(seen, ["a vote for block 19"]);
});

/** The voter on real journals: when it votes, what it never sends, and how it goes on after a kill or a failing disk. */
import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { type Logger, silentLogger } from "../../src/base/logger.ts";
import type { HeaderRecord } from "../../src/protocol/block.ts";
import { keyPairFromSeed } from "../../src/protocol/signing.ts";
import { encodeVote, signVote, type Vote, verifyVote } from "../../src/protocol/vote.ts";
import { openFileVoteJournal } from "../../src/sealing/poa/file-vote-journal.ts";
import type { VoteJournal } from "../../src/sealing/poa/vote-journal.ts";
import { Voter } from "../../src/sealing/poa/voter.ts";
import { createMemoryVoteJournal } from "../support/memory-vote-journal.ts";
import { until as untilSo } from "../support/patience.ts";
import { createSimulatedClock } from "../support/simulated-clock.ts";
import { TestPermission } from "../support/test-permission.ts";
import { interceptDisk, onDiskFailing } from "./disk-steps.ts";
import { headerOf } from "./headers.ts";
import { checkpointOf, voteChainId, voteOf, voterKeys } from "./votes.ts";

const directory = fs.mkdtempSync(path.join(os.tmpdir(), "aurex-voter-"));
after(() => fs.rmSync(directory, { recursive: true }));
const openFile = (name: string) => openFileVoteJournal(path.join(directory, name), { logger: silentLogger });

function recordOf(height: number, variant = 0): HeaderRecord {
  const { hash } = checkpointOf(height, variant);
  const header = headerOf({ height, extraData: new Uint8Array(32).fill(variant) });
  return {
    hash,
    hashHex: Buffer.from(hash).toString("hex"),
    header,
    seal: { nonce: new Uint8Array(32), signature: new Uint8Array(64) },
    cumulativeWeight: BigInt(height),
    justifiedHeight: 0,
    consensusState: new Uint8Array(),
  };
}

/** A voter whose head, rights and time the test sets. */
function voterRig(journal: VoteJournal = createMemoryVoteJournal(), logger: Logger = silentLogger) {
  const clock = createSimulatedClock(1_750_000_000_000);
  const counted: Vote[] = [];
  const announced: Vote[] = [];
  const state = {
    head: recordOf(1),
    justified: checkpointOf(0),
    isInTurn: true,
    breaks: false,
  };
  const permission = new TestPermission();
  const voter = new Voter(
    { keyPair: voterKeys, chainId: voteChainId },
    {
      chain: {
        head: () => {
          if (state.breaks) throw new Error("the store is broken");
          return state.head;
        },
        justifiedOf: () => state.justified,
        isInTurn: () => state.isInTurn,
        countVote: (vote) => counted.push(vote),
      },
      journal,
      clock,
      logger,
      announceVote: (vote) => announced.push(vote),
      permission,
    },
  );
  const setHead = (head: HeaderRecord) => {
    state.head = head;
    voter.headChanged();
  };
  const targets = () => announced.map(({ target }) => target.height);
  return { voter, clock, state, permission, counted, announced, targets, setHead };
}

/** Disk work ends when it ends. */
async function until(condition: () => boolean): Promise<void> {
  await untilSo(`${condition}`, condition, { pollMs: 1 });
}

test("votes at once for a block in turn, counts and announces it, and the signature holds", async () => {
  const { voter, clock, counted, announced } = voterRig();
  voter.start();
  await clock.advance(0);
  assert.deepEqual(announced, [voteOf(0, 1)]);
  assert.deepEqual(counted, announced);
  assert.ok(verifyVote(voteChainId, announced[0] as Vote));
  await voter.stop();
});

test("a block out of turn must stay the head for a second", async () => {
  const { voter, clock, state, targets, setHead } = voterRig();
  state.isInTurn = false;
  voter.start();
  await clock.advance(999);
  assert.deepEqual(targets(), []);
  setHead(recordOf(1, 1));
  await clock.advance(999);
  assert.deepEqual(targets(), [], "another head, another second");
  await clock.advance(1);
  assert.deepEqual(targets(), [1]);
  await voter.stop();
});

test("one vote for each height, whatever the head changes to", async () => {
  const { voter, clock, state, announced, targets, setHead } = voterRig();
  voter.start();
  for (const head of [recordOf(1), recordOf(1, 1), recordOf(2), recordOf(1), recordOf(2, 1), recordOf(5)]) {
    setHead(head);
    await clock.advance(1_000);
  }
  assert.deepEqual(targets(), [1, 2, 5]);
  // A chain on which less is certified than we have voted from.
  state.justified = checkpointOf(5);
  setHead(recordOf(6));
  await clock.advance(1_000);
  state.justified = checkpointOf(2);
  setHead(recordOf(7));
  await clock.advance(1_000);
  assert.deepEqual(targets(), [1, 2, 5, 6]);
  assert.deepEqual(announced.at(-1), voteOf(5, 6));
  await voter.stop();
});

test("is silent while it is no authority or may not vote, and goes on by itself when it may", async () => {
  const { voter, clock, permission, targets, setHead } = voterRig();
  permission.set("not in the authority set");
  voter.start();
  await clock.advance(10_000);
  permission.set("syncing");
  setHead(recordOf(2));
  await clock.advance(10_000);
  assert.deepEqual(targets(), []);
  assert.equal(clock.pending, 0, "it waits for the event, not by a timer");
  permission.set(undefined);
  await clock.advance(0);
  assert.deepEqual(targets(), [2]);
  await voter.stop();
});

test("heads that come while a vote is being written: the newest is voted for, one vote at a time", async () => {
  const { voter, targets, setHead } = voterRig(await openFile("busy"));
  voter.start();
  for (let height = 2; height <= 9; height += 1) setHead(recordOf(height));
  await until(() => targets().length === 2);
  assert.deepEqual(targets(), [1, 9]);
  await voter.stop();
  assert.deepEqual(targets(), [1, 9]);
});

test("after a restart the last vote goes out again, byte for byte, and no other for its height", async () => {
  const first = voterRig(await openFile("restarted"));
  first.voter.start();
  await until(() => first.announced.length === 1);
  await first.voter.stop();
  const second = voterRig(await openFile("restarted"));
  second.state.head = recordOf(1, 1);
  second.voter.start();
  await second.clock.advance(10_000);
  assert.deepEqual(second.announced.map(encodeVote), first.announced.map(encodeVote));
  assert.deepEqual(second.counted, second.announced);
  await second.voter.stop();
});

test("a vote of another key or chain in the journal is not sent, but its watermark binds", async () => {
  const ofKey = signVote(voteChainId, checkpointOf(0), checkpointOf(1), keyPairFromSeed(new Uint8Array(32)));
  const ofChain = signVote(new Uint8Array(32), checkpointOf(0), checkpointOf(1), voterKeys);
  for (const foreign of [ofKey, ofChain]) {
    const journal = createMemoryVoteJournal();
    await journal.record(foreign);
    const { voter, clock, targets, setHead } = voterRig(journal);
    voter.start();
    await clock.advance(1_000);
    assert.deepEqual(targets(), []);
    setHead(recordOf(2));
    await clock.advance(1_000);
    assert.deepEqual(targets(), [2]);
    await voter.stop();
  }
});

test("the vote is synced before it is counted or announced", async () => {
  const rig = voterRig(await openFile("ordered"));
  const order: string[] = [];
  const restore = await interceptDisk((step) => {
    order.push(`${step.kind === "write" ? "write" : step.name} ${rig.counted.length + rig.announced.length}`);
  });
  try {
    rig.voter.start();
    await until(() => rig.announced.length === 1);
  } finally {
    restore();
  }
  assert.deepEqual(order, ["write 0", "datasync 0"]);
  await rig.voter.stop();
});

test("a full disk: nothing leaves, it is said, tried again ever more slowly, and works once there is room", async () => {
  const delays: number[] = [];
  const error = (fields: object) => delays.push((fields as { retryAfterMs: number }).retryAfterMs);
  const logger = { ...silentLogger, error };
  const { voter, clock, counted, targets } = voterRig(await openFile("full"), logger);
  const restore = await interceptDisk((step) => {
    if (step.kind === "write") throw Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
  });
  try {
    voter.start();
    for (let failures = 1; failures <= 7; failures += 1) {
      await until(() => delays.length === failures);
      await clock.advance((delays.at(-1) as number) - 1);
      assert.equal(delays.length, failures, "not before its time");
      if (failures < 7) await clock.advance(1);
    }
    assert.deepEqual(delays, [2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
    assert.deepEqual([...targets(), ...counted], []);
  } finally {
    restore();
  }
  await clock.advance(1);
  await until(() => targets().length === 1);
  await voter.stop();
});

test("a failing sync: no vote leaves before a new journal is on disk, and then one does by itself", async () => {
  let failures = 0;
  const logger = { ...silentLogger, error: () => (failures += 1) };
  const { voter, clock, counted, targets } = voterRig(await openFile("unsynced"), logger);
  await onDiskFailing("datasync", async () => {
    voter.start();
    await until(() => failures === 1);
  });
  await onDiskFailing("sync", async () => {
    await clock.advance(60_000);
    await until(() => failures > 1);
  });
  assert.deepEqual([...targets(), ...counted], []);
  await clock.advance(60_000);
  await until(() => targets().length === 1);
  await voter.stop();
});

test("a chain that throws is logged and asked again", async () => {
  let failures = 0;
  const logger = { ...silentLogger, error: () => (failures += 1) };
  const { voter, clock, state, targets } = voterRig(undefined, logger);
  state.breaks = true;
  voter.start();
  await clock.advance(1_000);
  assert.equal(failures, 1);
  state.breaks = false;
  await clock.advance(10_000);
  assert.deepEqual(targets(), [1]);
  await voter.stop();
});

test("stopped, it votes no more", async () => {
  const { voter, clock, targets, setHead } = voterRig();
  voter.start();
  await clock.advance(0);
  await voter.stop();
  setHead(recordOf(2));
  await clock.advance(10_000);
  assert.deepEqual(targets(), [1]);
  assert.equal(clock.pending, 0);
});

/** The judge of shares: every rule, in its order, and what a good share is worth. */
import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { bigIntToBytes, concatBytes } from "../../src/base/bytes.ts";
import { workOf } from "../../src/consensus/pow/work-rule.ts";
import type { JobNotice } from "../../src/pool/messages.ts";
import {
  CountedShares,
  judgeShare,
  type NonceSpace,
  type Submitter,
  shareTargetIn,
} from "../../src/pool/share-judge.ts";
import type { WorkJob } from "../../src/sealing/pow/work-board.ts";
import { accountNamed, anyShares, Drafting, noncesOf } from "./pool-rig.ts";

/** One hash in `hashes` meets it. */
function targetFor(hashes: bigint): Uint8Array {
  return bigIntToBytes(2n ** 256n / hashes - 1n, 32);
}

describe("share judge", () => {
  const drafting = new Drafting();
  let counted: CountedShares;
  const account = accountNamed("alice");
  let job: WorkJob;
  let space: NonceSpace;
  let submitter: Submitter;
  let mayEarn: boolean;
  let sharesPerBlockMax: number;

  beforeEach(async () => {
    counted = new CountedShares();
    mayEarn = true;
    sharesPerBlockMax = anyShares;
    await drafting.post({ target: targetFor(4_096n) });
    job = drafting.board.current!;
    space = { prefix: drafting.board.reserveNonceSpace(), shareTarget: targetFor(16n) };
    submitter = { account, spaces: [space] };
  });

  const noticeOf = ({ prefix, shareTarget }: NonceSpace, of = job): JobNotice => ({
    kind: "job",
    jobId: of.id,
    headerBytes: of.headerBytes,
    noncePrefix: prefix,
    shareTarget,
    isClean: true,
  });
  const judge = (nonce: Uint8Array, jobId = job.id, by: Submitter | undefined = submitter) =>
    judgeShare({ jobId, nonce }, by, {
      board: drafting.board,
      counted,
      sharesPerBlockMax,
      mayEarn: () => mayEarn,
    });
  const codeOf = (...share: Parameters<typeof judge>) => {
    const judged = judge(...share);
    return judged.kind === "good" ? 0 : judged.code;
  };

  it("finds a share good, and says what it is worth", () => {
    const [nonce] = noncesOf(noticeOf(space), 1);
    const judged = judge(nonce!);
    assert.ok(judged.kind === "good");
    assert.equal(judged.work, 16n);
    assert.equal(judged.isBlock, false);
    assert.equal(judged.space, space);
    assert.deepEqual(judged.hash, drafting.board.hashOf(job, nonce!));
  });

  it("sees a block in a share that meets the block's target", () => {
    const [nonce] = noncesOf(noticeOf({ ...space, shareTarget: job.target }), 1);
    const judged = judge(nonce!);
    assert.ok(judged.kind === "good");
    assert.equal(judged.isBlock, true);
    assert.equal(judged.work, 16n, "a lucky share is worth no more: the next one is as likely to be unlucky");
  });

  it("names the first rule that is broken", () => {
    const [good] = noncesOf(noticeOf(space), 1) as [Uint8Array];
    const [bad] = noncesOf(noticeOf(space), 1, { isShare: false }) as [Uint8Array];
    const foreign = concatBytes([good.subarray(0, 8), new Uint8Array(8), good.subarray(16)]);
    assert.equal(codeOf(bad), 23);
    counted.add(job, bad);
    assert.equal(codeOf(bad), 22, "duplicate, whatever the hash");
    assert.equal(codeOf(foreign), 20, "outside of its space, whatever else");
    assert.equal(codeOf(foreign, job.id + 1), 21, "a job that never was, whatever the nonce");
    mayEarn = false;
    assert.equal(codeOf(good, job.id + 1), 24, "an account that the books do not take");
    assert.equal(judgeShare({ jobId: 0, nonce: bad }, undefined, judgeModules()).kind, "refused");
    assert.equal(codeOfUnsubscribed(bad), 25);
  });

  const judgeModules = () => ({ board: drafting.board, counted, sharesPerBlockMax, mayEarn: () => mayEarn });
  const codeOfUnsubscribed = (nonce: Uint8Array) => {
    const judged = judgeShare({ jobId: job.id, nonce }, undefined, judgeModules());
    return judged.kind === "good" ? 0 : judged.code;
  };

  it("takes shares for earlier jobs on the same parent, and for none before a clean one", async () => {
    const [nonce] = noncesOf(noticeOf(space), 1) as [Uint8Array];
    const { id } = job;
    await drafting.post({ target: job.target, timestampMs: 1_750_000_001_000 });
    assert.equal(codeOf(nonce, id), 0);
    await drafting.post({ target: job.target }, 2);
    assert.equal(codeOf(nonce, id), 21);
    drafting.pause();
    assert.equal(codeOf(nonce, id + 2), 21, "nothing is to be mined");
  });

  it("counts a share once for as long as its job is good, in whatever order jobs have their first shares", async () => {
    const jobs: WorkJob[] = [];
    for (let index = 0; index < 64; index += 1) {
      await drafting.post({ target: job.target, timestampMs: 1_750_000_000_000 + index }, 3);
      jobs.push(drafting.board.current!);
    }
    const newest = jobs.at(-1)!;
    const bring = (of: WorkJob) => {
      const [nonce] = noncesOf(noticeOf(space, of), 1) as [Uint8Array];
      const code = codeOf(nonce, of.id);
      if (code === 0) counted.add(of, nonce);
      return code;
    };
    for (const of of [newest, ...jobs.slice(0, -1)]) assert.equal(bring(of), 0);
    await drafting.post({ target: job.target, timestampMs: 1_750_000_001_000 }, 3);
    assert.equal(bring(drafting.board.current!), 0);
    assert.equal(bring(newest), 22);
  });

  it("judges a share by the target of the space that it lies in, and never harder than the block", () => {
    const harder = { prefix: drafting.board.reserveNonceSpace(), shareTarget: targetFor(64n) };
    const hardest = { prefix: drafting.board.reserveNonceSpace(), shareTarget: targetFor(2n ** 40n) };
    submitter = { account, spaces: [space, harder, hardest] };
    const [easy] = noncesOf(noticeOf(space), 1) as [Uint8Array];
    const [hard] = noncesOf(noticeOf(harder), 1) as [Uint8Array];
    const [block] = noncesOf(noticeOf({ ...hardest, shareTarget: job.target }), 1) as [Uint8Array];
    const workFound = [easy, hard, block].map((nonce) => {
      const judged = judge(nonce);
      return judged.kind === "good" ? judged.work : judged.reason;
    });
    assert.deepEqual(workFound, [16n, 64n, workOf(job.target)]);
  });

  it("takes no share that is easier than so many to a block, whatever its space was given for", () => {
    sharesPerBlockMax = 64;
    const least = targetFor(64n);
    assert.deepEqual(shareTargetIn(space, job, sharesPerBlockMax), least);
    const nonces = noncesOf(noticeOf(space), 200);
    const judged = nonces.map((nonce) => judge(nonce));
    const works = judged.map((share) => (share.kind === "good" ? share.work : share.code));
    assert.deepEqual([...new Set(works)].sort(), [23, 64n]);
    assert.deepEqual(shareTargetIn({ ...space, shareTarget: job.target }, job, 64), job.target);
    assert.deepEqual(shareTargetIn(space, job, anyShares), space.shareTarget);
  });

  it("is fair: over a whole space a member earns as much work as it has done, whatever its targets", () => {
    const harder = { prefix: drafting.board.reserveNonceSpace(), shareTarget: targetFor(256n) };
    submitter = { account, spaces: [space, harder] };
    const tries = 40_000;
    for (const each of [space, harder]) {
      let credited = 0n;
      for (let counting = 0; counting < tries; counting += 1) {
        const nonce = new Uint8Array(32);
        new DataView(nonce.buffer).setUint32(0, counting, true);
        nonce.set(each.prefix, 8);
        const judged = judge(nonce);
        if (judged.kind === "good") credited += judged.work;
      }
      // Four standard deviations of the worse of the two: 40,000 tries are about 156 shares of 256 hashes.
      assert.ok(Math.abs(Number(credited) / tries - 1) < 0.32, `${credited} of ${tries}`);
    }
  });

  it("forgets a share that could not be stored, and takes no more than a bound for one job", () => {
    const [nonce] = noncesOf(noticeOf(space), 1) as [Uint8Array];
    counted.add(job, nonce);
    counted.delete(job, nonce);
    assert.equal(codeOf(nonce), 0);
    for (let index = 0; index < 65_536; index += 1) counted.add(job, bigIntToBytes(BigInt(index), 32));
    assert.equal(codeOf(nonce), 21);
  });
});

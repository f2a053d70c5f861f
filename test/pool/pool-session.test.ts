/** A session that its member reads too slowly: what it is told in the end. */
import assert from "node:assert/strict";
import { it } from "node:test";
import { decodeNotice, type JobNotice } from "../../src/pool/messages.ts";
import { PoolSession } from "../../src/pool/pool-session.ts";
import { shareTargetOf } from "../../src/pool/share-difficulty.ts";
import { accountNamed, anyShares, Drafting } from "./pool-rig.ts";

it("tells a slow member only of the newest job, and that it is clean where it missed the one that was", async () => {
  const drafting = new Drafting();
  const target = shareTargetOf(1_000_000);
  await drafting.post({ target });
  const subscribe = { account: accountNamed("slow"), software: "", hashesPerSecond: 0 };
  const onEnd = () => {};
  const session = new PoolSession(
    subscribe,
    { board: drafting.board, sharesPerBlockMax: anyShares, spaces: [], onEnd },
    0,
  );
  const told = async (): Promise<JobNotice> => {
    const { value } = await session.notices.next();
    assert.ok(value);
    const notice = decodeNotice(value);
    assert.ok(notice.ok && notice.value.kind === "job");
    return notice.value;
  };
  const changed = async (timestampMs: number, parent: number) => {
    await drafting.post({ target, timestampMs }, parent);
    session.boardChanged(timestampMs);
  };
  const first = await told();
  assert.ok(first.isClean, "as the job is");
  await changed(1, 1);
  await changed(2, 2);
  await changed(3, 2);
  const second = await told();
  assert.equal(second.jobId, first.jobId + 3);
  assert.equal(drafting.board.current?.isClean, false);
  assert.equal(second.isClean, true);
  await changed(4, 2);
  assert.equal((await told()).isClean, false);
});

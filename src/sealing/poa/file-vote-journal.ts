/** Slashing protection for votes, in a file: one record for each vote, appended and synced before the vote leaves. */
import { bytesEqual, fromUtf8 } from "../../base/bytes.ts";
import { invariant } from "../../base/invariant.ts";
import type { Logger } from "../../base/logger.ts";
import { SerialQueue } from "../../base/serial-queue.ts";
import { mayVote } from "../../consensus/finality/vote-rule.ts";
import { decodeVote, encodeVote, type Vote } from "../../protocol/vote.ts";
import { journalHeightsKept } from "./journal.ts";
import type { JournalRecord } from "./journal-records.ts";
import { openRecordFile, type RecordFileKind } from "./record-file.ts";
import { copyOf, isSameVote, requireAllowed, type VoteJournal, watermarkAfter } from "./vote-journal.ts";

const votesPendingMax = 16;
export const voteFile: RecordFileKind = {
  magic: fromUtf8("AUREXVJ1"),
  name: "vote journal",
  done: "voted for",
  nothingIsDone: "no vote leaves",
};

/**
 * Opens the journal, or creates it in a directory that exists. If a kill cut the last record short, the record was never
 * acknowledged: it is cut off and logged. Any other damage rejects with a JournalError "journal/corrupt", and so do
 * votes in an order in which the journal never records them.
 */
export async function openFileVoteJournal(
  filePath: string,
  { logger }: { readonly logger: Logger },
  heightsKept: number = journalHeightsKept,
): Promise<VoteJournal> {
  const votes = new Map<number, Vote>();
  let last: Vote | undefined;
  const queue = new SerialQueue(votesPendingMax);

  const isFitting = (record: JournalRecord): boolean => {
    const decoded = decodeVote(record.payload);
    if (!decoded.ok || !mayVote(decoded.value, watermarkAfter(last))) return false;
    last = decoded.value;
    votes.set(last.target.height, last);
    return record.height === last.target.height && bytesEqual(record.hash, last.target.hash);
  };
  const file = await openRecordFile(filePath, voteFile, { heightsKept, isFitting }, { logger });
  const forget = () => {
    for (const height of votes.keys()) if (height < file.floorHeight) votes.delete(height);
  };
  forget();

  return {
    get watermark() {
      return watermarkAfter(last);
    },
    get last() {
      return last;
    },
    get floorHeight() {
      return file.floorHeight;
    },
    votedAt: (targetHeight) => votes.get(targetHeight),
    async record(vote) {
      const copy = copyOf(vote);
      const recorded = await queue.run(async () => {
        if (last && isSameVote(last, copy)) return;
        requireAllowed(copy, last);
        const { height, hash } = copy.target;
        await file.append({ height, hash, payload: encodeVote(copy) });
        last = copy;
        votes.set(height, copy);
        forget();
      });
      invariant(recorded.ok, "an authority records a few votes at a time");
    },
    async close() {
      await queue.idle();
      await file.close();
    },
  };
}

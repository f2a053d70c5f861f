/** Slashing protection for blocks, in a file: one record for each block, appended and synced before the seal leaves. */
import { fromUtf8, toHex } from "../../base/bytes.ts";
import { invariant } from "../../base/invariant.ts";
import type { Logger } from "../../base/logger.ts";
import { blockBytesMax } from "../../protocol/block.ts";
import { journalHeightsKept } from "./journal.ts";
import { openRecordFile, type RecordFileKind } from "./record-file.ts";
import { requireRemembered, requireSameBlock, type SealJournal } from "./seal-journal.ts";

export const sealFile: RecordFileKind = {
  magic: fromUtf8("AUREXSJ1"),
  name: "seal journal",
  done: "sealed",
  nothingIsDone: "nothing is sealed",
};

/**
 * Opens the journal, or creates it in a directory that exists. If a kill cut the last record short, the record was never
 * acknowledged: it is cut off and logged. Any other damage rejects with a JournalError "journal/corrupt".
 *
 * The blocks stay on disk. Memory holds one small entry for each of the newest `heightsKept` heights.
 */
export async function openFileSealJournal(
  filePath: string,
  { logger }: { readonly logger: Logger },
  heightsKept: number = journalHeightsKept,
): Promise<SealJournal> {
  const file = await openRecordFile(filePath, sealFile, { heightsKept }, { logger });
  const pending = new Map<string, { blockBytes: Uint8Array; durable: Promise<void> }>();
  return {
    get floorHeight() {
      return file.floorHeight;
    },
    sealedOn: (parentHash) => file.read(toHex(parentHash)),
    async record({ parentHash, height, blockBytes }) {
      invariant(blockBytes.length <= blockBytesMax, "a block has its limit");
      const parentHex = toHex(parentHash);
      const earlier = pending.get(parentHex);
      if (earlier) {
        requireSameBlock(earlier.blockBytes, blockBytes);
        return earlier.durable;
      }
      const before = file.read(parentHex);
      if (before) return requireSameBlock(before, blockBytes);
      requireRemembered(height, file.floorHeight);
      const record = { hash: parentHash.slice(), height, payload: blockBytes.slice() };
      const durable = file.append(record).finally(() => pending.delete(parentHex));
      pending.set(parentHex, { blockBytes: record.payload, durable });
      await durable;
    },
    close: () => file.close(),
  };
}

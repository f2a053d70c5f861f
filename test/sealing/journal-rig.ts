/** What the tests of both journals stand on: files, twins held to one contract, and files that are damaged. */
import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after } from "node:test";
import { type Logger, silentLogger } from "../../src/base/logger.ts";
import type { JournalError } from "../../src/sealing/poa/journal.ts";

/** Hands out paths at which nothing is yet; their folder goes when the test file ends. */
export function journalFiles(): () => string {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), "aurex-journal-"));
  after(() => fs.rmSync(directory, { recursive: true }));
  let files = 0;
  return () => path.join(directory, `${files++}.journal`);
}

type OpenFile<Journal> = (filePath: string, heightsKept?: number) => Promise<Journal>;
/** Opens an empty journal, and opens it again after each close. */
type Reopen<Journal> = () => Promise<Journal>;

export function journalTwins<Journal>(
  createMemory: (options: { heightsKept?: number | undefined }) => Journal,
  openFile: OpenFile<Journal>,
  newFilePath: () => string,
): Record<"memory" | "file", (heightsKept?: number) => Reopen<Journal>> {
  return {
    memory: (heightsKept) => {
      const journal = createMemory({ heightsKept });
      return async () => journal;
    },
    file: (heightsKept) => {
      const filePath = newFilePath();
      return () => openFile(filePath, heightsKept);
    },
  };
}

export function warnings(): { readonly logger: Logger; readonly messages: string[] } {
  const messages: string[] = [];
  return { messages, logger: { ...silentLogger, warn: (_fields, message) => messages.push(message) } };
}

/** Flips one bit of each byte in turn: none of these files opens, and none is changed by the attempt. */
export async function assertFlipsRefused(
  whole: Uint8Array,
  filePath: string,
  openFile: OpenFile<unknown>,
  assertSaid: (error: JournalError) => void,
): Promise<void> {
  for (let offset = 0; offset < whole.length; offset += 1) {
    const damaged = whole.slice();
    damaged[offset] = damaged[offset]! ^ (1 << (offset % 8));
    fs.writeFileSync(filePath, damaged);
    await assert.rejects(openFile(filePath), (error: JournalError) => {
      assert.equal(error.code, "journal/corrupt");
      assertSaid(error);
      return true;
    });
    assert.deepEqual(new Uint8Array(fs.readFileSync(filePath)), damaged, "the evidence stays as it was");
  }
}

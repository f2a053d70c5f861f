/** A thread of the audit: it has its own view of the file, in the same snapshot, and does what it is handed. */
import { parentPort } from "node:worker_threads";
import { invariant, toError } from "../base/invariant.ts";
import { sqliteCodeOf } from "./audit-error.ts";
import { auditedChain } from "./audited-chain.ts";
import { type CheckTally, TallyBook } from "./check-report.ts";
import { checkSoundness } from "./checks/soundness.ts";
import type { BlockRange } from "./ledger-blocks.ts";
import { openLedger } from "./ledger-opening.ts";
import { type HugeRows, LedgerReader } from "./ledger-reader.ts";
import { RangeRebuilder, type RebuiltRange } from "./rebuilt-range.ts";
import { invalidIn } from "./signature-batches.ts";
import { snapshotMark } from "./snapshot-mark.ts";

export type ThreadTask =
  | { readonly kind: "open"; readonly file: string; readonly huge: HugeRows }
  | { readonly kind: "rebuild"; readonly range: BlockRange; readonly hashesBelow: number }
  | { readonly kind: "soundness" }
  /** Packed by `SignatureBatches`. */
  | { readonly kind: "signatures"; readonly items: Uint8Array };

/** What a task came to, by its kind. */
export interface ThreadAnswers {
  readonly open: string;
  readonly rebuild: RebuiltRange;
  readonly soundness: CheckTally;
  /** Places of those that do not hold. */
  readonly signatures: readonly number[];
}

export interface ThreadFailure {
  readonly message: string;
  readonly stack: string | undefined;
  /** SQLite's primary result code, if SQLite failed. */
  readonly sqliteCode: number | undefined;
}

export type ThreadReply =
  | { readonly answer: ThreadAnswers[keyof ThreadAnswers] }
  | { readonly failure: ThreadFailure };

const port = parentPort;
invariant(port, "this file runs in a worker thread");

let reader: LedgerReader | undefined;
const rebuilders = new Map<string, RangeRebuilder>();

port.on("message", (task: ThreadTask) => {
  try {
    port.postMessage({ answer: answerTo(task) } satisfies ThreadReply);
  } catch (thrown) {
    const { message, stack } = toError(thrown);
    port.postMessage({ failure: { message, stack, sqliteCode: sqliteCodeOf(thrown) } } satisfies ThreadReply);
  }
});

function answerTo(task: ThreadTask): ThreadAnswers[keyof ThreadAnswers] {
  switch (task.kind) {
    case "open": {
      reader?.close();
      rebuilders.clear();
      reader = new LedgerReader(openLedger(task.file), task.huge);
      return snapshotMark(reader);
    }
    case "rebuild":
      return rebuilderOf(task.range.chainId).rebuild(task.range, task.hashesBelow);
    case "signatures":
      return invalidIn(task.items);
    case "soundness": {
      invariant(reader, "the file is open");
      const book = new TallyBook(null);
      checkSoundness(reader, book.reportOf("schema"));
      return book.of("schema");
    }
  }
}

function rebuilderOf(chainId: string): RangeRebuilder {
  const known = rebuilders.get(chainId);
  if (known) return known;
  invariant(reader, "the file is open");
  const meta = reader.first("meta", { where: "chain_id = ?", parameters: [chainId] });
  const chain = meta && auditedChain(meta, reader, new TallyBook(chainId).reportOf("chain"));
  invariant(chain, "the first thread has judged the chain's row");
  const rebuilder = new RangeRebuilder(chain, reader);
  rebuilders.set(chainId, rebuilder);
  return rebuilder;
}

/** A file that is open for an audit: on this thread, and on others in the same snapshot if it is large. */
import { AuditError } from "./audit-error.ts";
import { AuditThreads } from "./audit-threads.ts";
import { checkIdentity } from "./ledger-identity.ts";
import { openLedger } from "./ledger-opening.ts";
import { type HugeRows, LedgerReader } from "./ledger-reader.ts";
import { snapshotMark } from "./snapshot-mark.ts";

export interface LedgerSessionOptions {
  readonly jobs: number;
  /** Files of fewer rows are read on this thread alone. */
  readonly rowsForThreads: number;
  /** Rows that are not read; undefined: to be looked for. */
  readonly huge: HugeRows | undefined;
}

/** A node that seals every second leaves most of it for these few milliseconds. */
const openingsMax = 50;

export class LedgerSession implements AsyncDisposable {
  readonly reader: LedgerReader;
  readonly threads: AuditThreads | undefined;
  readonly huge: HugeRows;
  /** Of blocks and transactions. */
  readonly rows: number;

  private constructor(reader: LedgerReader, threads: AuditThreads | undefined, huge: HugeRows) {
    this.reader = reader;
    this.threads = threads;
    this.huge = huge;
    this.rows = rowsOf(reader);
  }

  static async open(file: string, options: LedgerSessionOptions): Promise<LedgerSession> {
    let reader = opened(file, options.huge ?? {});
    const huge = options.huge ?? reader.findHuge();
    if (options.huge === undefined) {
      reader.close();
      reader = opened(file, huge);
    }
    if (options.jobs < 2 || rowsOf(reader) < options.rowsForThreads)
      return new LedgerSession(reader, undefined, huge);
    const threads = new AuditThreads(options.jobs);
    try {
      for (let opening = 0; opening < openingsMax; opening += 1) {
        // At the same moment as the others: a node may write in between.
        const marks = threads.open(file, huge);
        reader.close();
        reader = opened(file, huge);
        const mark = snapshotMark(reader);
        if ((await marks).every((other) => other === mark)) return new LedgerSession(reader, threads, huge);
      }
    } catch (thrown) {
      await threads.close();
      throw thrown;
    }
    await threads.close();
    reader.close();
    throw new AuditError(
      "audit/busy",
      `the ledger ${file} changes too fast to be read by several threads at once`,
      "another program wrote to it between every two of them",
      "audit it with --jobs 1, or a copy: aurex-node export --copy COPY.sqlite",
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.threads?.close();
    this.reader.close();
  }
}

function opened(file: string, huge: HugeRows): LedgerReader {
  const db = openLedger(file);
  try {
    checkIdentity(db, file);
    return new LedgerReader(db, huge);
  } catch (thrown) {
    db.close();
    throw thrown;
  }
}

function rowsOf(reader: LedgerReader): number {
  return reader.count("blocks") + reader.count("transactions");
}

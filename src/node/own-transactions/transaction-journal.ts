/** What was submitted here and is not settled, on disk: appended, synced for many at once, and compacted now and then. */
import { type FileHandle, open, readFile, rename, rm } from "node:fs/promises";
import path from "node:path";
import { BoundedMap } from "../../base/bounded-map.ts";
import { fromHex, toHex } from "../../base/bytes.ts";
import { syncDirectory } from "../../base/durable-file.ts";
import { toError } from "../../base/invariant.ts";
import type { Logger } from "../../base/logger.ts";
import type { AdmissionFault } from "../../mempool/admission.ts";
import { type DecodedTransaction, decodeTransaction } from "../../protocol/transaction.ts";
import { decodeLine, encodeLine, type JournalLine } from "./journal-line.ts";

export interface TransactionJournalOptions {
  readonly filePath: string;
  /** 32 bytes: lines of another chain's journal count for nothing here. */
  readonly chainId: Uint8Array;
  /** Unsettled transactions: 50,000. */
  readonly countMax?: number;
  /** Of their own encoding: 64 MiB. */
  readonly bytesMax?: number;
  /** Dropped transactions whose reason is kept: 10,000. */
  readonly droppedMax?: number;
  /** A file smaller than this is not compacted: 4 MiB. */
  readonly compactAboveBytes?: number;
}

/** Why a submission is not on disk. */
export type NotJournalled = Extract<AdmissionFault, { code: "mempool/not-stored" | "mempool/full" }>;

const fileMode = 0o600;
const version = 1;
const rewriteChunkChars = 1 << 20;

interface Waiting {
  /** Of one submission or more, each with its line feed. */
  readonly lines: string;
  readonly done: PromiseWithResolvers<NotJournalled | undefined>;
}

export class TransactionJournal {
  readonly #options: Required<TransactionJournalOptions>;
  readonly #logger: Logger;
  /** Unsettled, oldest first. */
  readonly #unsettled = new Map<string, DecodedTransaction>();
  readonly #dropped: BoundedMap<string, AdmissionFault>;
  readonly #inFlight = new Map<string, Promise<NotJournalled | undefined>>();
  #unsettledBytes = 0;
  #handle: FileHandle | undefined;
  #fileBytes = 0;
  #compactAboveBytes: number;
  #waiting: Waiting[] = [];
  #flushing: Promise<void> | undefined;
  /** The file may not hold what was written last, or only half of it: it is written anew before anything else is. */
  #isDoubtful = false;
  /** The last batch could not be written. */
  #isRefusing = false;
  #closed = false;

  private constructor(options: TransactionJournalOptions, logger: Logger) {
    const defaults = {
      countMax: 50_000,
      bytesMax: 64 * 2 ** 20,
      droppedMax: 10_000,
      compactAboveBytes: 4 * 2 ** 20,
    };
    this.#options = { ...defaults, ...options };
    this.#logger = logger;
    this.#compactAboveBytes = this.#options.compactAboveBytes;
    this.#dropped = new BoundedMap(this.#options.droppedMax);
  }

  /** Opens the file, or begins one in a directory that exists. Rejects with the error of the file system. */
  static async open(
    options: TransactionJournalOptions,
    { logger }: { readonly logger: Logger },
  ): Promise<TransactionJournal> {
    const journal = new TransactionJournal(options, logger);
    await journal.#read();
    return journal;
  }

  /** Unsettled transactions, oldest first. A snapshot. */
  unsettled(): DecodedTransaction[] {
    return [...this.#unsettled.values()];
  }

  has(idHex: string): boolean {
    return this.#unsettled.has(idHex);
  }

  get(idHex: string): DecodedTransaction | undefined {
    return this.#unsettled.get(idHex);
  }

  /** Why a transaction that was submitted here was dropped. */
  droppedBecause(idHex: string): AdmissionFault | undefined {
    return this.#dropped.get(idHex);
  }

  /** Resolves when the transaction is on disk, or with the reason why it is not: then it is not in the journal either. */
  async sent(transaction: DecodedTransaction): Promise<NotJournalled | undefined> {
    const [fault] = await this.sentMany([transaction]);
    return fault;
  }

  /** The same for many, which are written together with one sync; one answer for each, in order. */
  async sentMany(transactions: readonly DecodedTransaction[]): Promise<(NotJournalled | undefined)[]> {
    const { promise, resolve } = Promise.withResolvers<NotJournalled | undefined>();
    const added: string[] = [];
    let text = "";
    const fates = transactions.map((transaction) => {
      const { idHex, bytes } = transaction;
      const writing = this.#inFlight.get(idHex);
      if (writing || this.#unsettled.has(idHex)) return writing;
      const full = this.#fullFor(bytes.length);
      if (full) return full;
      this.#add(transaction);
      this.#inFlight.set(idHex, promise);
      added.push(idHex);
      text += encodeLine({ is: "sent", id: idHex, bytes: toHex(bytes) } satisfies JournalLine);
      return promise;
    });
    const fault = added.length > 0 ? await this.#write(text) : undefined;
    for (const idHex of added) {
      this.#inFlight.delete(idHex);
      if (fault) this.#forget(idHex);
    }
    resolve(fault);
    return Promise.all(fates);
  }

  /** It is given up. What cannot be written now comes with the next line that can. */
  dropped(idHex: string, reason: AdmissionFault): void {
    if (!this.#forget(idHex)) return;
    this.#dropped.set(idHex, reason);
    void this.#write(encodeLine({ is: "dropped", id: idHex, reason } satisfies JournalLine));
  }

  /** Nothing can undo it. */
  settled(idHex: string): void {
    if (!this.#forget(idHex)) return;
    void this.#write(encodeLine({ is: "settled", id: idHex } satisfies JournalLine));
  }

  /** Ends when all that was handed in is on disk or refused; nothing is written afterwards. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#flushing;
    await this.#handle?.close();
    this.#handle = undefined;
  }

  #add(transaction: DecodedTransaction): void {
    this.#dropped.delete(transaction.idHex);
    this.#unsettled.set(transaction.idHex, transaction);
    this.#unsettledBytes += transaction.bytes.length;
  }

  #forget(idHex: string): boolean {
    const transaction = this.#unsettled.get(idHex);
    if (!transaction) return false;
    this.#unsettled.delete(idHex);
    this.#unsettledBytes -= transaction.bytes.length;
    return true;
  }

  #fullFor(bytes: number): NotJournalled | undefined {
    const { countMax, bytesMax } = this.#options;
    if (this.#unsettled.size < countMax && this.#unsettledBytes + bytes <= bytesMax) return undefined;
    const limit = `${countMax} transactions or ${bytesMax} bytes submitted here that are not final yet`;
    return { code: "mempool/full", limit };
  }

  async #write(lines: string): Promise<NotJournalled | undefined> {
    if (this.#closed) return { code: "mempool/not-stored", reason: "the node is stopping" };
    const done = Promise.withResolvers<NotJournalled | undefined>();
    this.#waiting.push({ lines, done });
    this.#flushing ??= this.#flush();
    return done.promise;
  }

  /** Whatever comes while one batch is synced goes together into the next one. */
  async #flush(): Promise<void> {
    // What a block settles comes in one piece of work, and shares a sync.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      const fault = await this.#store(batch.map(({ lines }) => lines).join("")).then(
        () => undefined,
        (thrown: unknown): NotJournalled => {
          const reason = toError(thrown).message;
          if (!this.#isRefusing)
            this.#logger.error({ reason }, "submitted transactions cannot be written to disk");
          this.#isRefusing = true;
          return { code: "mempool/not-stored", reason };
        },
      );
      if (this.#isRefusing && !fault) {
        this.#isRefusing = false;
        this.#logger.info({}, "submitted transactions are written to disk again");
      }
      for (const { done } of batch) done.resolve(fault);
    }
    // In the turn of the last look: whoever comes later begins anew, and is not left waiting for an end that has come.
    this.#flushing = undefined;
  }

  async #store(text: string): Promise<void> {
    const handle = this.#handle;
    // What is in memory holds the batch already, so a new file has it too.
    if (this.#isDoubtful || !handle) return this.#rewrite();
    if (this.#isCompactionDue() && (await this.#isCompacted())) return;
    const bytes = Buffer.from(text);
    try {
      await handle.appendFile(bytes);
    } catch (thrown) {
      // What was written of it must go, or the next line would follow half of one.
      await handle.truncate(this.#fileBytes).catch(() => {
        this.#isDoubtful = true;
      });
      throw thrown;
    }
    try {
      await handle.datasync();
    } catch (thrown) {
      // After a failed sync nobody knows what is on disk, not even after a later one that succeeds.
      this.#isDoubtful = true;
      throw thrown;
    }
    this.#fileBytes += bytes.length;
  }

  #isCompactionDue(): boolean {
    // A line takes about twice the transaction's bytes, and 150 more.
    const neededBytes = 2 * this.#unsettledBytes + 150 * (this.#unsettled.size + this.#dropped.size);
    return this.#fileBytes > Math.max(this.#compactAboveBytes, 2 * neededBytes);
  }

  /** False if the disk does not take another file; then this one grows on. */
  async #isCompacted(): Promise<boolean> {
    try {
      await this.#rewrite();
      return true;
    } catch (thrown) {
      const reason = toError(thrown).message;
      this.#logger.warn({ reason }, "the file of submitted transactions could not be compacted; it grows on");
      this.#compactAboveBytes = 2 * this.#fileBytes;
      if (this.#isDoubtful) throw thrown;
      return false;
    }
  }

  /** Puts a file with what is in memory in the old one's place; a failure changes nothing on disk. */
  async #rewrite(): Promise<void> {
    const { filePath } = this.#options;
    const temporaryPath = `${filePath}.tmp`;
    await rm(temporaryPath, { force: true });
    const handle = await open(temporaryPath, "ax", fileMode);
    let fileBytes = 0;
    let isRenamed = false;
    try {
      let chunk = encodeLine({ is: "journal", version, chainId: toHex(this.#options.chainId) });
      const put = async () => {
        const bytes = Buffer.from(chunk);
        await handle.appendFile(bytes);
        fileBytes += bytes.length;
        chunk = "";
      };
      for (const line of this.#lines()) {
        chunk += encodeLine(line);
        if (chunk.length >= rewriteChunkChars) await put();
      }
      await put();
      await handle.sync();
      await rename(temporaryPath, filePath);
      isRenamed = true;
      await syncDirectory(path.dirname(filePath));
    } catch (thrown) {
      await handle.close();
      if (!isRenamed) await rm(temporaryPath, { force: true });
      // The old file has no name any more, and the new one may not be durable under it.
      else this.#isDoubtful = true;
      throw thrown;
    }
    const old = this.#handle;
    this.#handle = handle;
    this.#fileBytes = fileBytes;
    this.#isDoubtful = false;
    await old?.close();
  }

  /** A snapshot, since transactions come while they are written; those are in the next batch, too. */
  #lines(): JournalLine[] {
    return [
      ...[...this.#dropped.entries()].map(([id, reason]) => ({ is: "dropped" as const, id, reason })),
      ...this.unsettled().map(({ idHex, bytes }) => ({
        is: "sent" as const,
        id: idHex,
        bytes: toHex(bytes),
      })),
    ];
  }

  async #read(): Promise<void> {
    const { filePath, chainId } = this.#options;
    const text = await readFile(filePath, "utf8").catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return "";
      throw error;
    });
    const lines = text.split("\n");
    const isTorn = lines.pop() !== "";
    const head = lines[0] === undefined ? undefined : decodeLine(lines[0]);
    let damaged = 0;
    if (head && (head.chainId !== toHex(chainId) || head.version !== version)) {
      const aside = `${filePath}.${String(head.chainId).slice(0, 8)}`;
      await rename(filePath, aside);
      this.#logger.warn(
        { filePath, aside },
        "the submitted transactions are of another chain, and are set aside",
      );
    } else {
      for (const line of lines.slice(head ? 1 : 0)) if (!this.#take(line)) damaged += 1;
    }
    if (damaged > 0 || isTorn) {
      this.#logger.warn(
        { filePath, damaged, unfinished: isTorn ? 1 : 0, kept: this.#unsettled.size },
        "some lines of the file of submitted transactions are damaged or were never finished; the other lines are used",
      );
    }
    // A clean file to append to, durable whatever a killed process has left in memory only.
    await this.#rewrite();
  }

  /** False if a line says nothing that can be used. */
  #take(text: string): boolean {
    const line = decodeLine(text) as JournalLine | undefined;
    if (!line) return false;
    switch (line.is) {
      case "sent": {
        const bytes = fromHex(line.bytes);
        const decoded = bytes && decodeTransaction(bytes, this.#options.chainId);
        if (!decoded?.ok || decoded.value.idHex !== line.id) return false;
        this.#add(decoded.value);
        return true;
      }
      case "dropped":
        this.#forget(line.id);
        this.#dropped.set(line.id, line.reason);
        return true;
      case "settled":
        this.#forget(line.id);
        return true;
      default:
        return false;
    }
  }
}

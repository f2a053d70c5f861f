/** Downloads of the SQL ledger: a consistent copy is written to a file without a name, sent, and gone with its connection. */
import { type ReadStream, rmSync } from "node:fs";
import { mkdir, open, rm, stat, statfs } from "node:fs/promises";
import { join } from "node:path";
import { copyLedgerInThread } from "../export/copy-thread.ts";
import { ExportError } from "../export/export-error.ts";
import type { CopiedChain } from "../export/ledger-copy.ts";
import { ApiError } from "./api-error.ts";

/** The SQL ledger of the node that the API speaks for. */
export interface DownloadedLedger {
  /** Absolute path of the SQLite file. */
  readonly file: string;
  /** Where copies are written, for as long as they are sent. What lies there at the start is removed. */
  readonly copiesDirectory: string;
  /** So much of the disk stays free. */
  readonly reserveBytes: number;
}

export interface LedgerDownload {
  /** Ends the copy's life when it is closed. */
  readonly stream: ReadStream;
  readonly bytes: number;
  readonly chain: CopiedChain;
}

/** Over all callers: each takes as much of the disk as the ledger. */
const downloadsMax = 4;
const retryAfterSeconds = "10";

export class LedgerDownloads {
  readonly #ledger: DownloadedLedger;
  readonly #callers = new Set<string>();
  #copiesBegun = 0;
  /** Of the copies that are being written. */
  #bytesPromised = 0;

  constructor(ledger: DownloadedLedger) {
    this.#ledger = ledger;
    // A process that was killed may have left one.
    rmSync(ledger.copiesDirectory, { recursive: true, force: true });
  }

  /**
   * Copies the ledger. The caller has its place until the stream is closed.
   *
   * @param caller one download at a time, e.g. an address
   * @param signal gives the copy up
   * @throws ApiError if the caller has one already, or the disk or the ledger does not allow it
   */
  async open(caller: string, signal: AbortSignal): Promise<LedgerDownload> {
    this.#takePlace(caller);
    try {
      const download = await this.#copy(signal);
      download.stream.once("close", () => this.#callers.delete(caller));
      return download;
    } catch (thrown) {
      this.#callers.delete(caller);
      throw thrown instanceof ExportError ? refusalOf(thrown) : thrown;
    }
  }

  #takePlace(caller: string): void {
    const others = this.#callers.has(caller) ? "a download of yours is" : "other downloads are";
    if (this.#callers.has(caller) || this.#callers.size >= downloadsMax) {
      throw new ApiError(
        429,
        "export/running",
        `${others} under way`,
        "wait until it has ended, then ask again",
        undefined,
        { "retry-after": retryAfterSeconds },
      );
    }
    this.#callers.add(caller);
  }

  async #copy(signal: AbortSignal): Promise<LedgerDownload> {
    const { file, copiesDirectory } = this.#ledger;
    await mkdir(copiesDirectory, { recursive: true, mode: 0o700 });
    const neededBytes = await ledgerBytes(file);
    await this.#checkRoom(neededBytes);
    this.#copiesBegun += 1;
    const target = join(copiesDirectory, `ledger-${process.pid}-${this.#copiesBegun}.sqlite`);
    this.#bytesPromised += neededBytes;
    const copied = copyLedgerInThread({ ledger: file, target, durable: false }, { signal });
    const { bytes, chains } = await copied.finally(() => {
      this.#bytesPromised -= neededBytes;
    });
    const handle = await open(target, "r");
    // Without a name nobody finds it, and the disk has its room back when the connection or the process ends.
    await rm(target);
    return { stream: handle.createReadStream(), bytes, chain: chains[0] as CopiedChain };
  }

  async #checkRoom(neededBytes: number): Promise<void> {
    const { copiesDirectory, reserveBytes } = this.#ledger;
    const { bavail, bsize } = await statfs(copiesDirectory);
    const freeBytes = bavail * bsize - this.#bytesPromised;
    if (freeBytes < neededBytes + reserveBytes) throw diskFull(freeBytes, neededBytes, reserveBytes);
  }
}

/** With its write-ahead log, from which rows may go into the copy. */
async function ledgerBytes(file: string): Promise<number> {
  const sizes = await Promise.all(
    [file, `${file}-wal`].map((each) =>
      stat(each).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

function diskFull(freeBytes: number, neededBytes: number, reserveBytes: number): ApiError {
  return new ApiError(
    503,
    "export/disk-full",
    `the copy takes ${neededBytes} bytes; the node's disk has ${freeBytes} free bytes, and ${reserveBytes} of these are kept for the chain`,
    "make room on the node's disk; or copy the ledger on its machine to another disk: aurex-node export --copy FILE",
    { freeBytes, neededBytes, reserveBytes },
    { "retry-after": retryAfterSeconds },
  );
}

/** The operator's to mend: the caller can ask again later. */
function refusalOf({ code, message, next }: ExportError): ApiError {
  return new ApiError(503, code, message, next, undefined, { "retry-after": retryAfterSeconds });
}

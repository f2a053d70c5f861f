/** The log's file: rotated, opened anew when another program moved it or a write failed; it costs lines, never the node. */

import { type FileHandle, stat } from "node:fs/promises";
import path from "node:path";
import { finished } from "node:stream/promises";
import { createStream, type RotatingFileStream } from "rotating-file-stream";
import type { Clock } from "../base/clock.ts";
import { makeDirectory } from "../base/make-directory.ts";

export interface LogFileOptions {
  readonly file: string;
  /**
   * The file is put aside and compressed when it has grown to this; as `rotating-file-stream` reads sizes. Undefined:
   * never, because another program such as logrotate does it.
   */
  readonly size: string | undefined;
  /** Old files kept. */
  readonly filesKept: number;
}

const reopenAfterMs = 10_000;
/** How often a written log asks whether its name still leads to its file. */
const lookEveryMs = 10_000;
/** What may wait for the disk; lines beyond are dropped. */
const waitingBytesMax = 4 * 2 ** 20;

export class LogFile {
  readonly #options: LogFileOptions;
  readonly #clock: Clock;
  #stream: RotatingFileStream | undefined;
  #reopenAtMs = 0;
  #lookAtMs: number;
  /** While the file changes: lines for the next one. */
  #held: { readonly lines: string[]; bytes: number } | undefined;
  #reopening: Promise<void> | undefined;

  /** @throws where its folder can neither be found nor made */
  constructor(options: LogFileOptions, { clock }: { readonly clock: Clock }) {
    this.#options = options;
    this.#clock = clock;
    this.#lookAtMs = clock.monotonicMs() + lookEveryMs;
    makeDirectory(path.dirname(options.file));
    this.#stream = this.#open();
  }

  /** False after a failure, until it is tried again. */
  get isOpen(): boolean {
    return this.#stream !== undefined;
  }

  /** What was written and is not on its way to the disk yet. */
  get waitingBytes(): number {
    return (this.#held?.bytes ?? 0) + (this.#stream?.writableLength ?? 0);
  }

  /** Never throws and never waits. */
  write(line: string): void {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs >= this.#lookAtMs) {
      this.#lookAtMs = nowMs + lookEveryMs;
      void this.#reopenIfMoved();
    }
    if (this.waitingBytes >= waitingBytesMax) return;
    if (this.#held) {
      this.#held.lines.push(line);
      this.#held.bytes += line.length;
      return;
    }
    if (!this.#stream && nowMs >= this.#reopenAtMs) this.#stream = this.#open();
    this.#stream?.write(line);
  }

  /**
   * Ends the file that is open and opens the one of that name, which is made if it is missing: what logrotate asks for
   * with SIGHUP. Lines written meanwhile go to the new file.
   */
  reopen(): Promise<void> {
    this.#reopening ??= this.#exchange().finally(() => {
      this.#reopening = undefined;
    });
    return this.#reopening;
  }

  /** Writes out what waits. */
  async close(): Promise<void> {
    await this.#reopening;
    await this.#end(this.#stream);
  }

  async #exchange(): Promise<void> {
    const old = this.#stream;
    const held = { lines: [] as string[], bytes: 0 };
    this.#held = held;
    // To its end first: it may be about to rename or compress the file, and must not do so to the new one.
    await this.#end(old);
    this.#stream = this.#open();
    this.#held = undefined;
    for (const line of held.lines) this.#stream.write(line);
  }

  async #end(stream: RotatingFileStream | undefined): Promise<void> {
    if (!stream) return;
    stream.end();
    // A disk that takes nothing any more has been met by `error`.
    await finished(stream).catch(() => undefined);
  }

  /** Another program moved or removed the file and sent no signal: then nobody would ever read what is written. */
  async #reopenIfMoved(): Promise<void> {
    // Undefined while the stream itself turns the file over.
    const handle = (this.#stream as { file?: FileHandle } | undefined)?.file;
    if (!handle) return;
    const open = await handle.stat().catch(() => undefined);
    const named = await stat(this.#options.file).catch(() => null);
    if (open && (named === null || named.ino !== open.ino || named.dev !== open.dev)) await this.reopen();
  }

  #open(): RotatingFileStream {
    const { file, size, filesKept } = this.#options;
    const stream = createStream(path.basename(file), {
      path: path.dirname(file),
      mode: 0o600,
      ...(size === undefined ? {} : { size: size as `${number}M`, maxFiles: filesKept, compress: "gzip" }),
    });
    stream.on("error", () => {
      if (this.#stream !== stream) return;
      this.#stream = undefined;
      this.#reopenAtMs = this.#clock.monotonicMs() + reopenAfterMs;
    });
    return stream;
  }
}

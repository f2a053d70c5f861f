/** The log's file: rotated, and opened anew after a write that failed, so that a full disk costs lines and not the node. */
import { mkdirSync } from "node:fs";
import path from "node:path";
import { finished } from "node:stream/promises";
import { createStream, type RotatingFileStream } from "rotating-file-stream";
import type { Clock } from "../base/clock.ts";

export interface LogFileOptions {
  readonly file: string;
  /** The file is put aside and compressed when it has grown to this; as `rotating-file-stream` reads sizes. */
  readonly size: string;
  /** Old files kept. */
  readonly filesKept: number;
}

const reopenAfterMs = 10_000;
/** What may wait for the disk; lines beyond are dropped. */
const waitingBytesMax = 4 * 2 ** 20;

export class LogFile {
  readonly #options: LogFileOptions;
  readonly #clock: Clock;
  #stream: RotatingFileStream | undefined;
  #reopenAtMs = 0;

  /** @throws where its folder can neither be found nor made */
  constructor(options: LogFileOptions, { clock }: { readonly clock: Clock }) {
    this.#options = options;
    this.#clock = clock;
    mkdirSync(path.dirname(options.file), { recursive: true, mode: 0o700 });
    this.#stream = this.#open();
  }

  /** False after a failure, until it is tried again. */
  get isOpen(): boolean {
    return this.#stream !== undefined;
  }

  /** What was written and is not on its way to the disk yet. */
  get waitingBytes(): number {
    return this.#stream?.writableLength ?? 0;
  }

  /** Never throws and never waits. */
  write(line: string): void {
    if (!this.#stream && this.#clock.monotonicMs() >= this.#reopenAtMs) this.#stream = this.#open();
    if (this.waitingBytes < waitingBytesMax) this.#stream?.write(line);
  }

  /** Writes out what waits. */
  async close(): Promise<void> {
    const stream = this.#stream;
    if (!stream) return;
    stream.end();
    // A disk that takes nothing any more has been met by `error`.
    await finished(stream).catch(() => undefined);
  }

  #open(): RotatingFileStream {
    const { file, size, filesKept } = this.#options;
    const stream = createStream(path.basename(file), {
      path: path.dirname(file),
      size: size as `${number}M`,
      maxFiles: filesKept,
      compress: "gzip",
      mode: 0o600,
    });
    stream.on("error", () => {
      if (this.#stream !== stream) return;
      this.#stream = undefined;
      this.#reopenAtMs = this.#clock.monotonicMs() + reopenAfterMs;
    });
    return stream;
  }
}

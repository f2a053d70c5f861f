/** Frames on a byte stream: a varint length, then that many bytes; a length over the limit is refused unread. */
import type { Stream } from "@libp2p/interface";
import { concatBytes } from "../../base/bytes.ts";
import { RequestError } from "../host/request-error.ts";

/** Five groups of seven bits: lengths below 32 GiB, far above every limit. */
const lengthBytesMax = 5;

/** Unsigned LEB128, as in multiformats. */
export function encodeLength(length: number): Uint8Array {
  const bytes: number[] = [];
  let rest = length;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  bytes.push(rest);
  return Uint8Array.from(bytes);
}

export function encodeFrame(payload: Uint8Array): Uint8Array {
  return concatBytes([encodeLength(payload.length), payload]);
}

/** As many chunks as this are sent at once: a block of 300 bytes costs as much to encrypt and to write as one of 32 KiB. */
const batchBytes = 32 * 2 ** 10;

/** Each chunk in its frame, and as many frames together as make a batch. */
export function* framesInBatches(chunks: Iterable<Uint8Array>): Generator<Uint8Array, void> {
  let parts: Uint8Array[] = [];
  let bytes = 0;
  for (const chunk of chunks) {
    parts.push(encodeLength(chunk.length), chunk);
    bytes += chunk.length;
    if (bytes < batchBytes) continue;
    yield concatBytes(parts);
    parts = [];
    bytes = 0;
  }
  if (parts.length > 0) yield concatBytes(parts);
}

/** Pulls frames from a stream. Holds about one frame; the sender waits meanwhile. */
export class FrameReader {
  readonly #stream: Stream;
  readonly #bytesMax: number;
  #parts: Uint8Array[] = [];
  #bytes = 0;
  #failure: Error | undefined;
  #wake: (() => void) | undefined;

  constructor(stream: Stream, bytesMax: number) {
    this.#stream = stream;
    this.#bytesMax = bytesMax;
    stream.addEventListener("message", ({ data }) => {
      const part = data instanceof Uint8Array ? data : data.subarray();
      this.#parts.push(part);
      this.#bytes += part.length;
      if (this.#bytes > bytesMax + lengthBytesMax && stream.readStatus === "readable") stream.pause();
      this.#wake?.();
    });
    stream.addEventListener("remoteCloseWrite", () => this.#wake?.());
    stream.addEventListener("close", ({ error }) => {
      this.#failure ??= error;
      this.#wake?.();
    });
  }

  /**
   * The next frame; undefined at the end of the stream.
   *
   * @throws RequestError if the frame is too long, its length is malformed, or the stream ends inside the frame
   */
  async read(): Promise<Uint8Array | undefined> {
    const length = await this.#readLength();
    if (length === undefined) return undefined;
    if (length > this.#bytesMax) {
      throw new RequestError(
        "request/chunk-too-long",
        `${length} bytes announced, ${this.#bytesMax} allowed`,
      );
    }
    if (!(await this.#fill(length)))
      throw new RequestError("request/malformed", "the stream ends in a frame");
    return this.#take(length);
  }

  async #readLength(): Promise<number | undefined> {
    let length = 0;
    for (let index = 0; index < lengthBytesMax; index += 1) {
      if (!(await this.#fill(1))) {
        if (index === 0) return undefined;
        throw new RequestError("request/malformed", "the stream ends in a length");
      }
      const byte = this.#take(1)[0]!;
      length += (byte & 0x7f) * 2 ** (7 * index);
      if (byte < 0x80) {
        if (byte === 0 && index > 0) break;
        return length;
      }
    }
    throw new RequestError("request/malformed", "no valid length");
  }

  /** Waits until `count` bytes are here; false if the stream ended before. */
  async #fill(count: number): Promise<boolean> {
    while (this.#bytes < count) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      if (this.#stream.readStatus === "paused") this.#stream.resume();
      if (this.#bytes >= count) break;
      if (this.#failure !== undefined) throw this.#failure;
      const over = this.#stream.remoteWriteStatus !== "writable" || this.#stream.status !== "open";
      if (over && this.#stream.readBufferLength === 0) return false;
      await promise;
    }
    return true;
  }

  #take(count: number): Uint8Array {
    const taken: Uint8Array[] = [];
    let missing = count;
    while (missing > 0) {
      const part = this.#parts[0]!;
      if (part.length <= missing) {
        taken.push(part);
        this.#parts.shift();
        missing -= part.length;
      } else {
        taken.push(part.subarray(0, missing));
        this.#parts[0] = part.subarray(missing);
        missing = 0;
      }
    }
    this.#bytes -= count;
    // Always a copy: a short frame must not keep the long buffer in memory in which it came.
    return concatBytes(taken);
  }
}

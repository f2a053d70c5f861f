/** A file that is written once from its beginning to its end, with its SHA-256 and its length. */
import { createHash } from "node:crypto";
import { closeSync, fsyncSync, openSync, writeSync } from "node:fs";

export interface WrittenFile {
  /** Hex. */
  readonly sha256: string;
  readonly bytes: number;
}

export class HashedFile {
  readonly #descriptor: number;
  readonly #hash = createHash("sha256");
  #bytes = 0;
  #isClosed = false;

  /** Makes the file, which must not be there. */
  constructor(path: string) {
    this.#descriptor = openSync(path, "wx");
  }

  write(bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length; ) done += writeSync(this.#descriptor, bytes, done);
    this.#hash.update(bytes);
    this.#bytes += bytes.length;
  }

  /** Returns once the file is on the disk. */
  end(): WrittenFile {
    fsyncSync(this.#descriptor);
    this.abandon();
    return { sha256: this.#hash.digest("hex"), bytes: this.#bytes };
  }

  /** Closes the file, in whatever state it is; again does nothing. */
  abandon(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    closeSync(this.#descriptor);
  }
}

/** The newest events of this process, each encoded once, in one bounded ring: what listeners are sent and what is replayed. */

export interface RingLimits {
  readonly entriesMax: number;
  readonly bytesMax: number;
}

/** One event as it is sent. */
export interface RingEntry {
  /** Counts up from 1; the second half of the event's id. */
  readonly number: number;
  /** The event's topic as one bit. */
  readonly topicBit: number;
  /** Keys (hex) of the accounts that it is about; undefined if an account filter does not apply to it. */
  readonly accounts: readonly string[] | undefined;
  readonly bytes: Buffer;
}

/**
 * Entries are kept in an array that is cut from the front once half of it is gone: an array that is shifted with every
 * event would cost a copy of the whole ring each time.
 */
export class EventRing {
  readonly #limits: RingLimits;
  #entries: RingEntry[] = [];
  #first = 0;
  #bytes = 0;
  #newest = 0;

  constructor(limits: RingLimits) {
    this.#limits = limits;
  }

  /** The number of the newest event ever added; 0 before the first. */
  get newest(): number {
    return this.#newest;
  }

  /** The number of the oldest event that is still here; one above the newest if there is none. */
  get oldest(): number {
    return this.#newest - this.count + 1;
  }

  get count(): number {
    return this.#entries.length - this.#first;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** @param encode makes the bytes of the event with the number that it gets */
  add(
    topicBit: number,
    accounts: readonly string[] | undefined,
    encode: (number: number) => Buffer,
  ): RingEntry {
    this.#newest += 1;
    const entry = { number: this.#newest, topicBit, accounts, bytes: encode(this.#newest) };
    this.#entries.push(entry);
    this.#bytes += entry.bytes.length;
    this.#evict();
    return entry;
  }

  /** Leaves a number out that nobody is sent: what happened before it is not all here. */
  leaveOut(): void {
    this.add(0, undefined, () => Buffer.alloc(0));
  }

  /** Forgets everything and leaves a number out, so that whoever follows notices that something is missing. */
  clear(): void {
    this.#entries = [];
    this.#first = 0;
    this.#bytes = 0;
    this.#newest += 1;
  }

  /** Undefined if it is gone or has not come. */
  at(number: number): RingEntry | undefined {
    return this.#entries[this.#first + number - this.oldest];
  }

  #evict(): void {
    const { entriesMax, bytesMax } = this.#limits;
    // The newest stays, whatever its size: it was never sent.
    while (this.count > 1 && (this.count > entriesMax || this.#bytes > bytesMax)) {
      this.#bytes -= this.#entries[this.#first]?.bytes.length ?? 0;
      this.#first += 1;
    }
    if (this.#first * 2 < this.#entries.length) return;
    this.#entries = this.#entries.slice(this.#first);
    this.#first = 0;
  }
}

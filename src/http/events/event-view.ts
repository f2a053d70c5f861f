/** What one or many listeners asked for: topics and accounts; the bytes for it are put together once for all of them. */
import type { EventRing, RingEntry } from "./event-ring.ts";

/** Bytes that are put together for one write; an event is never cut, so a larger one is a write by itself. */
const chunkBytesMax = 64 * 1024;

export interface Chunk {
  /** Empty if none of the events is wanted. */
  readonly bytes: Buffer;
  /** The number of the last event that was looked at. */
  readonly to: number;
}

const noBytes = Buffer.alloc(0);

export class EventView {
  /** Equal for equal wishes. */
  readonly key: string;
  readonly topicMask: number;
  readonly #accounts: ReadonlySet<string> | undefined;
  #cached: (Chunk & { readonly after: number; readonly newest: number }) | undefined;
  /** How many listen through it. */
  listeners = 0;

  /** @param accounts keys in hex; undefined for all accounts */
  constructor(topicMask: number, accounts: readonly string[] | undefined) {
    this.topicMask = topicMask;
    this.#accounts = accounts && new Set(accounts);
    this.key = EventView.keyOf(topicMask, accounts);
  }

  static keyOf(topicMask: number, accounts: readonly string[] | undefined): string {
    return `${topicMask}/${accounts ? [...new Set(accounts)].sort().join() : "*"}`;
  }

  /** Wanted events that come after number `after`, as many as fit one write. */
  chunkAfter(after: number, ring: EventRing): Chunk {
    const { newest } = ring;
    if (this.#cached?.after === after && this.#cached.newest === newest) return this.#cached;
    const wanted: Buffer[] = [];
    let size = 0;
    let to = after;
    while (to < newest) {
      const entry = ring.at(to + 1);
      if (entry && this.#wants(entry)) {
        if (size > 0 && size + entry.bytes.length > chunkBytesMax) break;
        wanted.push(entry.bytes);
        size += entry.bytes.length;
      }
      to += 1;
    }
    const [only] = wanted;
    const bytes = wanted.length > 1 ? Buffer.concat(wanted, size) : (only ?? noBytes);
    this.#cached = { after, newest, bytes, to };
    return this.#cached;
  }

  #wants({ topicBit, accounts }: RingEntry): boolean {
    if ((topicBit & this.topicMask) === 0) return false;
    return !this.#accounts || !accounts || accounts.some((account) => this.#accounts?.has(account));
  }
}
